#!/usr/bin/env python3
"""The vault server under load: many clients at once, killed at random, its disk full at times.

    python3 -B Benchmarks/vault_load.py [--seconds 600] [--clients 200] [--hikae PROGRAM] [--disk SIZE]

Every client stores objects of random sizes under their SHA-256, reads some again, lists and keeps locks. The server is
killed with SIGKILL at random moments and started again at once. With root, the vault stands on an ext4 of --disk bytes of
its own; in the middle of the run a large file fills it to the end for a while. At the end every object that was ever acknowledged
is read back and compared with its name, the audit log is verified, and nothing half-written may be left. Prints one line
of JSON; exits 1 when a promise was broken.
"""

import argparse
import base64
import collections
import contextlib
import hashlib
import http.client
import json
import multiprocessing
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time

PROJECT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT / "practice" / "servers"))
import common  # noqa: E402
import vault as practice  # noqa: E402

TENANTS = ("sakura", "fuji")
USERS = {"sakura": "writer", "fuji": "stranger"}
PROCESSES = 4


def size(random_source):
    """Mostly small objects, some as large as a small pack."""
    return min(4 << 20, int(random_source.paretovariate(0.7) * 600))


class Client:
    """One client: a connection, made again when it breaks, and what it was promised."""

    def __init__(self, number, port, seed):
        self.random = random.Random(seed * 1000 + number)
        self.tenant = TENANTS[number % len(TENANTS)]
        user = USERS[self.tenant]
        token = base64.b64encode(f"{user}:{practice.password(user)}".encode()).decode()
        self.headers = {"Authorization": f"Basic {token}"}
        self.port = port
        self.connection = None
        self.known = []
        self.counts = collections.Counter()
        self.slowest = 0.0

    def ask(self, method, path, body=None, headers=()):
        """Status and body of an answer; (0, b"") when the connection broke."""
        start = time.monotonic()
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(common.HOST, self.port, timeout=60)
            self.connection.request(method, f"/{self.tenant}/main/{path}", body=body,
                                    headers={**self.headers, **dict(headers)})
            answer = self.connection.getresponse()
            content = answer.read()
            if answer.getheader("Connection") == "close":
                self.drop()
            self.counts[f"{method} {answer.status}"] += 1
            self.slowest = max(self.slowest, time.monotonic() - start)
            return answer.status, content
        except (OSError, http.client.HTTPException):
            self.drop()
            self.counts["broken"] += 1
            time.sleep(self.random.uniform(0.05, 0.3))
            return 0, b""

    def drop(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def store(self):
        content = self.random.randbytes(size(self.random))
        name = hashlib.sha256(content).hexdigest()
        for _ in range(200):
            status, _ = self.ask("POST", f"data/{name}", content)
            if status == 200:
                self.known.append(name)
                return None
            if status not in (0, 507, 503):
                return f"storing was answered with {status}"
            if status == 507:
                return None
        return None

    def read(self):
        name = self.random.choice(self.known)
        status, content = self.ask("GET", f"data/{name}")
        if status == 200 and hashlib.sha256(content).hexdigest() != name:
            return f"{name} came back as something else"
        return None if status in (0, 200, 503) else f"an acknowledged object was answered with {status}"

    def lock(self):
        content = self.random.randbytes(200)
        name = hashlib.sha256(content).hexdigest()
        status, _ = self.ask("POST", f"locks/{name}", content)
        if status == 200:
            self.ask("DELETE", f"locks/{name}")
        return None

    def erase(self):
        status, _ = self.ask("DELETE", f"data/{self.random.choice(self.known)}")
        return None if status in (0, 403, 503) else f"removing an object was answered with {status}"

    def work(self, end, pause, faults):
        while time.monotonic() < end and not faults:
            draw = self.random.random()
            if draw < 0.55 or not self.known:
                fault = self.store()
            elif draw < 0.90:
                fault = self.read()
            elif draw < 0.98:
                fault = self.lock()
            else:
                fault = self.erase()
            if fault:
                faults.append(fault)
            if pause:
                time.sleep(self.random.uniform(0, 2 * pause))
        self.drop()


def crowd(numbers, port, seed, end, pause, results):
    """The clients of one process."""
    clients = [Client(number, port, seed) for number in numbers]
    faults = []
    threads = [threading.Thread(target=client.work, args=(end, pause, faults)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts = sum((client.counts for client in clients), collections.Counter())
    results.put((faults, counts, [(client.tenant, name) for client in clients for name in client.known],
                 max(client.slowest for client in clients)))


class Server:
    """The server, started again whenever it was killed."""

    def __init__(self, program, folder, log):
        self.program, self.folder, self.log = program, folder, log
        self.port = common.free_port()
        self.highest = self.kills = 0
        self.process = None
        self.start()

    def start(self):
        # Even on a disk that is full: what is there must be readable.
        self.process, _ = practice.launch(self.program, self.folder, self.port, [], self.log)

    def look(self):
        """Notes the most memory that the server has taken."""
        with contextlib.suppress(OSError, IndexError, ValueError):
            for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
                if line.startswith("VmHWM"):
                    self.highest = max(self.highest, int(line.split()[1]) // 1024)

    def kill(self):
        self.look()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()
        self.kills += 1
        self.start()


def fill(path):
    """Fills a disk to its last byte."""
    with open(path, "wb", buffering=0) as file:
        size, step = 0, 1 << 30
        while step:
            try:
                os.posix_fallocate(file.fileno(), size, step)
                size += step
            except OSError:
                step = step // 2 if step > 4096 else 0


def prepare(program, folder):
    """Users, and a repository for each tenant, laid out as over the network."""
    for name, tenant, role in practice.USERS:
        practice.hikae(program, "vault", "user", "add", name, "--folder", folder, "--tenant", tenant, "--role", role,
                       "--quiet", given=practice.password(name) + "\n")


def judge(server, promised):
    """Reads every promised object from the disk, and asks the server for some; what is wrong, in words."""
    wrong = []
    for tenant, name in promised:
        path = pathlib.Path(server.folder) / tenant / "main" / "data" / name[:2] / name
        try:
            if hashlib.sha256(path.read_bytes()).hexdigest() != name:
                wrong.append(f"{name} is damaged")
        except OSError as error:
            wrong.append(f"{name} is gone: {error}")
    for tenant in TENANTS:
        root = pathlib.Path(server.folder) / tenant
        for path in root.glob("main/data/*/*"):
            if hashlib.sha256(path.read_bytes()).hexdigest() != path.name:
                wrong.append(f"{path} is half a file")
        wrong += [f"{path} was left behind" for path in root.glob(".incoming/*")]
    return wrong


def run(arguments, folder, disk, log):
    prepare(arguments.hikae, folder)
    server = Server(arguments.hikae, folder, log)
    watcher = random.Random(arguments.seed)
    begin = time.monotonic()
    end = begin + arguments.seconds
    try:
        for tenant in TENANTS:
            client = Client(TENANTS.index(tenant), server.port, 0)
            status, _ = client.ask("POST", "?create=true")
            assert status == 200, status
        results = multiprocessing.Queue()
        # Daemons: whatever goes wrong here, they end with this process.
        crowds = [multiprocessing.Process(target=crowd, daemon=True, args=(
            range(part, arguments.clients, PROCESSES), server.port, arguments.seed, end, arguments.pause, results))
                  for part in range(PROCESSES)]
        for process in crowds:
            process.start()
        filled = False
        next_kill = begin + watcher.uniform(0.5, 2) * arguments.kill_every
        while time.monotonic() < end:
            time.sleep(0.25)
            server.look()
            if time.monotonic() > next_kill:
                server.kill()
                next_kill = time.monotonic() + watcher.uniform(0.5, 1.5) * arguments.kill_every
            middle = (time.monotonic() - begin) / arguments.seconds
            if disk and not filled and middle > 0.4:
                fill(disk / "filler")
                filled = True
            if disk and filled and middle > 0.6:
                (disk / "filler").unlink(missing_ok=True)
        if disk:
            (disk / "filler").unlink(missing_ok=True)
        gathered = [results.get(timeout=180) for _ in crowds]
        for process in crowds:
            process.join()
        server.look()
        # One more kill, so that what is judged is what a crash leaves and a start sweeps up.
        server.kill()
        promised = [entry for _, _, known, _ in gathered for entry in known]
        wrong = [fault for faults, _, _, _ in gathered for fault in faults] + judge(server, promised)
        audit = subprocess.run([arguments.hikae, "vault", "audit", folder, "--json"], capture_output=True, text=True)
        if audit.returncode:
            wrong.append(audit.stderr.strip())
        counts = sum((counts for _, counts, _, _ in gathered), collections.Counter())
        return {"seconds": arguments.seconds, "clients": arguments.clients, "kills": server.kills,
                "acknowledged": len(promised), "requests": sum(counts.values()) - counts["broken"],
                "requests_per_second": round((sum(counts.values()) - counts["broken"]) / arguments.seconds),
                "answers": dict(sorted(counts.items())), "slowest_seconds": round(max(s for *_, s in gathered), 2),
                "server_peak_mib": server.highest, "audit_lines": json.loads(audit.stdout or "{}").get("lines"),
                "disk_filled": filled, "wrong": wrong[:20], "wrong_count": len(wrong)}
    finally:
        common.stop(server.process)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=float, default=600)
    arguments.add_argument("--clients", type=int, default=200)
    arguments.add_argument("--kill-every", type=float, default=10, help="seconds between two kills, in the mean")
    arguments.add_argument("--disk", default="", help="the vault on a filesystem of this size (root): 8G")
    arguments.add_argument("--pause", type=float, default=0, help="seconds that a client waits between requests")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--hikae", default=str(PROJECT / ".build" / "release" / "hikae"))
    arguments.add_argument("--folder", type=pathlib.Path, help="where to work; a temporary folder if none is given")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as temporary:
        place = pathlib.Path(temporary)
        disk = None
        if chosen.disk:
            disk = place / "disk"
            disk.mkdir()
            image = place / "image"
            subprocess.run(["truncate", "-s", chosen.disk, image], check=True)
            subprocess.run(["mkfs.ext4", "-q", image], check=True)
            subprocess.run(["mount", "-o", "loop", image, disk], check=True)
        try:
            result = run(chosen, (disk or place) / "vault", disk, place / "server.log")
        finally:
            if disk:
                subprocess.run(["umount", "-l", disk], check=False)
    print(json.dumps(result))
    return 1 if result["wrong_count"] else 0


if __name__ == "__main__":
    sys.exit(main())

"""Secrets: passwords of every kind of place, from a file, a variable and a program, while somebody looks for them in
everything that Hikae shows, starts, writes and keeps. None may be found."""

import base64
import contextlib
import json
import os
import pathlib
import shlex
import subprocess
import threading
import urllib.parse

from scenario import PlanFile, Rig, main

# How each secret is told to Hikae. Every kind of place is there, and every way for more than one of them.
WAYS = {"vault": "command", "site": "env", "old": "env", "info": "file", "order": "command", "charts": "env",
        "orders": "command", "access-key": "file", "secret-key": "env"}


def forms(value):
    """The shapes that a secret may show itself in: as it is, in JSON, in an address, in a header, in digits."""
    text = {value, json.dumps(value, ensure_ascii=False)[1:-1], json.dumps(value)[1:-1], urllib.parse.quote(value),
            urllib.parse.quote(value, safe=""), base64.b64encode(value.encode()).decode(), value.encode().hex()}
    return [form.encode() for form in text]


class DiscreetPlan(PlanFile):
    """A plan that finds its secrets in all three ways, and logs in to the site with a passphrase."""

    def __init__(self, rig, provider, name, wrong=False, **options):
        super().__init__(rig.folder, rig.tenant, provider, name=name, **options)
        # `wrong`: no secret is the right one, but for the vault's.
        self.wrong, self.values, self.environment = wrong, {}, {}

    def secret(self, name, text):
        """Keeps the secret where its way wants it; how the plan refers to it."""
        if self.wrong and name != "vault":
            text = f"wrong secret of {self.path.stem} {name} 誤"
        self.values[f"{self.path.stem} {name}"] = text
        file = super().secret(name, text).removeprefix("file:")
        if WAYS[name] == "file":
            return f"file:{file}"
        if WAYS[name] == "env":
            variable = f"SECRET_{self.path.stem}_{name}".upper().replace("-", "_")
            self.environment[variable] = text
            return f"env:{variable}"
        # A program whose own arguments are nobody's secret.
        return f"command:sh -c {shlex.quote(f'sleep 0.05; cat {file}')}"

    def source(self, name):
        if name != "site":
            return super().source(name)
        facts = self.provider.facts("openssh")
        return [f"sftp: sftp://{facts['user']}@127.0.0.1:{facts['port']}{self.provider.site(self.tenant)}",
                f"identity: {facts['protected_identity']}", f"password: {self.secret(name, facts['passphrase'])}",
                f"ssh-options: [\"UserKnownHostsFile={facts['known_hosts']}\", IdentitiesOnly=yes, IdentityAgent=none]"]

    def write(self, names=None):
        path = super().write(names)
        secret = self.secret("vault", self.vault_password.read_text().strip())
        text = path.read_text().replace(f"password: file:{self.vault_password}\n", f"password: \"{secret}\"\n")
        lines = [line if "command:" not in line or line.endswith('"') else quoted(line) for line in text.splitlines()]
        path.write_text("\n".join(lines) + "\n")
        return path


def quoted(line):
    """A line of YAML whose value has quotes around it."""
    key, value = line.split(": ", 1)
    return f'{key}: "{value}"'


class Watcher:
    """Looks at every process that the command and the servers start, as anybody on the machine could, all the time."""

    def __init__(self, rig, values):
        self.needles = {name: forms(value) for name, value in values.items()}
        self.servers = {server.process.pid for server in [*rig.p.servers.values(), *rig.p2.servers.values()]}
        self.old = self.parents(self.pids())
        self.command, self.binary = None, str(rig.hikae.binary)
        self.seen, self.found = set(), set()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.watch)

    @staticmethod
    def pids():
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]

    @staticmethod
    def parents(pids):
        """The parent of each process that is still there."""
        parents = {}
        for pid in pids:
            with contextlib.suppress(OSError, ValueError, IndexError):
                parents[pid] = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
        return parents

    def watch(self):
        while not self.ended.is_set():
            self.look()

    def look(self):
        """One look at everything that runs."""
        new = self.parents(pid for pid in self.pids() if pid not in self.old)
        parents = self.old | new
        for pid in new:
            above, place = set(), pid
            while place in parents and place not in above:
                above.add(place)
                place = parents[place]
            # What others run on this machine is none of this test's business.
            if self.command not in above and not above & self.servers:
                continue
            own = True
            with contextlib.suppress(OSError):
                # A process that has not become another program yet is still the command, and shows its environment.
                own = os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)") == self.binary
            for part in ["cmdline"] if own else ["cmdline", "environ"]:
                with contextlib.suppress(OSError):
                    text = pathlib.Path(f"/proc/{pid}/{part}").read_bytes()
                    program = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode()
                    # Servers write what they do into their names: "postgres: backup …", "sshd: root".
                    self.seen.add(os.path.basename(program.split(":")[0]))
                    self.found |= {f"{name} in {part} of {program}" for name, needles in self.needles.items()
                                   if any(needle in text for needle in needles)}

    def run(self, rig, words, environment):
        """Runs the command under watch; what it said, as bytes, and its status."""
        everything = rig.hikae.environment | environment
        for name in list(everything):
            if name.startswith("RESTIC_"):
                del everything[name]
        process = subprocess.Popen([str(rig.hikae.binary), *map(str, words)], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=everything, cwd=rig.folder)
        self.command = process.pid
        self.thread.start()
        try:
            said = process.communicate(timeout=900)[0]
        finally:
            self.ended.set()
            self.thread.join()
        return said, process.returncode


def watched(rig, plans, words, status, programs=()):
    """Runs the command while its processes are watched, and expects that no secret shows."""
    values, environment = {}, {}
    for plan in plans:
        values |= plan.values
        environment |= plan.environment
    environment["HIKAE_PLAN"] = str(plans[0].path)
    line = f"hikae {' '.join(str(word) for word in words)}"
    seen = set()
    # A busy machine may have no time for a look at a program while it runs: then it is run again.
    for _ in range(20):
        watcher = Watcher(rig, values)
        said, code = watcher.run(rig, words, environment)
        text = said.decode(errors="replace")
        rig.expect(f"{line} exits {status}", code == status, text)
        shown = [name for name, value in values.items() if any(form in said for form in forms(value))]
        rig.expect(f"{line}: no secret in what it says", not shown, text)
        started = ", ".join(sorted(watcher.seen - {""}))
        rig.expect(f"{line}: no secret in arguments or environment of what it starts ({started})",
                   not watcher.found, "\n".join(sorted(watcher.found)))
        seen |= watcher.seen
        missing = [program for program in programs if program not in seen]
        if not missing:
            break
    if programs:
        rig.expect(f"{line}: the look was long enough to see {', '.join(programs)}", not missing, seen)
    return text


def search(rig, folder, values, skip=()):
    """Expects no secret in any file below a folder, in its name or its bytes; returns how many there are."""
    count, found = 0, []
    needles = {name: forms(value) for name, value in values.items()}
    for path in sorted(pathlib.Path(folder).rglob("*")):
        if any(path.is_relative_to(place) for place in skip):
            continue
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        count += 1
        content += os.fsencode(path)
        found += [f"{name} in {path}" for name, some in needles.items() if any(form in content for form in some)]
    rig.expect(f"no secret in {count:,} files of {folder}", count > 0 and not found, found[:20])


def scenario(rig: Rig):
    plan = DiscreetPlan(rig, rig.p, "here")
    plan.write()
    there = DiscreetPlan(rig, rig.p2, "there", is_destination=True)
    there.write()
    wrong = DiscreetPlan(rig, rig.p, "wrong", wrong=True)
    wrong.write()
    rig.expect("every secret of the plans is long enough to be looked for, and told in one of three ways",
               all(len(value.encode()) > 8 for value in {**plan.values, **there.values}.values()) and len(plan.values) == 9
               and {WAYS[name.split()[1]] for name in plan.values} == {"file", "env", "command"}, plan.values)
    values = plan.values | there.values | wrong.values

    shown = watched(rig, [plan], ["plan", "show"], 0)
    rig.expect("hikae plan show names the places of the secrets", "env:SECRET_HERE_CHARTS" in shown, shown)
    watched(rig, [plan], ["plan", "show", "--json"], 0)
    watched(rig, [plan], ["plan", "check"], 0, ["psql", "ssh", "sh"])
    watched(rig, [plan], ["backup"], 0, ["pg_dump", "mariadb-dump", "ssh"])
    watched(rig, [plan], ["backup", "--json"], 0)
    watched(rig, [plan], ["status"], 0)
    watched(rig, [plan], ["snapshots", "-r", plan.vault, "--password-file", plan.vault_password, "--json"], 0)

    # Wrong passwords: what is said of them, and by whom.
    said = watched(rig, [wrong], ["plan", "check"], 1)
    rig.expect("every login with a wrong secret is told of", said.count("✗ source") >= 7, said)
    watched(rig, [wrong], ["plan", "check", "--json"], 1)
    watched(rig, [wrong], ["backup"], 1)
    watched(rig, [wrong], ["backup", "--json"], 1)
    vault = rig.folder / "hikae.secrets" / "wrong-vault"
    vault.parent.mkdir(exist_ok=True)
    vault.write_text("not the 馬 of this vault\n")
    vault.chmod(0o600)
    locked = rig.hikae.run("snapshots", "-r", plan.vault, "--password-file", vault)
    rig.expect("a wrong password of the vault is not shown", locked.status == 12 and "馬" not in locked.text, locked.text)

    watched(rig, [plan, there], ["restore", "--all", "--to-plan", there.path, "--json"], 0, ["psql", "mariadb", "ssh"])
    watched(rig, [plan, there], ["restore", "--all", "--to-plan", there.path, "--only-missing"], 0)

    # What stays: the vault's content with its records, the vault's own files, cache and state.
    out = rig.folder / "out"
    words = ["restore", "-r", plan.vault, "--password-file", plan.vault_password, "--target"]
    for number, snapshot in enumerate(rig.snapshots()):
        outcome = rig.hikae.run(*words, out / str(number), snapshot["id"])
        rig.expect(f"snapshot {snapshot['short_id']} comes back", outcome.status == 0, outcome.text)
    search(rig, out, values)
    for name in ["vault", "cache", "state"]:
        if (rig.folder / name).exists():
            search(rig, rig.folder / name, values)
    # Scratch files and anything else: of all that lies there only the secrets' own files and the servers hold any.
    search(rig, rig.folder, values, [rig.p.folder, rig.p2.folder, rig.plan.secrets, rig.plan2.secrets, plan.secrets,
                                     there.secrets, wrong.secrets, plan.vault_password])


if __name__ == "__main__":
    main("Secrets: nobody sees a password", scenario, scale=0.1)

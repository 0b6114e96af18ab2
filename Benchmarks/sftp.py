#!/usr/bin/env python3
"""A site of many small files over SFTP: Hikae beside rclone, from the same sshd of this machine.

    python3 -B Benchmarks/sftp.py [--files 50000] [--work FOLDER] [--hikae PATH] [--rounds N] [--gate]

Both read the same folder from nothing, and again with nothing new, rclone with 16 transfers and 16 checkers and without
hash commands on the far side. Each run's wall time and peak memory are printed as one line of JSON, then the ratios of
the medians. With --gate the exit status is 1 unless Hikae takes at most 0.7 of rclone's time for both, and stays below
300 MB.

rclone makes a copy in a folder; Hikae compresses, encrypts and packs what it reads.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

PROJECT = pathlib.Path(__file__).resolve().parent.parent


def fill(root, count, seed=20120620):
    """A site as rental servers have them: pages, scripts and pictures, 8 KiB in the mean, 20 files a folder."""
    chance = random.Random(seed)
    words = [bytes(chance.choices(b"abcdefghijklmnopqrstuvwxyz", k=chance.randint(2, 9))) for _ in range(2000)]
    total = 0
    for number in range(count):
        if number % 20 == 0:
            folder = root / f"section-{number // 2000:02}" / f"{number // 20:05}"
            folder.mkdir(parents=True)
        size = min(int(chance.lognormvariate(8.3, 1.2)) + 1, 1_500_000)
        if number % 3 == 0:
            content = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + chance.randbytes(size)
        else:
            content = b" ".join(chance.choices(words, k=size // 6 + 1))[:size]
        path = folder / f"{('image', 'page', 'script')[number % 3]}-{number:06}.{('jpg', 'html', 'php')[number % 3]}"
        path.write_bytes(content)
        os.utime(path, (1_300_000_000 + number, 1_300_000_000 + number))
        total += len(content)
    return total


def measured(command, environment):
    """Runs a program; (seconds, peak memory in MB)."""
    begin = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               env=dict(os.environ, **environment))
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begin
    process.returncode = status
    if status:
        sys.exit(f"{command[0]} failed:\n{output.decode(errors='replace')[-3000:]}")
    return seconds, usage.ru_maxrss / 1024


def hikae_plan(work, facts):
    """A plan with one site and one vault."""
    (work / "vault.password").write_text("bench\n")
    (work / "vault.password").chmod(0o600)
    plan = work / "hikae.yaml"
    plan.write_text(f"""organisation: bench
language: en
timezone: Asia/Tokyo
vaults:
  - name: near
    repository: {work}/vault
    password: file:{work}/vault.password
systems:
  - name: shop
    sources:
      - name: site
        sftp: sftp://{facts['user']}@{facts['host']}:{facts['port']}{facts['docroot']}
        identity: {facts['identity']}
        ssh-options: ["UserKnownHostsFile={facts['known_hosts']}", "GlobalKnownHostsFile=/dev/null"]
""")
    return plan


def run(work, facts, options):
    """{(contender, job): ([seconds], [MB])}."""
    remote = (f":sftp,host={facts['host']},port={facts['port']},user={facts['user']},key_file='{facts['identity']}',"
              f"known_hosts_file='{facts['known_hosts']}',disable_hashcheck=true:{facts['docroot']}")
    environment = {"HIKAE_CACHE_DIR": str(work / "cache"), "XDG_CACHE_HOME": str(work / "cache"),
                   "XDG_STATE_HOME": str(work / "state")}
    commands = {
        "rclone": ["rclone", "--config", os.devnull, "copy", "--transfers", "16", "--checkers", "16", remote,
                   str(work / "rclone")],
        "hikae": [options.hikae, "backup", "--plan", str(hikae_plan(work, facts))],
    }
    results = {}
    for _ in range(options.rounds):
        for place in ("rclone", "vault", "cache", "state"):
            shutil.rmtree(work / place, ignore_errors=True)
        subprocess.run([options.hikae, "init", "--repo", str(work / "vault"), "--password-file",
                        str(work / "vault.password")], check=True, stdout=subprocess.DEVNULL,
                       env=dict(os.environ, **environment))
        for job in ("first", "unchanged"):
            for name, command in commands.items():
                seconds, memory = measured(command, environment)
                times, peaks = results.setdefault((name, job), ([], []))
                times.append(seconds)
                peaks.append(memory)
                print(json.dumps({"contender": name, "job": job, "seconds": round(seconds, 2), "mb": round(memory)}),
                      flush=True)
    return results


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--files", type=int, default=50_000)
    arguments.add_argument("--rounds", type=int, default=1)
    arguments.add_argument("--work", type=pathlib.Path)
    arguments.add_argument("--hikae", default=str(PROJECT / ".build/release/hikae"))
    arguments.add_argument("--gate", action="store_true")
    options = arguments.parse_args()
    work = (options.work or pathlib.Path(tempfile.mkdtemp(prefix="hikae-bench-sftp-"))).resolve()
    work.mkdir(parents=True, exist_ok=True)
    server = subprocess.Popen([sys.executable, "-B", PROJECT / "practice/servers/openssh.py", "--folder",
                               work / "server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        facts = json.loads(server.stdout.readline())
        total = fill(pathlib.Path(facts["docroot"]), options.files)
        print(json.dumps({"files": options.files, "bytes": total}), flush=True)
        results = run(work, facts, options)
    finally:
        server.stdin.close()
        server.wait()
        if not options.work:
            shutil.rmtree(work, ignore_errors=True)

    def median(name, job):
        return statistics.median(results[name, job][0])

    ratios = {job: median("hikae", job) / median("rclone", job) for job in ("first", "unchanged")}
    memory = max(max(results["hikae", job][1]) for job in ("first", "unchanged"))
    print(json.dumps({"first": round(ratios["first"], 3), "unchanged": round(ratios["unchanged"], 3),
                      "hikae_mb": round(memory)}))
    if options.gate and (max(ratios.values()) > 0.7 or memory > 300):
        sys.exit(1)


if __name__ == "__main__":
    main()

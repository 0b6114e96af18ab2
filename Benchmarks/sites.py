"""What the benchmarks of sites and buckets share: the site, a plan, a program measured, two programs run side by side.

Both programs read the same site from nothing, and again with nothing new. It must never know how either reads it.
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


def arguments(description):
    """A parser with what each such benchmark takes."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--work", type=pathlib.Path)
    parser.add_argument("--hikae", default=str(PROJECT / ".build/release/hikae"))
    parser.add_argument("--gate", action="store_true")
    return parser


def write_plan(work, source):
    """A plan with one site and one vault; `source` is the lines of its source."""
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
""" + "".join(f"        {line}\n" for line in source))
    return plan


def rounds(work, options, peer, command, plan):
    """Runs `peer`'s command, which copies to WORK/peer, beside Hikae's: {(contender, job): ([seconds], [MB])}."""
    environment = {"HIKAE_CACHE_DIR": str(work / "cache"), "XDG_CACHE_HOME": str(work / "cache"),
                   "XDG_STATE_HOME": str(work / "state"), "HOME": str(work)}
    commands = {peer: command, "hikae": [options.hikae, "backup", "--plan", str(plan)]}
    results = {}
    for _ in range(options.rounds):
        for place in (peer, "vault", "cache", "state"):
            shutil.rmtree(work / place, ignore_errors=True)
        subprocess.run([options.hikae, "init", "--repo", str(work / "vault"), "--password-file",
                        str(work / "vault.password")], check=True, stdout=subprocess.DEVNULL,
                       env=dict(os.environ, **environment))
        for job in ("first", "unchanged"):
            for name, words in commands.items():
                seconds, memory = measured(words, environment)
                times, peaks = results.setdefault((name, job), ([], []))
                times.append(seconds)
                peaks.append(memory)
                print(json.dumps({"contender": name, "job": job, "seconds": round(seconds, 2), "mb": round(memory)}),
                      flush=True)
    return results


def compare(options, name, peer, server, contenders):
    """Starts the server, runs the rounds, prints the ratios, and exits with 1 where the gate does not hold.

    server(work): the server's script and its arguments; the site is in the folder root of WORK by then, as site. contenders(work, facts):
    the peer's command and the plan.
    """
    work = (options.work or pathlib.Path(tempfile.mkdtemp(prefix=f"hikae-bench-{name}-"))).resolve()
    work.mkdir(parents=True, exist_ok=True)
    total = fill(work / "root" / "site", options.files)
    script, *rest = server(work)
    process = subprocess.Popen([sys.executable, "-B", PROJECT / "practice/servers" / script, "--folder",
                                work / "server", *rest], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        facts = json.loads(process.stdout.readline())
        print(json.dumps({"files": options.files, "bytes": total}), flush=True)
        command, plan = contenders(work, facts)
        results = rounds(work, options, peer, command, plan)
    finally:
        process.stdin.close()
        process.wait()
        if not options.work:
            shutil.rmtree(work, ignore_errors=True)

    def median(contender, job):
        return statistics.median(results[contender, job][0])

    ratios = {job: median("hikae", job) / median(peer, job) for job in ("first", "unchanged")}
    memory = max(max(results["hikae", job][1]) for job in ("first", "unchanged"))
    print(json.dumps({"first": round(ratios["first"], 3), "unchanged": round(ratios["unchanged"], 3),
                      "hikae_mb": round(memory)}))
    if options.gate and (max(ratios.values()) > 0.7 or memory > 300):
        sys.exit(1)

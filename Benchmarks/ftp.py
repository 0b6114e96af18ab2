#!/usr/bin/env python3
"""A site of many small files over FTP: Hikae beside lftp's mirror, from the same vsftpd of this machine.

    python3 -B Benchmarks/ftp.py [--files 50000] [--connections 4] [--work FOLDER] [--hikae PATH] [--rounds N] [--gate]

Both read the same folder from nothing, and again with nothing new, over as many connections (Hikae's plan and lftp's
--parallel). Each run's wall time and peak memory are printed as one line of JSON, then the ratios of the medians. With
--gate the exit status is 1 unless Hikae takes at most 0.7 of lftp's time for both, and stays below 300 MB. Needs root,
for vsftpd.

lftp makes a copy in a folder; Hikae compresses, encrypts and packs what it reads.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

import sftp

PROJECT = pathlib.Path(__file__).resolve().parent.parent


def hikae_plan(work, port, connections):
    """A plan with one site and one vault."""
    for name in ("vault.password", "site.password"):
        (work / name).write_text("bench\n")
        (work / name).chmod(0o600)
    plan = work / "hikae.yaml"
    plan.write_text(f"""organisation: bench
language: en
timezone: Asia/Tokyo
vaults:
  - {{name: near, repository: {work}/vault, password: file:{work}/vault.password}}
systems:
  - name: shop
    sources:
      - name: site
        ftp: ftp://anonymous@127.0.0.1:{port}/site
        password: file:{work}/site.password
        tls: none
        connections: {connections}
""")
    return plan


def run(work, port, options):
    """{(contender, job): ([seconds], [MB])}."""
    environment = {"HIKAE_CACHE_DIR": str(work / "cache"), "XDG_CACHE_HOME": str(work / "cache"),
                   "XDG_STATE_HOME": str(work / "state"), "HOME": str(work)}
    mirror = (f"set net:timeout 20; set ftp:ssl-allow no; open -u anonymous,bench ftp://127.0.0.1:{port}; "
              f"mirror --parallel={options.connections} /site {work}/lftp")
    commands = {
        "lftp": ["lftp", "-c", mirror],
        "hikae": [options.hikae, "backup", "--plan", str(hikae_plan(work, port, options.connections))],
    }
    results = {}
    for _ in range(options.rounds):
        for place in ("lftp", "vault", "cache", "state"):
            shutil.rmtree(work / place, ignore_errors=True)
        subprocess.run([options.hikae, "init", "--repo", str(work / "vault"), "--password-file",
                        str(work / "vault.password")], check=True, stdout=subprocess.DEVNULL,
                       env=dict(os.environ, **environment))
        for job in ("first", "unchanged"):
            for name, command in commands.items():
                seconds, memory = sftp.measured(command, environment)
                times, peaks = results.setdefault((name, job), ([], []))
                times.append(seconds)
                peaks.append(memory)
                print(json.dumps({"contender": name, "job": job, "seconds": round(seconds, 2), "mb": round(memory)}),
                      flush=True)
    return results


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--files", type=int, default=50_000)
    arguments.add_argument("--connections", type=int, default=4)
    arguments.add_argument("--rounds", type=int, default=1)
    arguments.add_argument("--work", type=pathlib.Path)
    arguments.add_argument("--hikae", default=str(PROJECT / ".build/release/hikae"))
    arguments.add_argument("--gate", action="store_true")
    options = arguments.parse_args()
    work = (options.work or pathlib.Path(tempfile.mkdtemp(prefix="hikae-bench-ftp-"))).resolve()
    work.mkdir(parents=True, exist_ok=True)
    total = sftp.fill(work / "root" / "site", options.files)
    server = subprocess.Popen([sys.executable, "-B", PROJECT / "practice/servers/ftp.py", "--folder", work / "server",
                               "--root", work / "root", "--program", "vsftpd"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        port = json.loads(server.stdout.readline())["port"]
        print(json.dumps({"files": options.files, "bytes": total}), flush=True)
        results = run(work, port, options)
    finally:
        server.stdin.close()
        server.wait()
        if not options.work:
            shutil.rmtree(work, ignore_errors=True)

    def median(name, job):
        return statistics.median(results[name, job][0])

    ratios = {job: median("hikae", job) / median("lftp", job) for job in ("first", "unchanged")}
    memory = max(max(results["hikae", job][1]) for job in ("first", "unchanged"))
    print(json.dumps({"first": round(ratios["first"], 3), "unchanged": round(ratios["unchanged"], 3),
                      "hikae_mb": round(memory)}))
    if options.gate and (max(ratios.values()) > 0.7 or memory > 300):
        sys.exit(1)


if __name__ == "__main__":
    main()

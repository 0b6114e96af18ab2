#!/usr/bin/env python3
"""A bucket of many objects: Hikae beside rclone, from the same S3 server of this machine.

    python3 -B Benchmarks/s3.py [--objects 5000] [--work FOLDER] [--hikae PATH] [--gate]

Both read the same bucket from nothing, and again with nothing new, with 16 transfers at once; each run's wall time and
peak memory are printed as one line of JSON, then the ratios. rclone's unchanged run counts with --fast-list if that is
faster. With --gate the exit status is 1 unless Hikae takes no longer than rclone at first,
half as long after, and stays below 300 MB.

moto, the server, is written in Python: it gives a few hundred objects a second, and so bounds both. What is compared
is how well each keeps it busy, and how much each asks of it.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "practice" / "servers"))
sys.dont_write_bytecode = True
import s3 as practice  # noqa: E402
import sites  # noqa: E402


def fill(client, bucket, count):
    """Objects as a shop's bucket has them: images and documents by year and month, a few large ones."""
    from concurrent.futures import ThreadPoolExecutor
    chance = random.Random(20120620)
    sizes = [chance.randint(500, 60_000) if number % 500 else 4 << 20 for number in range(count)]

    def put(number):
        key = f"{'画像' if number % 2 else 'documents'}/{2008 + number % 5}/{number % 12 + 1:02}/{number:06}.bin"
        client.put_object(Bucket=bucket, Key=key, Body=random.Random(number).randbytes(sizes[number]),
                          ContentType="image/jpeg", Metadata={"number": str(number)})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(count)))
    return sum(sizes)


def hikae_plan(work, facts):
    """A plan with one bucket and one vault."""
    for name, text in (("id", facts["access_key"]), ("key", facts["secret_key"])):
        (work / name).write_text(text + "\n")
        (work / name).chmod(0o600)
    return sites.write_plan(work, ["s3: s3://bench", f"endpoint: {facts['endpoint']}", f"access-key: file:{work}/id",
                                   f"secret-key: file:{work}/key"])


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--objects", type=int, default=5000)
    arguments.add_argument("--work", type=pathlib.Path)
    arguments.add_argument("--hikae", default=str(PROJECT / ".build/release/hikae"))
    arguments.add_argument("--gate", action="store_true")
    options = arguments.parse_args()
    work = options.work or pathlib.Path(tempfile.mkdtemp(prefix="hikae-bench-s3-"))
    work.mkdir(parents=True, exist_ok=True)
    server = subprocess.Popen([sys.executable, "-B", PROJECT / "practice/servers/s3.py", "--folder", work / "server",
                               "--bucket", "bench", "--unchecked"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        facts = json.loads(server.stdout.readline())
        client = practice.client(facts)
        total = fill(client, "bench", options.objects)
        print(json.dumps({"objects": options.objects, "bytes": total}), flush=True)
        results = run(work, facts, options)
    finally:
        server.stdin.close()
        server.wait()
        if not options.work:
            shutil.rmtree(work, ignore_errors=True)
    first = results["hikae", "first"][0] / results["rclone", "first"][0]
    unchanged = results["hikae", "unchanged"][0] / results["rclone", "unchanged"][0]
    memory = max(results["hikae", job][1] for job in ("first", "unchanged"))
    print(json.dumps({"first": round(first, 3), "unchanged": round(unchanged, 3), "hikae_mb": round(memory)}))
    if options.gate and (first > 1 or unchanged > 0.5 or memory > 300):
        sys.exit(1)


def run(work, facts, options):
    """{(contender, job): (seconds, MB)}."""
    # rclone cannot take a bundle of authorities from there; nothing here needs one.
    os.environ.pop("AWS_CA_BUNDLE", None)
    remote = (f":s3,provider=Other,endpoint='{facts['endpoint']}',access_key_id={facts['access_key']},"
              f"secret_access_key='{facts['secret_key']}',force_path_style=true:bench")
    rclone = ["rclone", "--config", os.devnull, "sync", "--transfers", "16", "--checkers", "16", remote,
              str(work / "rclone")]
    environment = {"HIKAE_CACHE_DIR": str(work / "cache"), "XDG_CACHE_HOME": str(work / "cache"),
                   "XDG_STATE_HOME": str(work / "state")}
    hikae = [options.hikae, "backup", "--plan", str(hikae_plan(work, facts))]
    subprocess.run([options.hikae, "init", "--repo", str(work / "vault"), "--password-file",
                    str(work / "vault.password")], check=True, stdout=subprocess.DEVNULL,
                   env=dict(os.environ, **environment))
    results = {}
    for job in ("first", "unchanged"):
        for name, command in (("rclone", rclone), ("rclone-fast-list", rclone + ["--fast-list"]), ("hikae", hikae)):
            if job == "first" and name == "rclone-fast-list":
                continue
            seconds, memory = sites.measured(command, environment)
            results[name, job] = (seconds, memory)
            print(json.dumps({"contender": name, "job": job, "seconds": round(seconds, 2), "mb": round(memory)}),
                  flush=True)
    if results["rclone-fast-list", "unchanged"][0] < results["rclone", "unchanged"][0]:
        results["rclone", "unchanged"] = results["rclone-fast-list", "unchanged"]
    return results


if __name__ == "__main__":
    main()

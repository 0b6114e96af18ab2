#!/usr/bin/env python3
"""How the index grows: opens indexes of several sizes and prints a table of time and memory.

usage: index_scale.py [--work DIR] [--sizes 100000,1000000,10000000]
"""

import argparse
import json
import pathlib
import shutil
import subprocess

TOOL = pathlib.Path(__file__).resolve().parent.parent / ".build" / "release" / "IndexScale"


def measure(directory):
    return json.loads(subprocess.run([TOOL, "measure", directory], check=True, capture_output=True, text=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", default="/tmp/hikae-index-scale")
    parser.add_argument("--sizes", default="100000,1000000,10000000")
    parser.add_argument("--json", help="also write the figures to this file")
    options = parser.parse_args()
    rows = []
    for size in (int(text) for text in options.sizes.split(",")):
        directory = pathlib.Path(options.work) / str(size)
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        subprocess.run([TOOL, "build", str(size), directory], check=True)
        cold = measure(directory)
        warm = sorted((measure(directory) for _ in range(3)), key=lambda row: row["open_seconds"])[1]
        rows.append({"blobs": size, "cold": cold, "warm": warm})
        shutil.rmtree(directory)
    print("| blobs | first open | warm open | anonymous memory | mapped | first million look-ups | look-up | look-up of an unknown blob |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for row in rows:
        warm = row["warm"]
        print(
            f"| {row['blobs']:,} | {row['cold']['open_seconds']:.2f} s | {warm['open_seconds'] * 1000:.1f} ms "
            f"| {warm['anonymous_kib'] / 1024:.1f} MiB | {warm['mapped_kib'] / 1024:.0f} MiB "
            f"| {warm['first_lookup_ns']:.0f} ns | {warm['lookup_ns']:.0f} ns | {warm['miss_ns']:.0f} ns |"
        )
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()

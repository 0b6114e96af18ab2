"""How an index of ten million blobs opens, what it takes of memory, and how fast a blob is found in it.

Each figure is of a process of its own. "cold" is the first opening on a machine, which builds the cache from restic's
index files; "warm" is every opening after that.
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys


def run(program, *words):
    result = subprocess.run([str(program), *map(str, words)], capture_output=True, text=True)
    if result.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, words))}: {result.stdout}{result.stderr}")
    return result.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=pathlib.Path(".build/release/IndexScale"))
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("/tmp/hikae-bench-index"))
    parser.add_argument("--blobs", default="10000,100000,1000000,10000000")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--keep", action="store_true", help="leave the repositories for another run")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)

    rows = []
    for count in map(int, options.blobs.split(",")):
        place = options.work / str(count)
        if not place.exists():
            run(options.program, "make", place, count)
        shutil.rmtree(f"{place}.cache", ignore_errors=True)
        cold = json.loads(run(options.program, "open", place, count))
        warm = min((json.loads(run(options.program, "open", place, count)) for _ in range(3)), key=lambda row: row["open"])
        rows.append({"blobs": count, "cold": cold, "warm": warm})
        if not options.keep:
            shutil.rmtree(place)
            shutil.rmtree(f"{place}.cache", ignore_errors=True)

    print("| blobs | first opening | peak memory of that | opening, warm | anonymous memory, warm | lookup |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    for row in rows:
        cold, warm = row["cold"], row["warm"]
        print(f"| {row['blobs']:,} | {cold['open']:.2f} s | {cold['peak'] / 1e6:.0f} MB | {warm['open'] * 1000:.1f} ms | "
              f"{warm['anonymous_total'] / 1e6:.1f} MB | {warm['lookup'] * 1e9:.0f} ns |")
    (options.json or options.work / "report.json").write_text(json.dumps(rows, indent=1) + "\n")

    last = rows[-1]["warm"]
    broken = [text for text, holds in (
        ("opening warm takes 1 s or more", last["open"] < 1), ("a look-up takes 1 µs or more", last["lookup"] < 1e-6),
        ("100 MB or more of anonymous memory", last["anonymous_total"] < 100e6)) if not holds]
    for text in broken:
        print("not held: " + text)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

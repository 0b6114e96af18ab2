"""A million small files: first backup, unchanged backup and restore, Hikae beside restic, with peak memory.

A thousand directories of a thousand files of about 200 bytes. What is measured is the work for each file, and that
memory does not grow with their number: --limit says how much Hikae may take. With --hard-links the same number of names
are hard links to a few files instead, and must be links to as few files after the restore.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import sys

import measure
from contenders import Hikae, Restic


def write_files(place, directory, files, seed):
    """A directory's files: each has bytes of its own."""
    chance = random.Random(f"{seed} {directory}")
    for number in range(files):
        content = b"%d/%d %016x\n" % (directory, number, chance.getrandbits(64))
        content += bytes(chance.choices(b"abcdefghijklmnopqrstuvwxyz     ", k=chance.randrange(40, 330)))
        descriptor = os.open(place / f"file-{number:05}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        os.write(descriptor, content)
        os.close(descriptor)


def link_files(root, place, directory, files):
    """A directory's files: links to one file that 40 directories share, as a file system takes 65,000 links at most."""
    original = root / f"original-{directory // 40:03}"
    if not original.exists():
        original.write_bytes(b"linked %d\n" % (directory // 40) * 500)
    for number in range(files):
        os.link(original, place / f"link-{number:05}")


def build(root, directories, files, seed, linked):
    """Writes the files in a process of its own, so that this one stays small; skips what is there."""
    done = root.parent / (root.name + ".done")
    recipe = f"{directories} {files} {seed} {linked}"
    if done.exists() and done.read_text() == recipe:
        return
    shutil.rmtree(root, ignore_errors=True)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            for directory in range(directories):
                place = root / f"{directory // 50:03}" / f"{directory:05}"
                place.mkdir(parents=True)
                if linked:
                    link_files(root, place, directory, files)
                else:
                    write_files(place, directory, files, seed)
            status = 0
        finally:
            os._exit(status)
    if os.waitpid(child, 0)[1] != 0:
        raise SystemExit("could not write the files")
    done.write_text(recipe)


def count(root):
    """(names of files, files behind them), counted by a process of its own: a million numbers take room."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            names, inodes = 0, set()
            for folder, _, found in os.walk(root):
                names += len(found)
                inodes.update(os.lstat(os.path.join(folder, name)).st_ino for name in found)
            os.write(writing, f"{names} {len(inodes)}".encode())
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with open(reading) as answer:
        text = answer.read()
    if os.waitpid(child, 0)[1] != 0:
        raise SystemExit(f"could not count the files below {root}")
    return tuple(map(int, text.split()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hikae", type=pathlib.Path, default=pathlib.Path(".build/release/hikae"))
    parser.add_argument("--tools", default="hikae,restic")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("/tmp/hikae-bench-small"))
    parser.add_argument("--directories", type=int, default=1000)
    parser.add_argument("--files", type=int, default=1000, help="in each directory")
    parser.add_argument("--hard-links", action="store_true", help="names that are hard links to a few files")
    parser.add_argument("--limit", type=int, default=500, help="megabytes that hikae may take at most")
    parser.add_argument("--seed", type=int, default=2012)
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()

    work = options.work.resolve()
    source = work / "data"
    work.mkdir(parents=True, exist_ok=True)
    wanted = options.directories * options.files + (-(-options.directories // 40) if options.hard_links else 0)
    behind = -(-options.directories // 40) if options.hard_links else wanted
    print(f"making {wanted:,} files ...", flush=True)
    build(source, options.directories, options.files, options.seed, options.hard_links)
    measure.warm(source)

    figures = {}
    for name in options.tools.split(","):
        kind = {"hikae": Hikae, "restic": Restic}.get(name) or parser.error(f"no such tool: {name}")
        program = options.hikae.resolve() if name == "hikae" else shutil.which(name)
        contender = kind(program, work / "runs" / name)
        shutil.rmtree(contender.folder, ignore_errors=True)
        contender.folder.mkdir(parents=True)
        log = work / "last.log"
        measure.run(contender.init(), contender.environment, None, log)
        jobs = figures[name] = {}
        for job, words in (("first", contender.backup(source, "first")), ("unchanged", contender.backup(source, "again")),
                           ("restore", contender.restore(source))):
            contender.target.mkdir(exist_ok=True)
            jobs[job] = measure.run(words, contender.environment, contender.target, log)
            print(f"  {name:8} {job:10} {jobs[job]['wall']:8.2f} s  {jobs[job]['cpu']:8.2f} s cpu  "
                  f"{jobs[job]['rss'] / 1e6:6.0f} MB", flush=True)
        restored = count(contender.restored(source))
        if restored != (wanted, behind):
            raise SystemExit(f"{name} restored {restored} of {(wanted, behind)} names and files")
        jobs["repository"] = measure.size_of(contender.repository)
        shutil.rmtree(contender.target)
        shutil.rmtree(contender.folder)

    print("\n| " + f"{wanted:,} files" + " | " + " | ".join(figures) + " |\n| --- |" + " ---: |" * len(figures))
    for job in ("first", "unchanged", "restore"):
        print(f"| {job}, wall | " + " | ".join(f"{figures[name][job]['wall']:.1f} s" for name in figures) + " |")
        print(f"| {job}, peak memory | " + " | ".join(f"{figures[name][job]['rss'] / 1e6:.0f} MB" for name in figures) + " |")
    print("| repository | " + " | ".join(f"{figures[name]['repository'] / 1e6:.0f} MB" for name in figures) + " |")
    (options.json or work / "report.json").write_text(json.dumps({"files": wanted, "tools": figures}, indent=1) + "\n")

    failed = False
    for job in ("first", "unchanged", "restore"):
        if "hikae" in figures and figures["hikae"][job]["rss"] > options.limit * 1_000_000:
            print(f"not held: {job} took {figures['hikae'][job]['rss'] / 1e6:.0f} MB, promised {options.limit} MB")
            failed = True
        if {"hikae", "restic"} <= figures.keys() and figures["hikae"][job]["wall"] > figures["restic"][job]["wall"]:
            print(f"not held: {job} is slower than restic")
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

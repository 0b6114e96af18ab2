"""How the demonstration is told: headings, steps with their times, programs it runs, and proofs that fail loudly."""

import os
import stat
import subprocess
import sys
import time


class Mismatch(Exception):
    """Something that must be equal is not."""


class Account:
    """Writes the account to standard output; in colour on a terminal that wants it."""

    def __init__(self):
        self.colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
        self.began = time.monotonic()
        self.proofs = 0

    def paint(self, code, text):
        return f"\033[{code}m{text}\033[0m" if self.colour else text

    def line(self, text=""):
        print(text, flush=True)

    def heading(self, text):
        self.line()
        self.line(self.paint("1;36", text))

    def note(self, text):
        self.line("  " + text)

    def command(self, arguments, stands_for):
        """Shows a command line as a person would type it: long paths give way to what `stands_for` names them."""
        text = " ".join("'" + word + "'" if " " in word else word for word in map(str, arguments))
        for path, name in stands_for:
            text = text.replace(str(path), name)
        self.line(self.paint("2", "  $ " + text))

    def done(self, text, seconds):
        self.line(f"  {self.paint('32', '✔')} {text} {self.paint('2', f'({seconds:.2f} s)')}")

    def proved(self, text):
        self.proofs += 1
        self.line(f"  {self.paint('1;32', '=')} {text}")

    def failed(self, text):
        self.line(f"  {self.paint('1;31', '✘')} {text}")


def run(arguments, environment=None, **options):
    """Runs a program to its end; its output when it succeeds, an error with its words when it does not."""
    began = time.monotonic()
    result = subprocess.run([str(word) for word in arguments], stdin=options.pop("stdin", subprocess.DEVNULL),
                            stdout=options.pop("stdout", subprocess.PIPE), stderr=subprocess.PIPE, env=environment, **options)
    if result.returncode != 0:
        raise RuntimeError(f"{arguments[0]} {arguments[1] if len(arguments) > 1 else ''} exited {result.returncode}: "
                           + result.stderr.decode(errors="replace")[-2000:]
                           + (result.stdout or b"").decode(errors="replace")[-2000:])
    return (result.stdout or b"").decode(errors="replace"), time.monotonic() - began


def same_files(left, right):
    """Proves two trees equal: bytes by `diff -r`, then kinds, modes, owners, times, link targets and hard links."""
    result = subprocess.run(["diff", "-r", "--no-dereference", str(left), str(right)], capture_output=True)
    if result.returncode != 0:
        raise Mismatch(f"{left} and {right} differ:\n" + (result.stdout + result.stderr).decode(errors="replace")[:2000])
    first, second = facts(left), facts(right)
    for name in sorted(first.keys() | second.keys()):
        if first.get(name) != second.get(name):
            raise Mismatch(f"{name.decode(errors='replace')}: {first.get(name)} became {second.get(name)}")
    return len(first)


def facts(root):
    """What is recorded of every entry below `root`, by relative name. `root` itself is the target, not data."""
    found, links = {}, {}
    root = os.fsencode(root)
    for folder, directories, files in os.walk(root):
        for name in directories + files:
            path = os.path.join(folder, name)
            entry = os.lstat(path)
            relative = os.path.relpath(path, root)
            is_link = stat.S_ISLNK(entry.st_mode)
            is_file = stat.S_ISREG(entry.st_mode)
            # Hard links are compared by which names go together, not by inode number.
            together = links.setdefault((entry.st_dev, entry.st_ino), relative) if is_file else None
            found[relative] = (stat.filemode(entry.st_mode), entry.st_uid, entry.st_gid, entry.st_mtime_ns,
                               entry.st_size if is_file else None, os.readlink(path) if is_link else None, together)
    return found


def same_bytes(left, right):
    """Proves two files equal, byte for byte."""
    with open(left, "rb") as first, open(right, "rb") as second:
        offset = 0
        while True:
            a, b = first.read(1 << 20), second.read(1 << 20)
            if a != b:
                raise Mismatch(f"{left} and {right} differ after byte {offset}")
            if not a:
                return offset
            offset += len(a)

"""House rules on what stands beside the code: public types and functions are documented, files say what they own, no
file grows beyond its subject, and every Python file parses.

A stored property or an initialiser may speak for itself; a type or a function has shapes, units and errors to tell.
"""

import pathlib
import re
import subprocess
import sys

DECLARED = re.compile(r"^\s*public (?:static |final |mutating |indirect )*(?:class|struct|enum|protocol|actor|func) (\S+)")
# What conformances demand is documented where it is demanded.
DEMANDED = re.compile(r"^(?:[<=>!&|^+*/-]+$|hash\(into|encode\(|callAsFunction|next\(\)|makeIterator)")
LONGEST_FILE = 500


def breaches(name, lines):
    if not lines[0].startswith("//"):
        yield f"{name}:1: the file does not say what it owns"
    if len(lines) > LONGEST_FILE:
        yield f"{name}:1: {len(lines)} lines: split it ({LONGEST_FILE} at most)"
    for number, line in enumerate(lines):
        match = DECLARED.match(line)
        if not match or DEMANDED.match(match.group(1)):
            continue
        above = number - 1
        while above >= 0 and lines[above].strip().startswith("@"):
            above -= 1
        if above < 0 or not lines[above].strip().startswith("///"):
            yield f"{name}:{number + 1}: {match.group(1)} is public and not documented"


def listed(*patterns):
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    names = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    return [name for name in names if pathlib.Path(name).exists()]


def main():
    found = []
    for name in listed("Sources/*.swift"):
        lines = pathlib.Path(name).read_text(encoding="utf-8").splitlines() or [""]
        found += breaches(name, lines)
    for name in listed("*.py"):
        try:
            compile(pathlib.Path(name).read_text(encoding="utf-8"), name, "exec")
        except SyntaxError as error:
            found.append(f"{name}: {error}")
    for line in found:
        print(f"lint: {line}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

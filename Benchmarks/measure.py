"""Runs one program and measures it: wall time, processor time, peak memory. Nothing else may run meanwhile.

Peak memory is the kernel's count for the process and those that it waited for. A child's count begins at its parent's,
so the measuring program itself must stay small: it never holds data.
"""

import os
import resource
import subprocess
import time


class Failed(Exception):
    """A measured program did not succeed: there is nothing to compare."""


def run(arguments, environment, folder=None, log=os.devnull, input=None):
    """{"wall", "cpu" in seconds, "rss" in bytes} of one successful run."""
    # What earlier work left to be written must not be written during this one.
    os.sync()
    with open(log, "wb") as output, open(input or os.devnull, "rb") as source:
        began = time.monotonic()
        process = subprocess.Popen([str(word) for word in arguments], stdin=source, stdout=output, stderr=output,
                                   env=environment, cwd=folder)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        words = ""
        if log != os.devnull:
            with open(log, errors="replace") as output:
                words = output.read()[-3000:]
        raise Failed(f"{' '.join(map(str, arguments[:3]))} exited {process.returncode}\n{words}")
    return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "rss": usage.ru_maxrss * 1024}


def own_peak():
    """The measuring program's own peak memory in bytes: the least that `rss` can show."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def size_of(folder):
    """The bytes of all files below a folder, each hard link once."""
    total, seen = 0, set()
    for place, _, names in os.walk(folder):
        for name in names:
            entry = os.lstat(os.path.join(place, name))
            if (entry.st_dev, entry.st_ino) not in seen:
                seen.add((entry.st_dev, entry.st_ino))
                total += entry.st_size
    return total


def warm(folder):
    """Reads every file once, so that the first tool does not pay for the disk."""
    buffer = bytearray(1 << 20)
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                with open(os.path.join(place, name), "rb", buffering=0) as file:
                    while file.readinto(buffer):
                        pass
            except OSError:
                pass

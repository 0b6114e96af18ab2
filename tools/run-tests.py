"""Runs the built test bundle and counts what it really did.

swift-testing runs only about as many blocking tests at once as there are cores, and most of the time of a test that
drives other programs is waiting. So the bundle is run as several processes, some side by side: one for each kind of
server, one for the tests that drive the command, one for the engine. The totals at the end come from the runners' own
xUnit reports, a runner that dies counts as a failure with the names of the tests it was in, and the exit status is 0
only when every test passed.

All that the tests put into temporary folders lies in one, which goes at the end, however the run ends; what a run that was
killed has left is taken away by the next.

It must never build anything, never report a test that it did not see finish, and leave no process and no file behind.
"""

import argparse
import contextlib
import fcntl
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ElementTree

# Shares of the bundle by its targets, the longest first; what no share names is the last one's.
SHARES = {
    "programs": "HikaeInteropTests|HikaeCommandTests",
    "scenarios": "HikaeScenarioTests",
    "vaults": "HikaeRemoteTests|HikaeServerTests|HikaeAgreementTests|HikaeParityTests",
    "operations": "HikaeOperationsTests|HikaePlanTests|HikaeGuardTests",
    "mail": "HikaeMailTests",
    "databases": "HikaeDatabaseTests",
    "sftp": "HikaeSFTPTests",
    "ftp": "HikaeFTPTests",
    "s3": "HikaeS3Tests",
}
AT_ONCE = 3

STARTED = re.compile(r"^◇ Test (?!run started|case )(.*) started\.$")
ENDED = re.compile(r"^[✔✘━➜] Test (?!run with|case )(.*?)(?: with \d+ test cases?)? (?:passed|failed|skipped|was cancelled)\b")
CANCELLED = re.compile(r"^➜ Test (?!run with|case )(.*?)(?: with \d+ test cases?)? was cancelled")

COLOUR = re.compile(r"\x1b\[[0-9;]*m")

print_lock = threading.Lock()


def say(text, stream=sys.stdout):
    with print_lock:
        print(text, file=stream, flush=True)


class Share:
    """One process of the test bundle with its part of the tests."""

    def __init__(self, name, bundle, arguments, folder, environment):
        self.name = name
        self.report = folder / f"{name}.xml"
        self.running = set()
        self.cancelled = 0
        self.summary = None
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [bundle, "--testing-library", "swift-testing", *arguments, "--xunit-output", str(self.report)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=environment, start_new_session=True)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        told = False
        for raw in self.process.stdout:
            line = COLOUR.sub("", raw.decode("utf-8", "replace").rstrip("\n"))
            if match := STARTED.match(line):
                self.running.add(match.group(1))
                continue
            if line.startswith("◇"):
                continue
            if line.startswith("↳"):
                # What it says of the failure before it is what matters of that.
                if told:
                    say(line)
                continue
            told = line.startswith("✘")
            if match := ENDED.match(line):
                self.running.discard(match.group(1))
            if CANCELLED.match(line):
                self.cancelled += 1
            if " Test run with " in line:
                self.summary = line
                continue
            say(line)

    def stop(self):
        """Ends the process and whatever it started: they share its session."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                return
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                continue

    def wait(self, deadline):
        """The exit status, or None when the deadline came first."""
        try:
            status = self.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.stop()
            status = None
        self.thread.join(10)
        return status

    def counts(self):
        """(passed, failed, skipped) from the report; None when there is none."""
        try:
            cases = list(ElementTree.parse(self.report).getroot().iter("testcase"))
        except (OSError, ElementTree.ParseError):
            return None
        failed = sum(1 for case in cases if case.find("failure") is not None or case.find("error") is not None)
        skipped = sum(1 for case in cases if case.find("skipped") is not None)
        return len(cases) - failed - skipped - self.cancelled, failed, skipped + self.cancelled


class Folder:
    """The temporary folder of one run: its path is short, because names of sockets are, and others may pass through it,
    because some servers run as other users. A context manager."""

    PREFIX = "hikae-run-"
    # Names of sockets end at 107 bytes; those of the tests take up to 60 behind this.
    LONGEST = 40

    def __init__(self):
        parent = tempfile.gettempdir()
        if len(os.fsencode(parent)) + len(self.PREFIX) + 9 > self.LONGEST:
            parent = "/tmp"
        for left in pathlib.Path(parent).glob(self.PREFIX + "*"):
            self.take_away_if_left(left)
        self.path = pathlib.Path(tempfile.mkdtemp(prefix=self.PREFIX, dir=parent)).resolve()
        self.lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self.path.chmod(0o755)

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        self.take_away(self.path)
        os.close(self.lock)

    @classmethod
    def take_away_if_left(cls, path):
        """Takes away the folder of a run that was killed: nobody holds it."""
        with contextlib.suppress(OSError):
            if path.is_symlink() or path.stat().st_uid != os.geteuid():
                return
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # One that is just being made is not held yet, and closed to others.
                if path.stat().st_mode & 0o777 == 0o755:
                    cls.take_away(path, patience=0)
            finally:
                os.close(lock)

    @classmethod
    def take_away(cls, path, patience=60):
        """Ends what still runs there after so many seconds, and removes everything."""
        # Servers stop by themselves when the test that started them is gone, and need a moment for it.
        for seconds in (patience, 20):
            end = time.monotonic() + seconds
            while (left := cls.processes(path)) and time.monotonic() < end:
                time.sleep(0.2)
            for number in left:
                say(f"tests: process {number} was left over and is ended", sys.stderr)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)
        for mount in cls.mounts(path):
            subprocess.run(["umount", "-l", mount], check=False)
        if os.geteuid() != 0:
            subprocess.run(["chmod", "-R", "u+rwX", path], check=False, stderr=subprocess.DEVNULL)
        # It knows paths that are longer than a system call takes.
        subprocess.run(["rm", "-rf", "--one-file-system", path], check=False)
        shutil.rmtree(path, ignore_errors=True)

    @staticmethod
    def processes(path):
        """Whose temporary folder is this one, or lies in it."""
        found, word = [], b"TMPDIR=" + os.fsencode(path)
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                variables = (entry / "environ").read_bytes().split(b"\0")
                if any(variable == word or variable.startswith(word + b"/") for variable in variables):
                    found.append(int(entry.name))
        return found

    @staticmethod
    def mounts(path):
        """What is mounted there, the innermost first."""
        with contextlib.suppress(OSError):
            lines = pathlib.Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
            places = [line.split(" ")[1].replace("\\040", " ") for line in lines]
            return sorted((place for place in places if place.startswith(f"{path}/")), reverse=True)
        return []


def next_to_end(running, deadline):
    """The first share whose process has ended, or any when the deadline has come."""
    while time.monotonic() < deadline:
        for share in running:
            if share.process.poll() is not None:
                return share
        time.sleep(0.1)
    return running[0]


def main():
    parser = argparse.ArgumentParser(description="Runs the built test bundle in several processes and counts.")
    parser.add_argument("--bundle", required=True, help="the built .xctest executable")
    parser.add_argument("--limit", type=float, default=3000, help="seconds after which the run is given up")
    parser.add_argument("filter", nargs="?", help="a regular expression: only the tests whose names match")
    options = parser.parse_args()

    def ended(number, _frame):
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, ended)
    bundle = pathlib.Path(options.bundle).resolve()
    environment = dict(os.environ, HIKAE_BINARY=str(bundle.parent / "hikae"))
    # Where tools/install-deps.sh puts Python packages that the system's Python lacks.
    packages = str(pathlib.Path(__file__).resolve().parent.parent / ".build" / "python")
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [environment.get("PYTHONPATH"), packages]))
    # A test's repository must never be somebody's real one.
    for name in list(environment):
        if name.startswith(("RESTIC_", "HIKAE_")) and name not in ("HIKAE_BINARY", "HIKAE_TEST_SEED"):
            del environment[name]

    if options.filter:
        shares = {"selected": ["--filter", options.filter]}
    else:
        shares = {name: ["--filter", rf"^({targets})\."] for name, targets in SHARES.items()}
        shares["engine"] = ["--skip", rf"^({'|'.join(SHARES.values())})\."]
    began = time.monotonic()
    passed = failed = skipped = 0
    problems = []
    with Folder() as folder:
        environment["TMPDIR"] = str(folder)
        waiting = list(shares.items())
        running = []
        try:
            while waiting or running:
                while waiting and len(running) < AT_ONCE:
                    name, arguments = waiting.pop(0)
                    running.append(Share(name, bundle, arguments, folder, environment))
                share = next_to_end(running, began + options.limit)
                running.remove(share)
                status = share.wait(began + options.limit)
                share.stop()
                say(share.summary or f"✘ {share.name}: the runner gave no summary")
                say(f"== {share.name}: {time.monotonic() - share.began:.0f} s")
                counts = share.counts()
                if counts is None or status is None or share.summary is None:
                    why = "was given up: no end in time" if status is None else f"died with status {status}"
                    inside = ", ".join(sorted(share.running)) or "no test"
                    problems.append(f"{share.name} {why}, while in: {inside}")
                    failed += max(1, len(share.running))
                    if counts is None:
                        continue
                elif status != 0 and counts[1] == 0:
                    problems.append(f"{share.name} exited {status} though no test failed")
                    failed += 1
                passed, failed, skipped = passed + counts[0], failed + counts[1], skipped + counts[2]
        finally:
            for share in running:
                share.stop()
    for problem in problems:
        say(f"tests: {problem}", sys.stderr)
    if passed + failed == 0:
        say("tests: no test was run", sys.stderr)
        failed = 1
    say(f"tests: {time.monotonic() - began:.0f} s")
    say(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

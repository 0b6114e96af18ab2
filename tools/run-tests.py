"""Runs the built test bundle and counts what it really did.

swift-testing runs only about as many blocking tests at once as there are cores, and most of the time of a test that
drives other programs is waiting. So the bundle is run as several processes, some side by side: one for each kind of
server, one for the tests that drive the command, one for the engine. The totals at the end come from the runners' own
xUnit reports, a runner that dies counts as a failure with the names of the tests it was in, and the exit status is 0
only when every test passed.

It must never build anything, and never report a test that it did not see finish.
"""

import argparse
import os
import pathlib
import re
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
        for raw in self.process.stdout:
            line = COLOUR.sub("", raw.decode("utf-8", "replace").rstrip("\n"))
            if match := STARTED.match(line):
                self.running.add(match.group(1))
                continue
            if line.startswith("◇") or line.startswith("↳"):
                continue
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
    parser.add_argument("--limit", type=float, default=2400, help="seconds after which the run is given up")
    parser.add_argument("filter", nargs="?", help="a regular expression: only the tests whose names match")
    options = parser.parse_args()

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
    with tempfile.TemporaryDirectory(prefix="hikae-tests-") as folder:
        waiting = list(shares.items())
        running = []
        try:
            while waiting or running:
                while waiting and len(running) < AT_ONCE:
                    name, arguments = waiting.pop(0)
                    running.append(Share(name, bundle, arguments, pathlib.Path(folder), environment))
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

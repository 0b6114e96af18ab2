"""Hikae as the practice scenarios run it: the built command, in an environment of its own, with a clock that they set."""

import json
import os
import pathlib
import shutil
import subprocess
import time

CLOCK = pathlib.Path(__file__).resolve().parent / "clock" / "clock.c"


class Clock:
    """The time of day that programs started with it believe in: a library loaded before them moves it."""

    def __init__(self, folder):
        self.library = pathlib.Path(folder) / "clock.so"
        self.offset = 0
        compiler = shutil.which("clang") or shutil.which("cc") or shutil.which("gcc")
        swift = shutil.which("swift")
        if compiler is None and swift:
            compiler = str(pathlib.Path(swift).resolve().parent / "clang")
        result = subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", str(self.library), str(CLOCK)],
                                capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise RuntimeError(f"the practice clock cannot be built: {result.stderr}")

    def set(self, moment):
        """Sets it to a time, seconds since 1970."""
        self.offset = int(moment - time.time())

    def now(self):
        """The time it shows."""
        return time.time() + self.offset

    def environment(self):
        """What makes a program believe in it."""
        return {"LD_PRELOAD": str(self.library), "PRACTICE_CLOCK": str(self.offset)} if self.offset else {}


class Outcome:
    """What a run left behind."""

    def __init__(self, words, status, output, errors, seconds):
        self.words, self.status, self.output, self.errors, self.seconds = words, status, output, errors, seconds

    @property
    def text(self):
        """All it said."""
        return self.output + self.errors

    @property
    def objects(self):
        """The JSON objects on its lines."""
        found = []
        for line in self.output.splitlines():
            if line.startswith("{"):
                found.append(json.loads(line))
        return found

    @property
    def json(self):
        """Standard output as one JSON value."""
        return json.loads(self.output)


class Hikae:
    """The command, for one plan."""

    def __init__(self, binary, folder, plan=None, clock=None):
        self.binary, self.folder, self.clock = pathlib.Path(binary).resolve(), pathlib.Path(folder), clock
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith(("RESTIC_", "HIKAE_", "AWS_"))}
        self.environment |= {"LC_ALL": "C.UTF-8", "TZ": "Asia/Tokyo", "HIKAE_CACHE_DIR": str(self.folder / "cache"),
                             "HIKAE_STATE": str(self.folder / "state"),
                             "RESTIC_CACHE_DIR": str(self.folder / "cache-restic")}
        if plan:
            self.environment |= {"HIKAE_PLAN": str(plan.path), "RESTIC_REPOSITORY": str(plan.vault),
                                 "RESTIC_PASSWORD_FILE": str(plan.vault_password)}
        self.plan = plan
        # Whether signals that Python ignores stay ignored in the command: one of them tells of a file at its bound.
        self.keeps_signals = False
        self.runs = []

    def run(self, *words, by="hikae", limit=900, **environment):
        """Runs `hikae` with arguments, or restic; what came of it, whatever it was."""
        program = str(self.binary) if by == "hikae" else by
        environment = self.environment | {name: str(value) for name, value in environment.items()}
        if by == "hikae":
            # The plan says where the vault is; a repository in the environment would mean that one instead.
            environment = {name: value for name, value in environment.items() if not name.startswith("RESTIC_")}
            if self.clock:
                environment |= self.clock.environment()
        began = time.monotonic()
        result = subprocess.run([program, *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True,
                                env=environment, cwd=self.folder, timeout=limit, check=False,
                                restore_signals=not self.keeps_signals)
        outcome = Outcome([by, *map(str, words)], result.returncode, result.stdout.decode(errors="replace"),
                          result.stderr.decode(errors="replace"), time.monotonic() - began)
        self.runs.append(outcome)
        return outcome

    def make_vault(self):
        """An empty vault where the plan says."""
        outcome = self.run("init", "-r", self.plan.vault, "--password-file", self.plan.vault_password)
        if outcome.status != 0:
            raise RuntimeError(f"the vault could not be made: {outcome.text}")

"""The programs that are compared, each with the options that its own manual would give for the same job.

restic and Hikae: the default settings. borg: an encrypted repository with zstd, the compressor that the others use.
All encrypt; all keep their caches in the benchmark's own directory.
"""

import os
import pathlib
import subprocess


class Contender:
    """One program: how it is called for each job on one repository."""

    def __init__(self, program, folder):
        self.program = str(program)
        self.folder = pathlib.Path(folder)
        self.repository = self.folder / "repository"
        self.target = self.folder / "restored"
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith(("RESTIC_", "HIKAE_", "BORG_"))}
        self.environment |= self.settings()

    def version(self):
        words = subprocess.run([self.program, *self.version_words], capture_output=True, text=True, check=True,
                               env=self.environment).stdout.split("\n")[0]
        return words.strip()


class Restic(Contender):
    name = "restic"
    version_words = ["version"]

    def settings(self):
        return {"RESTIC_REPOSITORY": str(self.repository), "RESTIC_PASSWORD": "benchmark",
                "RESTIC_CACHE_DIR": str(self.folder / "cache"), "RESTIC_PROGRESS_FPS": "0.1"}

    def init(self):
        return [self.program, "init"]

    def backup(self, source, name):
        return [self.program, "backup", "--quiet", str(source)]

    def restore(self, source):
        return [self.program, "restore", "latest", "--target", str(self.target)]

    def restored(self, source):
        return self.target / str(source).lstrip("/")

    def check(self):
        return [[self.program, "check", "--read-data"]]

    def tidy(self):
        return [[self.program, "forget", "--keep-last", "1", "--prune"]]


class Hikae(Restic):
    """Understands restic's words and variables."""

    name = "hikae"

    def settings(self):
        return super().settings() | {"HIKAE_CACHE_DIR": str(self.folder / "cache")}


class Borg(Contender):
    name = "borg"
    version_words = ["--version"]

    def settings(self):
        return {"BORG_REPO": str(self.repository), "BORG_PASSPHRASE": "benchmark", "BORG_BASE_DIR": str(self.folder / "base"),
                "LC_ALL": "C.UTF-8"}

    def init(self):
        return [self.program, "init", "--encryption", "repokey-blake2"]

    def backup(self, source, name):
        return [self.program, "create", "--compression", "zstd,3", f"::{name}", str(source)]

    def restore(self, source):
        return [self.program, "extract", "::changed"]

    def restored(self, source):
        return self.target / str(source).lstrip("/")

    def check(self):
        return [[self.program, "check", "--verify-data"]]

    def tidy(self):
        return [[self.program, "prune", "--keep-last", "1"], [self.program, "compact"]]

"""What the scenarios share: a rig with providers, a vault and the command; expectations that are counted and told.

A scenario is a program: `python3 -B practice/scenarios/NAME.py --hikae PATH`. It prints what it expects and saw, exits 0
only when every expectation held, and leaves nothing running and nothing behind.
"""

import argparse
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time

PRACTICE = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PRACTICE))

from compare import Mismatch, Truth  # noqa: E402
from company import settle  # noqa: E402
from data.people import tenants  # noqa: E402
from plan import PlanFile  # noqa: E402
from program import Clock, Hikae  # noqa: E402
from provider import KINDS, Provider  # noqa: E402

HOUR, DAY = 3600, 86_400


class Failed(Exception):
    """An expectation that did not hold."""


class Stage:
    """A folder to play in, and expectations that are counted. A context manager that cleans up."""

    def __init__(self, options):
        self.options = options
        # Names of sockets are short.
        parent = tempfile.gettempdir() if len(tempfile.gettempdir()) < 40 else "/tmp"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hikae-s-", dir=parent))
        self.folder.chmod(0o755)
        self.began = time.monotonic()
        self.expectations = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if not self.options.keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def say(self, text):
        """Tells what happens, with the time since the start."""
        print(f"[{time.monotonic() - self.began:6.1f} s] {text}", flush=True)

    def expect(self, text, holds, *evidence):
        """Counts an expectation; when it does not hold, tells all that could explain why, and ends the scenario."""
        if not holds:
            print(f"✘ {text}", flush=True)
            for piece in evidence:
                print(str(piece)[-6000:], flush=True)
            raise Failed(text)
        self.expectations += 1
        print(f"  ✔ {text}", flush=True)


class Rig(Stage):
    """Provider P, full; P2, empty; a plan, a vault and the command."""

    def __init__(self, options, kinds=None, has_second=True, moves_clock=False, scale=0.2, seed=2012):
        super().__init__(options)
        self.seed, self.scale = seed, scale
        self.tenants = tenants(seed)
        self.tenant = self.tenants[0]
        kinds = kinds or KINDS
        self.p = Provider("P", self.folder / "P", self.tenants, kinds, takes_any_time=moves_clock)
        self.p2 = Provider("P2", self.folder / "P2", self.tenants, kinds, takes_any_time=moves_clock)
        self.has_second = has_second
        self.clock = Clock(self.folder) if moves_clock else None
        self.companies, self.company = [], None
        self.plan = self.plan2 = self.hikae = None

    def __enter__(self):
        try:
            self.p.start()
            if self.has_second:
                self.p2.start()
                self.p2.make_accounts()
            self.companies = settle(self.p, self.seed, self.scale)
            self.company = self.companies[0]
            self.plan = PlanFile(self.folder, self.tenant, self.p)
            self.plan.write()
            if self.has_second:
                self.plan2 = PlanFile(self.folder, self.tenant, self.p2, name="p2", is_destination=True)
                self.plan2.write()
            self.hikae = Hikae(self.options.hikae, self.folder, self.plan, self.clock)
            self.hikae.make_vault()
            self.say("P has three tenants, the vault is empty")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.p.stop()
        self.p2.stop()
        super().__exit__()

    def capture(self, *selection, status=0, environment=None, quiet=False):
        """`hikae backup --json`, which must end with `status`; its captures by "system/source"."""
        outcome = self.hikae.run("backup", "--json", *selection, **(environment or {}))
        found = {f"{item['system']}/{item['source']}": item for item in outcome.objects if item.get("message_type") == "capture"}
        if not (quiet and outcome.status == status):
            self.expect(f"{' '.join(['hikae backup', *selection])} exits {status}", outcome.status == status, outcome.text)
        outcome.captures = found
        return outcome

    def restore(self, *words, status=0):
        """`hikae restore`, which must end with `status`."""
        outcome = self.hikae.run("restore", *words, limit=900)
        self.expect(f"hikae restore {' '.join(map(str, words))} exits {status} ({outcome.seconds:.1f} s)",
                    outcome.status == status, outcome.text)
        return outcome

    def snapshots(self):
        """The vault's snapshots as restic lists them, oldest first."""
        outcome = self.hikae.run("snapshots", "--json", by="restic")
        if outcome.status != 0:
            raise Failed(f"restic cannot list the snapshots: {outcome.text}")
        return sorted(outcome.json or [], key=lambda item: item["time"])

    def of_source(self, name):
        """The snapshots of one source, "system/source", without decisions."""
        system, source = name.split("/")
        return [item for item in self.snapshots() if f"system:{system}" in (item.get("tags") or [])
                and f"source:{source}" in item["tags"] and any(tag.startswith("verdict:") for tag in item["tags"])]

    def compare(self, truth, provider, only=None):
        """Expects a provider to hold what was set aside, compared by other programs."""
        for what, means, unit, check in truth.checks(provider):
            if only and not any(word in what for word in only):
                continue
            try:
                count = check()
            except Mismatch as mismatch:
                self.expect(f"{what} is equal ({means})", False, mismatch)
                continue
            self.expect(f"{what}: {count:,} {unit} are equal ({means})", count > 0)

    def grep_canaries(self, folder, name="every file"):
        """Expects the tenant's canary in every file with content below a folder, and no other tenant's anywhere."""
        own, others = self.tenant.canary.encode(), [tenant.canary.encode() for tenant in self.tenants[1:]]
        seen, bare, leaked = 0, [], []
        for path in sorted(pathlib.Path(folder).rglob("*")):
            if not path.is_file() or path.is_symlink():
                continue
            content = path.read_bytes()
            leaked += [path for other in others if other in content]
            if own in content:
                seen += 1
            elif content:
                bare.append(path)
        self.expect(f"{name}: no canary of another tenant", not leaked, leaked[:20])
        return seen, bare


def main(name, scenario, stage=Rig, arguments=(), **settings):
    """Runs one scenario as a program. `arguments`: further ones, each as (name, what argparse is told of it)."""
    parser = argparse.ArgumentParser(description=name)
    for word, facts in arguments:
        parser.add_argument(word, **facts)
    parser.add_argument("--hikae", type=pathlib.Path, default=PRACTICE.parent / ".build" / "release" / "hikae")
    parser.add_argument("--keep", action="store_true", help="leave the folder in place")
    options = parser.parse_args()

    def interrupted(number, _frame):
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, interrupted)
    os.umask(0o022)
    print(f"{name}", flush=True)
    rig = stage(options, **settings)
    try:
        with rig:
            scenario(rig)
    except (Failed, Mismatch) as failure:
        print(f"failed: {failure}", flush=True)
        sys.exit(1)
    print(f"{rig.expectations} expectations held, in {time.monotonic() - rig.began:.0f} s", flush=True)


__all__ = ["DAY", "HOUR", "Failed", "Mismatch", "PlanFile", "Rig", "Stage", "Truth", "main"]

"""The whole job in five minutes, with real servers: a company on a rental server is captured, its provider erases
everything and its own backup too, and the company is brought back at another provider, and proved equal.

Everything happens in one temporary directory and on loopback. The servers are this program's own children; when it
ends, however it ends, nothing of it is left running. Exit status 0 only when every comparison held.
"""

import argparse
import datetime
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parents[1] / "practice"))

import disasters  # noqa: E402
from account import Account  # noqa: E402
from company import settle  # noqa: E402
from compare import Mismatch, Truth, same_files  # noqa: E402
from data.people import tenants  # noqa: E402
from plan import PlanFile  # noqa: E402
from program import Hikae  # noqa: E402
from provider import KINDS, Provider  # noqa: E402


JAPAN = datetime.timezone(datetime.timedelta(hours=9))


class Demo:
    """The story, chapter by chapter."""

    def __init__(self, hikae, folder, seed, scale):
        self.folder, self.seed, self.scale = folder, seed, scale
        self.tell = Account()
        self.tenants = tenants(seed)
        self.tenant = self.tenants[0]
        self.p = Provider("P", folder / "P", self.tenants, KINDS)
        self.p2 = Provider("P2", folder / "P2", self.tenants, KINDS)
        self.binary = hikae
        self.company = self.hikae = self.plan = self.plan2 = None
        self.moments = {}

    def do(self, *words, status=0, by="hikae", most=40, show=True):
        """Types a command, shows what it prints, and insists on its exit status."""
        names = self.names()
        self.tell.command([by, *words], names)
        outcome = self.hikae.run(*words, by=by, limit=200)
        if outcome.status != status:
            raise Mismatch(f"{by} {words[0]} exited {outcome.status}, not {status}:\n{outcome.text[-3000:]}")
        if show:
            self.tell.printed(outcome.text.strip("\n"), names, most)
        self.tell.done(f"exit status {outcome.status}", outcome.seconds)
        return outcome

    def names(self):
        """What long paths are shown as."""
        return [(self.plan2.path, "p2.yaml"), (self.plan.path, "hikae.yaml"), (self.p2.folder, "/P2"),
                (self.p.folder, "/P"), (f"{self.folder}/", "")]

    def counts(self, provider):
        """How much there is: orders, patients, mails, objects, files."""
        tenant = self.tenant
        orders = int(provider.mariadb("SELECT COUNT(*) FROM orders", provider.shop(tenant)) or 0)
        visits = int(provider.psql("SELECT count(*) FROM histories", provider.clinic(tenant)) or 0)
        mails = 0
        for account in ("info", "order"):
            with provider.imap(tenant, account) as connection:
                for line in connection.list()[1]:
                    name = line.decode().rsplit(' "/" ', 1)[-1].strip('"')
                    status, answer = connection.status(f'"{name}"', "(MESSAGES)")
                    mails += int(answer[0].rsplit(b"MESSAGES ", 1)[1].rstrip(b")")) if status == "OK" else 0
        files = sum(1 for place in (provider.site(tenant), provider.pages(tenant))
                    for path in place.rglob("*") if path.is_file())
        return {"orders": orders, "visits": visits, "mails": mails, "objects": len(provider.keys(tenant)), "files": files}

    @staticmethod
    def sentence(counts):
        """The counts as a sentence."""
        return ", ".join(f"{value:,} {name}" for name, value in counts.items())

    def run(self):
        """All chapters."""
        tell = self.tell
        tell.line(tell.paint("1", "見本堂, a mail-order shop with a clinic next door, rents everything from one provider. "
                                  "This is its story."))
        with self.p, self.p2:
            self.company_on_a_rental_server()
            truth = self.captured_twice()
            self.one_wrong_script()
            self.suspicion()
            self.back_at_another_provider(truth)
            self.without_hikae(truth)
            self.account(truth)

    def company_on_a_rental_server(self):
        """Chapters 1 and 2."""
        tell = self.tell
        began = time.monotonic()
        tell.heading("1. A company on a rental server")
        tell.done("provider P: " + ", ".join(str(server.facts.get("program") or server.facts.get("server") or name)
                                             for name, server in self.p.servers.items()) + " on loopback", 0)
        companies = settle(self.p, self.seed, self.scale)
        self.company = companies[0]
        self.p2.make_accounts()
        tell.done("three companies live there, this is one of them; provider P2 has the same servers, empty",
                  time.monotonic() - began)
        tell.note(f"見本堂 has {self.sentence(self.counts(self.p))}")

        tell.heading("2. The plan: one file for all that would be missed")
        self.plan = PlanFile(self.folder, self.tenant, self.p)
        self.plan.write()
        self.plan2 = PlanFile(self.folder, self.tenant, self.p2, name="p2", is_destination=True)
        self.plan2.write()
        self.hikae = Hikae(self.binary, self.folder, self.plan)
        lines = self.plan.path.read_text().splitlines()
        tell.printed("\n".join(lines[:20]), self.names())
        tell.note(f"… and so on, {len(lines)} lines. Passwords stand elsewhere; nothing is installed at the provider.")
        self.do("init", "-r", self.plan.vault, "--password-file", self.plan.vault_password, most=2)
        self.do("plan", "check", most=30)

    def captured_twice(self):
        """Chapters 3 and 4; what P held at the second capture."""
        tell = self.tell
        tell.heading("3. Captured")
        self.do("backup")
        tell.heading("4. Business goes on, and is captured again: only what is new is fetched and stored")
        began = time.monotonic()
        self.company.go_on()
        tell.done("orders, patients, mail, new pages, edits", time.monotonic() - began)
        before = self.stored()
        self.moments["captured"] = int(time.time())
        self.do("backup")
        tell.note(f"the vault grew from {before / 1e6:.1f} MB to {self.stored() / 1e6:.1f} MB")
        truth = Truth(self.p, self.tenant, self.folder / "truth")
        truth.counts = self.counts(self.p)
        began = time.monotonic()
        self.p.back_itself_up()
        tell.done("06:30: the provider makes its own backup, on its own disks", time.monotonic() - began)
        return truth

    def one_wrong_script(self):
        """Chapter 5."""
        tell = self.tell
        tell.heading("5. One wrong script")
        self.company.go_on(0.02)
        self.at_the_end = self.counts(self.p)
        tell.note(f"The day goes on: {self.sentence(self.at_the_end)}.")
        self.moments["lost"] = int(time.time())
        disasters.maintenance_script(self.p)
        tell.bad("sites, mailboxes, databases and buckets erased, the provider's own backup too")
        tell.note(f"The servers are up again, healthy, and empty: {self.sentence_of_nothing()}.")

    def sentence_of_nothing(self):
        """What the provider has now: nothing, and it says so politely."""
        p, tenant = self.p, self.tenant
        tables = p.mariadb("SHOW TABLES", p.shop(tenant)) + p.psql("SELECT 1 FROM pg_tables WHERE tableowner = "
                                                                   f"'{tenant.name}'", p.clinic(tenant))
        files = sum(1 for place in (p.site(tenant), p.pages(tenant)) for _ in place.rglob("*"))
        return f"{len(tables.split())} tables, {files} files, {len(p.keys(tenant))} objects, no mail"

    def suspicion(self):
        """Chapter 6."""
        tell = self.tell
        tell.heading("6. The next capture does not believe it")
        self.do("backup", status=20, most=70)
        tell.note("Exit status 20: a person must decide. Until then nothing older is forgotten, whatever the retention says:")
        self.do("status", status=20, most=14)

    def back_at_another_provider(self, truth):
        """Chapter 7."""
        tell = self.tell
        tell.heading("7. Everything comes back, at another provider")
        began = time.monotonic()
        self.do("restore", "--all", "--to-plan", self.plan2.path, most=60)
        self.moments["restored in"] = time.monotonic() - began
        tell.note("Believe nobody: compared with what was set aside before the disaster, by other programs.")
        for what, means, unit, check in truth.checks(self.p2):
            began = time.monotonic()
            count = check()
            tell.check(what, means, f"{count:,} {unit} equal", time.monotonic() - began)
        began = time.monotonic()
        leaks = [other.name for other in self.tenants[1:] if self.is_anywhere(other.canary)]
        if leaks:
            raise Mismatch(f"data of other tenants came back: {leaks}")
        tell.check("other tenants' data", "grep", "none came back", time.monotonic() - began)
        site = self.p2.facts("nginx")["ports"][self.tenant.name]
        page = subprocess.run(["python3", "-c", "import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).status)",
                               f"http://127.0.0.1:{site}/"], capture_output=True, text=True, check=False).stdout.strip()
        if page != "200":
            raise Mismatch(f"the restored site does not answer: {page!r}")
        tell.check("the site is on line", "HTTP from P2's nginx", "200 OK", 0)

    def is_anywhere(self, canary):
        """Whether a canary is in anything that came back to P2: sites, mail, databases."""
        p2, tenant = self.p2, self.tenant
        if canary in p2.mariadb_dump(p2.shop(tenant)) + p2.pg_dump(p2.clinic(tenant)):
            return True
        places = [p2.site(tenant), p2.pages(tenant), p2.facts("dovecot")["mail"]]
        return subprocess.run(["grep", "-rqF", canary, *map(str, places)], check=False).returncode == 0

    def without_hikae(self, truth):
        """Chapter 8."""
        tell = self.tell
        tell.heading("8. And without Hikae: the real restic on the same vault")
        self.do("check", "--read-data", by="restic", most=0)
        back = self.folder / "by-restic"
        for source in ("site", "info"):
            self.do("restore", "latest", "--tag", f"source:{source},verdict:good", "--target", back, by="restic", most=0)
        began = time.monotonic()
        count = same_files(truth.folder / "site", back / "shop" / "site")
        tell.check("the web site", "diff -r, modes, times, links", f"{count:,} entries equal", time.monotonic() - began)
        count = sum(1 for path in (back / "mail" / "info").rglob("*") if path.parent.name in ("cur", "new"))
        expected = sum(bag.total() for bag in truth.mail["info"].values())
        if count != expected:
            raise Mismatch(f"restic restored {count} messages, not {expected}")
        tell.check("the mail of info@", "restic", f"{count:,} messages in Maildirs", 0)
        tell.note("How to live without Hikae stands in docs/manual/without-hikae.md, and a test follows it word by word.")

    def account(self, truth):
        """The closing account."""
        tell = self.tell
        tell.heading("The account")

        def stamp(moment):
            return datetime.datetime.fromtimestamp(moment, JAPAN).strftime("%H:%M:%S")

        window = self.moments["lost"] - self.moments["captured"]
        tell.row("last good capture", stamp(self.moments["captured"]))
        tell.row("the moment of the loss", stamp(self.moments["lost"]))
        tell.row("loss window", f"{window:.0f} seconds (a demonstration's day)")
        back = self.counts(self.p2)
        tell.line()
        tell.row("", "came back", "gone: made in the loss window")
        for name, value in back.items():
            gone = self.at_the_end[name] - value
            tell.row(name, f"{value:,} of {truth.counts[name]:,}", f"{gone:,}")
        if back != truth.counts:
            raise Mismatch(f"{back} came back, {truth.counts} were captured")
        tell.line()
        tell.row("restored and verified in", f"{self.moments['restored in']:.1f} s")
        tell.line()
        tell.line(tell.paint("1;32", f"Everything that was captured came back: {tell.checks} comparisons, none differed, "
                                     f"in {time.monotonic() - tell.began:.0f} s."))

    def stored(self):
        """Bytes in the vault."""
        return sum(path.stat().st_size for path in self.plan.vault.rglob("*") if path.is_file())


def main():
    parser = argparse.ArgumentParser(description="A small company, captured, lost, and brought back elsewhere.")
    parser.add_argument("--hikae", default=".build/release/hikae", help="the command to demonstrate")
    parser.add_argument("--seed", type=int, default=2012, help="another seed is another company")
    parser.add_argument("--scale", type=float, default=1.0, help="how large the company is")
    parser.add_argument("--keep", action="store_true", help="leave the temporary directory in place")
    options = parser.parse_args()
    hikae = pathlib.Path(options.hikae).resolve()
    if not hikae.exists():
        parser.error(f"{hikae} is not there; run make build first")

    def interrupted(number, _frame):
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, interrupted)
    # Short, because a socket's path may have 107 bytes at most; open to others, because some servers have users of their own.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="hikae-demo-", dir="/tmp"))
    folder.chmod(0o755)
    os.umask(0o022)
    demo = Demo(hikae, folder, options.seed, options.scale)
    try:
        demo.run()
        return 0
    except (Mismatch, RuntimeError, OSError, subprocess.SubprocessError) as error:
        demo.tell.bad(str(error))
        return 1
    finally:
        if options.keep:
            print(f"left in place: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())

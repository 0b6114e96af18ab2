"""The main job in small, on real programs: a company is captured, goes on, is captured again, loses everything, and
gets everything back, equal in every byte; then the same repository is checked and restored by restic.

Everything happens in one temporary directory. The database server is this program's own child; when this program ends,
however it ends, nothing of it is left running. Exit status 0 only when every comparison held.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from account import Account, Mismatch, run, same_bytes, same_files
from company import Mail, Shop, Site
from database import Server


class Demo:
    def __init__(self, hikae, folder, seed):
        self.hikae = hikae
        self.folder = folder
        self.tell = Account()
        self.repository = folder / "repository"
        self.rental = folder / "rental-server"
        self.safe = folder / "set-aside"
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith(("RESTIC_", "HIKAE_"))}
        password = folder / "password"
        password.write_text("正しい馬 battery staple\n")
        password.chmod(0o600)
        # Both programs read these variables.
        self.environment |= {"RESTIC_REPOSITORY": str(self.repository), "RESTIC_PASSWORD_FILE": str(password),
                             "RESTIC_CACHE_DIR": str(folder / "cache"), "HIKAE_CACHE_DIR": str(folder / "cache-hikae"),
                             "LC_ALL": "C.UTF-8"}
        self.seed = seed
        self.mail = Mail(self.rental / "Maildir", seed)
        self.site = Site(self.rental / "htdocs", seed)
        self.shop = None
        self.server = None

    def do(self, text, *arguments, program=None, **options):
        """Shows and runs one command; says `text` with its time."""
        program = program or self.hikae
        shown = [pathlib.Path(program).name, *arguments]
        connection = " ".join(self.server.client("")[1:]) + " "
        self.tell.command(shown, [(connection, ""), (self.rental, "/rental"), (self.folder, "")])
        output, seconds = run([program, *arguments], self.environment, **options)
        self.tell.done(text, seconds)
        return output

    def capture(self):
        """One snapshot a source: the database through a dump command, the mail and the site as files."""
        self.do("the database", "backup", "--host", "minamotoya", "--tag", "shop", "--stdin-filename", "shop.sql",
                "--stdin-from-command", "--", *self.server.dump_command(Shop.name))
        self.do("the mail", "backup", "--host", "minamotoya", "--tag", "mail", self.mail.folder)
        self.do("the site", "backup", "--host", "minamotoya", "--tag", "site", self.site.folder)

    def set_aside(self, name):
        """A copy of the truth, made without the tool under test, to compare with afterwards."""
        kept = self.safe / name
        kept.mkdir(parents=True)
        subprocess.run(["cp", "-a", str(self.mail.folder), str(self.site.folder), str(kept)], check=True)
        self.server.dump(Shop.name, kept / "shop.sql")
        return kept

    def facts(self):
        self.tell.note(f"{self.shop.count():,} orders in the database, {self.mail.count()} mails, "
                       f"{self.site.count()} files on the site")

    def prove_capture(self, kept, maildir, htdocs, dump):
        """Compares what came back with what was set aside."""
        size = same_bytes(kept / "shop.sql", dump)
        self.tell.proved(f"the database: {size:,} bytes of dump are equal")
        for name, place in (("Maildir", maildir), ("htdocs", htdocs)):
            entries = same_files(kept / name, place)
            self.tell.proved(f"{name}: {entries} entries are equal in bytes, names, modes, owners, times and links")

    def snapshots_of(self, tag):
        """The snapshots with a tag, oldest first."""
        listed = json.loads(run([self.hikae, "snapshots", "--json", "--tag", tag], self.environment)[0])
        return [snapshot["id"][:8] for snapshot in sorted(listed, key=lambda snapshot: snapshot["time"])]

    def run(self):
        tell = self.tell
        tell.line(tell.paint("1", "和菓子 みなもと屋, a sweet shop that sells by post, rents a server. This is its story."))

        tell.heading("1. A company on a rental server")
        began = time.monotonic()
        self.rental.mkdir()
        self.shop = Shop(self.server, self.seed)
        self.shop.open_for_business()
        self.mail.open_for_business()
        self.site.open_for_business()
        tell.done("a real MariaDB with the shop, a Maildir, a web site", time.monotonic() - began)
        self.facts()

        tell.heading("2. Captured")
        self.do("an empty repository in restic's format", "init")
        self.capture()
        first = self.set_aside("first")

        tell.heading("3. Business goes on")
        self.shop.go_on()
        self.mail.go_on()
        self.site.go_on()
        self.facts()

        tell.heading("4. Captured again: only what is new is stored")
        before = self.stored()
        self.capture()
        second = self.set_aside("second")
        tell.note(f"the repository grew from {before / 1e6:.1f} MB to {self.stored() / 1e6:.1f} MB")
        if (first / "shop.sql").read_bytes() == (second / "shop.sql").read_bytes():
            raise Mismatch("business did not go on: both dumps are the same")

        tell.heading("5. One wrong script")
        self.server.run(f"DROP DATABASE {Shop.name}")
        for folder in (self.mail.folder, self.site.folder):
            shutil.rmtree(folder)
            folder.mkdir()
        tell.failed("database dropped, mail and site erased; the server is healthy, and empty")

        tell.heading("6. Everything comes back")
        dump = self.folder / "restored.sql"
        with open(dump, "wb") as file:
            self.do("the dump", "dump", "--tag", "shop", "latest", "shop.sql", stdout=file)
        began = time.monotonic()
        with open(dump, "rb") as file:
            run(self.server.client("mariadb"), stdin=file)
        tell.done("loaded into MariaDB", time.monotonic() - began)
        for tag, folder in (("mail", self.mail.folder), ("site", self.site.folder)):
            self.do(f"the {tag}", "restore", "--tag", tag, f"latest:{folder}", "--target", folder)
        self.facts()
        again = self.folder / "again.sql"
        self.server.dump(Shop.name, again)
        self.prove_capture(second, self.mail.folder, self.site.folder, again)

        tell.heading("7. And as it was at the first capture")
        past = self.folder / "past"
        oldest = {tag: self.snapshots_of(tag)[0] for tag in ("shop", "mail", "site")}
        past.mkdir()
        with open(past / "shop.sql", "wb") as file:
            self.do("the dump", "dump", oldest["shop"], "shop.sql", stdout=file)
        for tag, source in (("mail", self.mail.folder), ("site", self.site.folder)):
            self.do(f"the {tag}", "restore", f"{oldest[tag]}:{source}", "--target", past / source.name)
        self.prove_capture(first, past / "Maildir", past / "htdocs", past / "shop.sql")

        tell.heading("8. Without Hikae: the real restic on the same repository")
        self.do("checks every byte", "check", "--read-data", program="restic")
        elsewhere = self.folder / "by-restic"
        for tag in ("shop", "mail", "site"):
            self.do(f"restores the {tag}", "restore", "latest", "--tag", tag, "--target", elsewhere, program="restic")
        below = elsewhere / str(self.rental).lstrip("/")
        self.prove_capture(second, below / "Maildir", below / "htdocs", elsewhere / "shop.sql")

        tell.heading("9. Kept tidy")
        self.do("only the newest of each", "forget", "--keep-last", "1", "--prune")
        self.do("still whole", "check", "--read-data")
        if len(self.snapshots_of("site")) != 1:
            raise Mismatch("forget --keep-last 1 did not leave one snapshot of the site")

        tell.line()
        tell.line(tell.paint("1;32", f"Everything that was lost came back: {tell.proofs} comparisons, none differed, in "
                                     f"{time.monotonic() - tell.began:.0f} s."))

    def stored(self):
        return sum(path.stat().st_size for path in self.repository.rglob("*") if path.is_file())


def main():
    parser = argparse.ArgumentParser(description="A small company, captured, lost and restored.")
    parser.add_argument("--hikae", default=".build/release/hikae", help="the command to demonstrate")
    parser.add_argument("--seed", type=int, default=2012, help="another seed is another company")
    parser.add_argument("--keep", action="store_true", help="leave the temporary directory in place")
    options = parser.parse_args()
    hikae = pathlib.Path(options.hikae).resolve()
    if not hikae.exists():
        parser.error(f"{hikae} is not there; run make build first")

    def interrupted(number, _):
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, interrupted)
    # Short, because a socket's path may have 107 bytes at most.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="hikae-demo-", dir="/tmp"))
    demo = Demo(hikae, folder, options.seed)
    try:
        with Server(folder / "database") as server:
            demo.server = server
            demo.run()
        return 0
    except (Mismatch, RuntimeError, OSError, subprocess.SubprocessError) as error:
        demo.tell.failed(str(error))
        return 1
    finally:
        if options.keep:
            print(f"left in place: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())

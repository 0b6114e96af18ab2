"""The practice provider by one command: real servers on loopback, with three invented companies living on them.

    python3 -B practice/practice.py run            start P (full) and P2 (empty), write plans, stay until Ctrl-C
    python3 -B practice/practice.py business       from another terminal: a day's business goes on at P
    python3 -B practice/practice.py own-backup     P copies itself, as every morning at 06:30
    python3 -B practice/practice.py wipe           the maintenance script: everything at P is erased, P's copy too
    python3 -B practice/practice.py reborn         the mailbox info@ is deleted and made again, and five mails arrive
    python3 -B practice/practice.py partial-loss   3 % of one 10-hour window's mail and 1 % of the objects vanish
    python3 -B practice/practice.py stop           what Ctrl-C does

Any user can run it, several at a time in folders of their own (--folder). It listens on loopback only, and when it ends
nothing of it runs any more. The data are the same for the same seed.
"""

import argparse
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import sys
import time

import disasters
from company import settle
from data.people import NEW_YEAR, tenants
from plan import PlanFile
from provider import KINDS, Provider


class Practice:
    """Provider P, full, and P2, empty but for accounts, in one folder; and what happens to them."""

    def __init__(self, folder, seed, scale, kinds):
        self.folder, self.seed, self.scale, self.kinds = pathlib.Path(folder), seed, scale, kinds
        self.tenants = tenants(seed)
        self.p = Provider("P", self.folder / "P", self.tenants, kinds)
        self.p2 = Provider("P2", self.folder / "P2", self.tenants, kinds)
        self.companies, self.vault = [], ""

    def open(self):
        """Fills P, gives P2 its empty accounts, and writes the plans and the environment."""
        self.companies = settle(self.p, self.seed, self.scale)
        self.p2.make_accounts()
        tenant = self.tenants[0]
        mine = PlanFile(self.folder, tenant, self.p)
        mine.write()
        PlanFile(self.folder, tenant, self.p2, name="p2", is_destination=True).write()
        self.vault = f"-r {mine.vault} --password-file {mine.vault_password}"
        # A repository named in the environment would be used instead of the plan's vaults, so none is.
        (self.folder / "practice.env").write_text(
            f"export HIKAE_PLAN={mine.path}\nexport HIKAE_CACHE_DIR={self.folder}/cache\n"
            f"export HIKAE_STATE={self.folder}/state\nvault='{self.vault}'\n")

    def business(self):
        """A day's business."""
        for company in self.companies:
            company.go_on()
        return "orders were placed, patients came, mail arrived, pages were edited"

    def own_backup(self):
        """P's own copy."""
        self.p.back_itself_up()
        return f"P has copied itself to {self.p.own_backup}"

    def wipe(self):
        """The maintenance script."""
        disasters.maintenance_script(self.p)
        return "everything at P is erased, and P's own copy; the servers are healthy, and empty"

    def reborn(self):
        """The mailbox with a new UIDVALIDITY."""
        before, after = disasters.mailbox_reborn(self.p, self.tenants[0], "info")
        self.companies[0].deliver("info", self.companies[0].mail["info"].letters(5))
        return f"info@ was made anew: UIDVALIDITY {before} became {after}, and five mails arrived"

    def partial_loss(self):
        """A little of the mail and of the objects."""
        window = (NEW_YEAR + 36_000, NEW_YEAR + 72_000)
        mails, _ = disasters.expunge_some(self.p, self.tenants[0], "info", window, 0.03, self.seed)
        keys = disasters.delete_some_objects(self.p, self.tenants[0], 0.01, self.seed)
        return f"{len(mails)} mail(s) and {len(keys)} object(s) are gone; no data was lost, says the provider"

    def obey(self, command):
        """Does what another terminal asks for; what to tell there."""
        return {"business": self.business, "own-backup": self.own_backup, "wipe": self.wipe, "reborn": self.reborn,
                "partial-loss": self.partial_loss}[command]()

    def serve(self):
        """Stays until interrupted or told to stop, and obeys other terminals."""
        path = self.folder / "control"
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            path.chmod(0o600)
            listener.listen(4)
            while True:
                connection, _ = listener.accept()
                with connection:
                    command = connection.recv(100).decode(errors="replace").strip()
                    if command == "stop":
                        return
                    began = time.monotonic()
                    try:
                        answer = f"{self.obey(command)} ({time.monotonic() - began:.1f} s)"
                    except (RuntimeError, OSError, KeyError) as error:
                        answer = f"failed: {error}"
                    with contextlib.suppress(OSError):
                        connection.sendall(answer.encode())
                    print(answer, flush=True)


def ask(folder, command):
    """Asks the running practice provider to do something."""
    with socket.socket(socket.AF_UNIX) as connection:
        # One that is still starting is waited for.
        patience = time.monotonic() + 300
        while (folder / "P").exists() and not (folder / "control").exists() and time.monotonic() < patience:
            time.sleep(0.2)
        try:
            connection.connect(str(folder / "control"))
        except OSError:
            raise SystemExit(f"no practice provider runs in {folder}: start it with `practice.py run`") from None
        connection.sendall(command.encode())
        answer = b""
        while part := connection.recv(4096):
            answer += part
    print(answer.decode())
    return 1 if answer.startswith(b"failed") else 0


def run(options):
    """Starts both providers, and stays."""
    folder = options.folder
    if (folder / "P").exists() or (folder / "P2").exists():
        raise SystemExit(f"{folder} holds a practice provider already: stop it, or remove the folder")
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)

    def interrupted(_number, _frame):
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    practice = Practice(folder, options.seed, options.scale, options.kinds.split(",") if options.kinds else KINDS)
    try:
        print("starting the servers of P and P2 …", flush=True)
        with practice.p, practice.p2:
            practice.open()
            print(f"""P is full, P2 is empty. In another terminal:
    . {folder}/practice.env
    hikae init $vault && hikae plan check && hikae backup
    python3 -B practice/practice.py wipe --folder {folder}
    hikae backup; hikae status; hikae restore --all --to-plan {folder}/p2.yaml
Ctrl-C stops everything and removes {folder}.""", flush=True)
            practice.serve()
    except KeyboardInterrupt:
        pass
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["run", "business", "own-backup", "wipe", "reborn", "partial-loss", "stop"])
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path(f"/tmp/hikae-practice-{os.getuid()}"),
                        help="where everything lies; short, because sockets have short names")
    parser.add_argument("--seed", type=int, default=2012)
    parser.add_argument("--scale", type=float, default=1.0, help="how large the company is")
    parser.add_argument("--kinds", help=f"only these servers: {','.join(KINDS)}")
    options = parser.parse_args()
    options.folder = options.folder.absolute()
    return run(options) if options.command == "run" else ask(options.folder, options.command)


if __name__ == "__main__":
    sys.exit(main())

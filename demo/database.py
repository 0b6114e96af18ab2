"""A real MariaDB server of the demonstration's own: its own directory, its own socket, no network port.

It touches no database server that the machine may run, and stops, by its own process, when it is left.
"""

import os
import pathlib
import pwd
import shutil
import subprocess
import time


class Server:
    """A running server; a context manager that stops it at the end, whatever happened."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.socket = self.folder / "mariadb.sock"
        self.log = self.folder / "mariadb.log"
        self.process = None
        # The server refuses to run as root unless told to.
        self.user = ["--user=" + pwd.getpwuid(os.geteuid()).pw_name]

    def __enter__(self):
        self.folder.mkdir(parents=True)
        self.initialise()
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def data(self):
        return self.folder / "data"

    def initialise(self):
        """An empty data directory, with an account that needs no password on the private socket."""
        # --force and --skip-name-resolve: a machine whose own name does not resolve must do.
        result = subprocess.run(
            ["mariadb-install-db", "--no-defaults", "--datadir=" + str(self.data), "--skip-test-db", "--force",
             "--skip-name-resolve", "--auth-root-authentication-method=normal", *self.user],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if result.returncode != 0:
            raise RuntimeError("mariadb-install-db failed:\n" + result.stdout)

    def start(self):
        program = shutil.which("mariadbd") or "/usr/sbin/mariadbd"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [program, "--no-defaults", "--datadir=" + str(self.data), "--socket=" + str(self.socket),
                 "--pid-file=" + str(self.folder / "mariadb.pid"), "--skip-networking", "--skip-name-resolve",
                 "--character-set-server=utf8mb4", "--collation-server=utf8mb4_unicode_ci",
                 "--innodb-buffer-pool-size=64M", "--innodb-flush-log-at-trx-commit=2", "--skip-log-bin", *self.user],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + 60
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the database server did not start:\n" + self.log.read_text(errors="replace")[-4000:])
            time.sleep(0.1)

    def answers(self):
        return self.socket.exists() and subprocess.run(
            self.client("mariadb-admin", "ping"), stdin=subprocess.DEVNULL, capture_output=True).returncode == 0

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def client(self, program, *arguments):
        """The command line of a client program that talks to this server and no other."""
        return [program, "--no-defaults", "--user=root", "--socket=" + str(self.socket),
                "--default-character-set=utf8mb4", *arguments]

    def dump_command(self, database):
        """mariadb-dump of one database: consistent, complete, and the same text for the same rows."""
        return self.client("mariadb-dump", "--single-transaction", "--skip-dump-date", "--hex-blob", "--routines",
                           "--triggers", "--events", "--order-by-primary", "--databases", database)

    def dump(self, database, path):
        with open(path, "wb") as file:
            subprocess.run(self.dump_command(database), stdin=subprocess.DEVNULL, stdout=file, check=True)

    def run(self, sql):
        """Runs statements; raises with the server's words when one fails."""
        result = subprocess.run(self.client("mariadb"), input=sql.encode(), capture_output=True)
        if result.returncode != 0:
            raise RuntimeError("SQL failed: " + result.stderr.decode(errors="replace"))

    def ask(self, sql):
        """The single value that a query answers."""
        result = subprocess.run(self.client("mariadb", "--batch", "--skip-column-names", "-e", sql),
                                stdin=subprocess.DEVNULL, capture_output=True, check=True)
        return result.stdout.decode().strip()

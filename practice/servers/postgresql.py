"""A PostgreSQL server of the practice provider: passwords on TCP, a superuser and an account for backups.

Needs: postgresql

PostgreSQL refuses to run as root, so root starts it as "postgres" (or "nobody"), in a folder that this user can reach.
Nothing is flushed to disk: these are practice data.
"""

import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

import certificates
import common

SUPERUSER, SUPERUSER_PASSWORD = "postgres", "over:all\\of 'it'"
BACKUP, BACKUP_PASSWORD = "backup", "ひかえ#:\\\"1"


def program(name):
    """The newest of the server's programs, which Debian keeps out of PATH."""
    versions = sorted(pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    found = str(versions[-1]) if versions else shutil.which(name)
    if not found:
        raise SystemExit(f"{name} is not installed")
    return found


class Account:
    """The user that the server runs as, and the folder it runs in."""

    def __init__(self, folder):
        self.options, self.home, self.made = {}, folder, None
        folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() != 0:
            return
        names = {entry.pw_name: entry for entry in pwd.getpwall()}
        entry = names.get("postgres") or names["nobody"]
        self.options = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        os.chown(folder, entry.pw_uid, entry.pw_gid)
        if subprocess.run(["test", "-w", str(folder)], **self.options).returncode != 0:
            self.made = self.home = pathlib.Path(tempfile.mkdtemp(prefix="hikae-pg-"))
            os.chown(self.home, entry.pw_uid, entry.pw_gid)

    def run(self, *arguments, **options):
        result = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=self.home,
                                **self.options, **options)
        if result.returncode != 0:
            raise SystemExit(f"{arguments[0]} failed:\n{result.stdout}")
        return result.stdout

    def own(self, file):
        """A copy of a file that the server may read and nobody else; its path."""
        copy = self.home / file.name
        if copy != file:
            shutil.copyfile(file, copy)
        copy.chmod(0o600)
        if self.options:
            os.chown(copy, self.options["user"], self.options["group"])
        return copy

    def leave(self):
        if self.made:
            shutil.rmtree(self.made, ignore_errors=True)


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def main():
    arguments = common.parser(__doc__.splitlines()[0])
    arguments.add_argument("--tls", nargs="?", const=certificates.THIS_MACHINE, metavar="NAMES",
                           help="offer TLS, with a certificate for this machine or these names, of an authority of its own")
    options = arguments.parse_args()
    account = Account(options.folder.resolve())
    port = options.port or common.free_port()
    data, sockets = account.home / "data", account.home
    process = None
    try:
        if not data.exists():
            account.run(program("initdb"), "-D", str(data), "-U", SUPERUSER, "--encoding=UTF8", "--locale=C.UTF-8",
                        "--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync", "--no-instructions")
        settings = {"listen_addresses": common.HOST, "port": port, "unix_socket_directories": sockets,
                    "unix_socket_permissions": "0700", "fsync": "off", "synchronous_commit": "off",
                    "full_page_writes": "off", "shared_buffers": "64MB", "max_wal_size": "4GB",
                    "autovacuum_naptime": "1h", "password_encryption": "scram-sha-256"}
        facts = {}
        if options.tls:
            authority, certificate, key, _ = certificates.make(options.folder.resolve(), options.tls)
            facts = {"authority": str(authority), "stranger": str(authority.with_name("stranger.pem"))}
            settings |= {"ssl": "on", "ssl_cert_file": account.own(certificate), "ssl_key_file": account.own(key)}
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        process = common.start([program("postgres"), "-D", str(data), *words], options.folder / "server.log",
                               cwd=account.home, **account.options)
        common.wait_for_port(port, process)
        # It listens before it takes anybody in.
        end = time.monotonic() + 300
        while subprocess.run(["pg_isready", "-q", "-h", common.HOST, "-p", str(port)], check=False).returncode != 0:
            if time.monotonic() > end:
                raise RuntimeError("PostgreSQL does not get ready")
            time.sleep(0.1)
        sql = f"""
            ALTER ROLE {SUPERUSER} PASSWORD {literal(SUPERUSER_PASSWORD)};
            DO $$ BEGIN CREATE ROLE {BACKUP} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
            ALTER ROLE {BACKUP} PASSWORD {literal(BACKUP_PASSWORD)};
            GRANT pg_read_all_data TO {BACKUP};"""
        account.run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", str(sockets), "-p", str(port), "-U", SUPERUSER,
                    "-d", "postgres", input=sql)

        def stop():
            # SIGINT: without waiting for clients to leave.
            with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
                os.kill(process.pid, signal.SIGINT)
                process.wait(15)
            common.stop(process)

        common.serve({"server": "postgresql", "host": common.HOST, "port": port, "socket": str(sockets),
                      "superuser": SUPERUSER, "superuser_password": SUPERUSER_PASSWORD, "user": BACKUP,
                      "password": BACKUP_PASSWORD, "process": process.pid, **facts}, stop)
    finally:
        if process is not None and process.poll() is None:
            common.stop(process, seconds=1)
        account.leave()


if __name__ == "__main__":
    main()

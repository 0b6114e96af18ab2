"""A MariaDB server of the practice provider: passwords, a superuser and an account for backups.

Needs: mariadb-server
"""

import os
import pathlib
import pwd
import shutil
import subprocess

import certificates
import common

SUPERUSER, SUPERUSER_PASSWORD = "root", "over \"all\" of # it\\"
BACKUP, BACKUP_PASSWORD = "backup", "ひかえ#;\\\"1'"


def literal(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def main():
    arguments = common.parser(__doc__.splitlines()[0])
    arguments.add_argument("--tls", nargs="?", const=certificates.THIS_MACHINE, metavar="NAMES",
                           help="offer TLS, with a certificate for this machine or these names, of an authority of its own")
    options = arguments.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    port = options.port or common.free_port()
    data, socket = folder / "data", folder / "mariadb.sock"
    # The server refuses to run as root unless told to.
    user = "--user=" + pwd.getpwuid(os.geteuid()).pw_name
    # Each server has a folder for temporary files: one that starts clears away what it takes for leftovers of others.
    scratch = folder / "tmp"
    scratch.mkdir(exist_ok=True)
    if not data.exists():
        # --force and --skip-name-resolve: a machine whose own name does not resolve must do.
        result = subprocess.run(
            ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db", "--force",
             "--skip-name-resolve", "--auth-root-authentication-method=normal", f"--tmpdir={scratch}", user],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if result.returncode != 0:
            raise SystemExit("mariadb-install-db failed:\n" + result.stdout)
    first = folder / "accounts.sql"
    first.write_text(f"""
        ALTER USER 'root'@'localhost' IDENTIFIED BY {literal(SUPERUSER_PASSWORD)};
        DROP USER IF EXISTS 'root'@'127.0.0.1', 'root'@'::1';
        CREATE USER IF NOT EXISTS '{SUPERUSER}'@'%' IDENTIFIED BY {literal(SUPERUSER_PASSWORD)};
        GRANT ALL ON *.* TO '{SUPERUSER}'@'%' WITH GRANT OPTION;
        CREATE USER IF NOT EXISTS '{BACKUP}'@'%' IDENTIFIED BY {literal(BACKUP_PASSWORD)};
        GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES, PROCESS ON *.* TO '{BACKUP}'@'%';
        """.replace("\n        ", "\n"))
    first.chmod(0o600)
    facts, words = {}, []
    if options.tls:
        authority, certificate, key, _ = certificates.make(folder, options.tls)
        facts = {"authority": str(authority), "stranger": str(authority.with_name("stranger.pem"))}
        words = [f"--ssl-ca={authority}", f"--ssl-cert={certificate}", f"--ssl-key={key}"]
    program = shutil.which("mariadbd") or "/usr/sbin/mariadbd"
    process = common.start(
        [program, "--no-defaults", f"--datadir={data}", f"--socket={socket}", f"--pid-file={folder / 'mariadb.pid'}",
         f"--bind-address={common.HOST}", f"--port={port}", "--skip-name-resolve", f"--init-file={first}",
         "--character-set-server=utf8mb4", "--collation-server=utf8mb4_unicode_ci", "--innodb-buffer-pool-size=128M",
         "--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync", "--innodb-doublewrite=0",
         "--max-allowed-packet=256M", "--connect-timeout=60", "--skip-log-bin", f"--tmpdir={scratch}", user, *words],
        folder / "server.log", cwd=folder)
    try:
        common.wait_for_port(port, process)
        common.serve({"server": "mariadb", "host": common.HOST, "port": port, "socket": str(socket),
                      "superuser": SUPERUSER, "superuser_password": SUPERUSER_PASSWORD, "user": BACKUP,
                      "password": BACKUP_PASSWORD, "process": process.pid, **facts}, lambda: common.stop(process))
    finally:
        if process.poll() is None:
            common.stop(process, seconds=1)
        pathlib.Path(first).unlink(missing_ok=True)


if __name__ == "__main__":
    main()

"""A provider: real servers on loopback that three tenants share, and what its customers and its own staff can do there.

One folder holds everything of it. Servers keep their ports and folders when they are restarted. It knows nothing of
Hikae: it is the other side.
"""

import concurrent.futures
import contextlib
import imaplib
import os
import pathlib
import shutil
import ssl
import subprocess

import running  # noqa: F401 (finds practice/servers)
import common
from running import Running

KINDS = ["openssh", "ftp", "dovecot", "mariadb", "postgresql", "s3", "nginx"]
ACCOUNTS = ["info", "order"]


class Provider:
    """Provider P or P2: a context manager; at its end nothing of it runs."""

    def __init__(self, name, folder, tenants, kinds=None, takes_any_time=False):
        """`takes_any_time`: the bucket's signatures are not checked, because the clock of who asks is a practice clock."""
        self.name, self.folder = name, pathlib.Path(folder)
        self.tenants, self.kinds = tenants, list(kinds or KINDS)
        self.takes_any_time = takes_any_time
        self.servers = {}
        self.ports = {}

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    # Places on the provider's disk

    def site(self, tenant):
        """The folder that the tenant's web site is served from, reached by SFTP."""
        return self.folder / "home" / tenant.name / "htdocs"

    def pages(self, tenant):
        """The folder of the tenant's old site, reached by FTP."""
        return self.folder / "ftp" / tenant.name

    @property
    def own_backup(self):
        """Where the provider keeps its own copy of everything: on the same disk."""
        return self.folder / "backup"

    @staticmethod
    def bucket(tenant):
        """The tenant's bucket."""
        return f"{tenant.name}-photos"

    @staticmethod
    def shop(tenant):
        """The tenant's database on the MariaDB server."""
        return f"{tenant.name}_shop"

    @staticmethod
    def clinic(tenant):
        """The tenant's database on the PostgreSQL server."""
        return f"{tenant.name}_clinic"

    @property
    def ftp_security(self):
        """TLS, but for a practice clock: the server's certificate is good for a month only."""
        return "none" if self.takes_any_time else "explicit"

    @staticmethod
    def password(tenant, what):
        """A tenant's password; not the same at two services."""
        return f"{tenant.name}/{what} sample#1"

    # Servers

    def start(self):
        """Starts every server that does not run, all at once, and waits until all answer."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        for tenant in self.tenants:
            for place in (self.site(tenant), self.pages(tenant)):
                place.mkdir(parents=True, exist_ok=True)
        for kind in self.kinds:
            if kind not in self.servers:
                self.servers[kind] = Running(kind, self.folder / "servers" / kind, self.arguments(kind))
        for kind, server in self.servers.items():
            facts = server.wait()
            self.ports.setdefault(kind, facts.get("port", 0))
            if kind == "dovecot":
                self.ports.setdefault("starttls", facts["starttls_port"])

    def arguments(self, kind):
        """What a server's script is told besides its folder."""
        words = ["--port", self.ports[kind]] if self.ports.get(kind) else []
        if kind == "dovecot":
            words += ["--starttls-port", self.ports["starttls"]] if "starttls" in self.ports else []
            for tenant in self.tenants:
                for account in ACCOUNTS:
                    words += ["--user", f"{account}@{tenant.domain}:{self.password(tenant, 'mail')}"]
        elif kind == "s3":
            for tenant in self.tenants:
                words += ["--bucket", self.bucket(tenant)]
            words += ["--unchecked"] if self.takes_any_time else []
        elif kind == "nginx":
            sites = self.ports.setdefault("sites", {tenant.name: common.free_port() for tenant in self.tenants})
            words = []
            for tenant in self.tenants:
                words += ["--site", f"{tenant.name}={self.site(tenant)}={sites[tenant.name]}"]
        elif kind == "ftp":
            # Names in Shift_JIS on the wire, as at many a rental server in Japan. One account, the first tenant's.
            words += ["--root", self.pages(self.tenants[0]), "--encoding", "shift_jis", "--tls", self.ftp_security]
        return words

    def stop(self):
        """Stops every server."""
        for server in self.servers.values():
            server.tell_to_stop()
        with contextlib.suppress(KeyboardInterrupt):
            for server in self.servers.values():
                server.stop()
        self.servers = {}

    def restart(self):
        """As after a maintenance: every server anew, on the ports and in the folders it had."""
        self.stop()
        self.start()

    def facts(self, kind):
        """What a server's script said of it."""
        return self.servers[kind].facts

    # What one can do with them, by programs that are none of Hikae's

    def mariadb(self, sql, database=""):
        """Runs SQL as the superuser; what it prints."""
        facts = self.facts("mariadb")
        words = ["mariadb", "--no-defaults", "--protocol=TCP", f"--host={facts['host']}", f"--port={facts['port']}",
                 f"--user={facts['superuser']}", "--default-character-set=utf8mb4", "--batch", "--skip-column-names",
                 "--max-allowed-packet=256M", "--connect-timeout=60", *([database] if database else [])]
        return self.told(words, sql, MYSQL_PWD=facts["superuser_password"])

    def mariadb_dump(self, database):
        """The database as text, by MariaDB's own program, the same for the same content."""
        facts = self.facts("mariadb")
        return self.told(["mariadb-dump", "--no-defaults", "--protocol=TCP", f"--host={facts['host']}",
                          f"--port={facts['port']}", f"--user={facts['superuser']}", "--default-character-set=utf8mb4",
                          "--single-transaction", "--skip-dump-date", "--hex-blob", "--routines", "--triggers", "--events",
                          "--order-by-primary", "--skip-comments", database], "",
                         MYSQL_PWD=facts["superuser_password"])

    def psql(self, sql, database="postgres"):
        """Runs a script as the superuser; what it prints."""
        facts = self.facts("postgresql")
        return self.told(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", facts["host"], "-p",
                          str(facts["port"]), "-U", facts["superuser"], "-d", database, "-f", "-"], sql,
                         PGPASSWORD=facts["superuser_password"])

    def pg_dump(self, database):
        """The database as text, by PostgreSQL's own program."""
        facts = self.facts("postgresql")
        return self.told(["pg_dump", "-h", facts["host"], "-p", str(facts["port"]), "-U", facts["superuser"], database], "",
                         PGPASSWORD=facts["superuser_password"])

    @staticmethod
    def told(words, text, **environment):
        """Runs a program with something to read; what it printed. Raises with its words when it fails."""
        result = subprocess.run(words, input=text.encode(), capture_output=True,
                                env={**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC", **environment}, check=False)
        if result.returncode != 0:
            raise RuntimeError(f"{words[0]} failed: {result.stderr.decode(errors='replace')[-2000:]}")
        return result.stdout.decode()

    @contextlib.contextmanager
    def imap(self, tenant, account):
        """A connection to a mail account, logged in."""
        facts = self.facts("dovecot")
        context = ssl.create_default_context(cafile=facts["authority"])
        connection = imaplib.IMAP4_SSL("127.0.0.1", facts["port"], ssl_context=context)
        try:
            connection.login(f"{account}@{tenant.domain}", self.password(tenant, "mail"))
            yield connection
        finally:
            with contextlib.suppress(imaplib.IMAP4.error, OSError):
                connection.logout()

    def s3(self):
        """A boto3 client that may do everything."""
        import boto3
        from botocore.config import Config

        facts = self.facts("s3")
        return boto3.client("s3", endpoint_url=facts["endpoint"], region_name=facts["region"],
                            aws_access_key_id=facts["access_key"], aws_secret_access_key=facts["secret_key"],
                            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}))

    def put(self, tenant, objects):
        """Puts objects into the tenant's bucket."""
        s3 = self.s3()

        def one(item):
            s3.put_object(Bucket=self.bucket(tenant), Key=item.key, Body=item.content, ContentType=item.content_type,
                          Metadata=item.metadata, **item.headers)

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(one, objects))

    def keys(self, tenant):
        """The keys in the tenant's bucket, sorted."""
        pages = self.s3().get_paginator("list_objects_v2").paginate(Bucket=self.bucket(tenant))
        return sorted(item["Key"] for page in pages for item in page.get("Contents", []))

    # What the provider's own staff does

    def make_accounts(self):
        """Databases and their owners for every tenant, as a control panel makes them: empty."""
        for tenant in self.tenants:
            if "mariadb" in self.servers:
                self.mariadb(f"""
                    CREATE DATABASE IF NOT EXISTS {self.shop(tenant)} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
                    CREATE USER IF NOT EXISTS '{tenant.name}'@'%' IDENTIFIED BY '{self.password(tenant, "sql")}';
                    GRANT ALL ON {self.shop(tenant)}.* TO '{tenant.name}'@'%';""")
            if "postgresql" in self.servers:
                self.psql(f"""
                    DO $$ BEGIN CREATE ROLE {tenant.name} LOGIN PASSWORD '{self.password(tenant, "sql")}';
                    EXCEPTION WHEN duplicate_object THEN NULL; END $$;
                    CREATE DATABASE {self.clinic(tenant)} OWNER {tenant.name} ENCODING 'UTF8' TEMPLATE template0;
                    REVOKE CONNECT ON DATABASE {self.clinic(tenant)} FROM PUBLIC;
                    GRANT CONNECT ON DATABASE {self.clinic(tenant)} TO backup;""")

    def back_itself_up(self):
        """The provider's own nightly copy, at 06:30: a real one, on the same disk."""
        shutil.rmtree(self.own_backup, ignore_errors=True)
        self.own_backup.mkdir()
        for place in ("home", "ftp"):
            subprocess.run(["cp", "-a", str(self.folder / place), str(self.own_backup)], check=True)
        if "dovecot" in self.servers:
            subprocess.run(["cp", "-a", self.facts("dovecot")["mail"], str(self.own_backup / "mail")], check=True)
        for tenant in self.tenants:
            if "mariadb" in self.servers:
                (self.own_backup / f"{self.shop(tenant)}.sql").write_text(self.mariadb_dump(self.shop(tenant)))
            if "postgresql" in self.servers:
                (self.own_backup / f"{self.clinic(tenant)}.sql").write_text(self.pg_dump(self.clinic(tenant)))

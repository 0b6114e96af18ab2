"""The plan (hikae.yaml) of a practice company: everything it has at a provider, and where the copy goes.

Secrets stand in files beside the plan, each readable by its owner only; the plan says where.
"""

import os
import pathlib

# System, its title, its sources: in the order in which the business needs them back.
SYSTEMS = [("clinic", "診療所", ["charts"]), ("shop", "通販", ["orders", "site", "photos"]),
           ("mail", "メール", ["info", "order"]), ("pages", "旧サイト", ["old"])]
KIND_OF = {"charts": "postgresql", "orders": "mariadb", "site": "openssh", "photos": "s3", "info": "dovecot",
           "order": "dovecot", "old": "ftp"}


class PlanFile:
    """A company's plan for a provider, written below `folder`."""

    def __init__(self, folder, tenant, provider, name="hikae", vault=None, is_destination=False):
        """`is_destination`: the provider is where things go back to, so its accounts are those that may write."""
        self.folder, self.tenant, self.provider = pathlib.Path(folder), tenant, provider
        self.path = self.folder / f"{name}.yaml"
        self.secrets = self.folder / f"{name}.secrets"
        self.vault = pathlib.Path(vault or self.folder / "vault")
        self.is_destination = is_destination
        self.extra = ""  # further sections, as text
        self.more_vaults = []  # further vaults, each the lines of its keys but for the password

    @property
    def vault_password(self):
        """The file that the vault's password stands in; the same for every plan of the folder."""
        return self.folder / "vault.password"

    def secret(self, name, text):
        """Writes a secret to a file of its own; how the plan refers to it."""
        self.secrets.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.secrets / name
        path.touch(mode=0o600)
        path.write_text(text + "\n")
        return f"file:{path}"

    def source(self, name):
        """The lines of one source."""
        kind, facts = KIND_OF[name], self.provider.facts(KIND_OF[name])
        tenant, provider = self.tenant, self.provider
        if kind == "openssh":
            address = f"sftp://{facts['user']}@127.0.0.1:{facts['port']}{provider.site(tenant)}"
            return [f"sftp: {address}", f"identity: {facts['identity']}",
                    f"ssh-options: [\"UserKnownHostsFile={facts['known_hosts']}\", IdentitiesOnly=yes]"]
        if kind == "ftp":
            lines = [f"ftp: ftp://{facts['user']}@127.0.0.1:{facts['port']}/",
                     f"password: {self.secret(name, facts['password'])}", f"tls: {provider.ftp_security}",
                     "encoding: shift_jis"]
            return lines + ([f"trust: {{ca: {facts['certificate']}}}"] if facts.get("certificate") else [])
        if kind == "dovecot":
            secret = self.secret(name, provider.password(tenant, "mail"))
            return [f"imap: imaps://{name}@{tenant.domain}@127.0.0.1:{facts['port']}", f"password: {secret}",
                    f"trust: {{ca: {facts['authority']}}}"]
        if kind == "s3":
            return [f"s3: s3://{provider.bucket(tenant)}", f"endpoint: {facts['endpoint']}", f"region: {facts['region']}",
                    f"access-key: {self.secret('access-key', facts['access_key'])}",
                    f"secret-key: {self.secret('secret-key', facts['secret_key'])}", "path-style: true"]
        database = provider.shop(tenant) if kind == "mariadb" else provider.clinic(tenant)
        user, password = ("superuser", "superuser_password") if self.is_destination else ("user", "password")
        lines = [f"{kind}: {kind}://{facts[user]}@127.0.0.1:{facts['port']}/{database}",
                 f"password: {self.secret(name, facts[password])}"]
        return lines

    def write(self, names=None):
        """Writes the plan with the sources named, or all that the provider has; its path."""
        if not self.vault_password.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            self.vault_password.touch(mode=0o600)
            self.vault_password.write_text("正しい馬 battery staple\n")
        lines = [f"organisation: {self.tenant.title}", "language: en", "timezone: Asia/Tokyo", "vaults:", "  - name: office",
                 f"    repository: {self.vault}", f"    password: file:{self.vault_password}",
                 "    custody: {holder: 見本 花子, provider: own, account: none, place: 本社の金庫}", "systems:"]
        at = lines.index("systems:")
        for vault in self.more_vaults:
            block = [f"  - {vault[0]}", *(f"    {line}" for line in vault[1:]), f"    password: file:{self.vault_password}"]
            lines[at:at], at = block, at + len(block)
        for system, title, sources in SYSTEMS:
            chosen = [name for name in sources if KIND_OF[name] in self.provider.servers
                      and (names is None or name in names)]
            if not chosen:
                continue
            lines += [f"  - name: {system}", f"    title: {title}", "    objectives: {loss: 24h, back: 4h}", "    sources:"]
            for name in chosen:
                lines.append(f"      - name: {name}")
                lines += [f"        {line}" for line in self.source(name)]
        lines += ["retention: {last: 3, daily: 7, weekly: 4, monthly: 6}", "people:",
                  "  - {name: 見本 花子, mail: hanako@example.com, roles: [owner]}"]
        self.path.write_text("\n".join(lines) + "\n" + self.extra)
        os.chmod(self.path, 0o644)
        return self.path

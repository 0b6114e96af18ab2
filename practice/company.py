"""The companies that live at a provider: what they have there at the start, and a day's business.

Every tenant has everything: a web site (SFTP), an old site (FTP), two mail accounts, a shop's database, a clinic's
database, and a bucket. The first is the company of the story, the others are its neighbours, and smaller.
"""

import imaplib
import os
import pwd
import shutil

from data.bucket import Bucket
from data.clinic import Clinic
from data.mail import Mail, mailbox_name
from data.shop import Shop
from data.site import Site
from provider import ACCOUNTS

NEIGHBOUR = 0.1  # how large a neighbour is, beside the company of the story


class Company:
    """One tenant's life at a provider."""

    def __init__(self, provider, tenant, seed, scale=1.0):
        self.provider, self.tenant, self.scale = provider, tenant, scale
        self.shop = Shop(tenant, seed, scale)
        self.clinic = Clinic(tenant, seed, scale)
        self.site = Site(tenant, "site", provider.site(tenant), seed, scale)
        self.pages = Site(tenant, "pages", provider.pages(tenant), seed, scale / 2, has_links=False)
        self.bucket = Bucket(tenant, seed, scale)
        self.mail = {account: Mail(tenant, account, seed) for account in ACCOUNTS}

    def open_for_business(self):
        """Everything up to the present."""
        kinds = self.provider.servers
        self.site.opening()
        self.pages.opening()
        if "mariadb" in kinds:
            self.provider.mariadb(self.shop.opening(), self.provider.shop(self.tenant))
        if "postgresql" in kinds:
            self.in_the_clinic(self.clinic.opening())
        if "dovecot" in kinds:
            for account, mail in self.mail.items():
                self.deliver(account, mail.letters(max(12, int(300 * self.scale))))
        if "s3" in kinds:
            self.provider.put(self.tenant, self.bucket.opening())

    def go_on(self, part=0.05):
        """A day's business in everything."""
        kinds = self.provider.servers
        self.site.business()
        self.pages.business(2)
        if "mariadb" in kinds:
            self.provider.mariadb(self.shop.business(part), self.provider.shop(self.tenant))
        if "postgresql" in kinds:
            self.in_the_clinic(self.clinic.business(part))
        if "dovecot" in kinds:
            for account, mail in self.mail.items():
                self.deliver(account, mail.letters(max(3, int(300 * self.scale * part))))
            self.read_mail("info")
        if "s3" in kinds:
            self.provider.put(self.tenant, self.bucket.business())

    def in_the_clinic(self, sql):
        """Runs a script in the clinic's database, as its owner."""
        self.provider.psql(f"SET ROLE {self.tenant.name};\n{sql}", self.provider.clinic(self.tenant))

    def deliver(self, account, letters):
        """Appends letters to an account, with flags and dates."""
        with self.provider.imap(self.tenant, account) as connection:
            known = set()
            for letter in letters:
                name = mailbox_name(letter.mailbox)
                if name not in known and name != "INBOX":
                    connection.create(f'"{name}"')
                    connection.subscribe(f'"{name}"')
                known.add(name)
                status, answer = connection.append(f'"{name}"', f"({' '.join(letter.flags)})",
                                                   imaplib.Time2Internaldate(letter.date), letter.content)
                if status != "OK":
                    raise RuntimeError(f"the mail server refused a letter: {answer}")

    def read_mail(self, account):
        """Somebody reads, flags and deletes some mail."""
        with self.provider.imap(self.tenant, account) as connection:
            _, (count,) = connection.select("INBOX")
            count = int(count)
            connection.store(f"{max(1, count - 10)}:{count}", "+FLAGS", "(\\Seen)")
            connection.store(f"1:{min(5, count)}", "+FLAGS", "(\\Flagged)")
            connection.store("2:3", "+FLAGS", "(\\Deleted)")
            connection.expunge()

    def deliver_many(self, account, count):
        """Puts many letters straight into the Maildir: thousands a second, for measuring."""
        folder = self.provider.folder / "servers" / "dovecot" / "mail" / f"{account}@{self.tenant.domain}" / "Maildir"
        for part in ("cur", "new", "tmp"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        for number, letter in enumerate(self.mail[account].letters(count)):
            marks = "".join(mark for mark, flag in zip("FRS", ("\\Flagged", "\\Answered", "\\Seen"), strict=True)
                            if flag in letter.flags)
            path = folder / "cur" / f"{letter.date}.M{number}P1.practice,S={len(letter.content)}:2,{marks}"
            path.write_bytes(letter.content)
            os.utime(path, (letter.date, letter.date))
        if os.geteuid() == 0:
            for name in [folder.parent, *folder.parent.rglob("*")]:
                shutil.chown(name, "nobody", pwd.getpwnam("nobody").pw_gid)


def settle(provider, seed, scale=1.0):
    """Makes the accounts of every tenant and fills them; the companies, the story's first."""
    provider.make_accounts()
    companies = [Company(provider, tenant, seed, scale * (1 if number == 0 else NEIGHBOUR))
                 for number, tenant in enumerate(provider.tenants)]
    for company in companies:
        company.open_for_business()
    return companies

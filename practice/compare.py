"""What two providers hold, compared by other people's programs: diff, imaplib, the databases' own dump programs, boto3.

Every comparison raises Mismatch, or returns how much it compared.
"""

import collections
import concurrent.futures
import hashlib
import imaplib
import os
import pathlib
import re
import stat
import subprocess


class Mismatch(Exception):
    """Something that must be equal is not."""


def same_bytes_of_files(left, right):
    """`diff -r` finds no difference; how many files there are."""
    result = subprocess.run(["diff", "-r", "--no-dereference", str(left), str(right)], capture_output=True, check=False)
    if result.returncode != 0:
        raise Mismatch(f"{left} and {right} differ:\n" + (result.stdout + result.stderr).decode(errors="replace")[:2000])
    return sum(len(files) for _, _, files in os.walk(left))


def same_files(left, right, owners=False):
    """Bytes by `diff -r`; then kinds, modes, link targets, and files' times to the second. How many entries."""
    same_bytes_of_files(left, right)
    first, second = facts(left, owners), facts(right, owners)
    for name in sorted(first.keys() | second.keys()):
        if first.get(name) != second.get(name):
            raise Mismatch(f"{name}: {first.get(name)} became {second.get(name)}")
    return len(first)


def facts(root, owners):
    """What is recorded of every entry below `root`, by relative name."""
    found = {}
    for folder, directories, files in os.walk(root):
        for name in directories + files:
            path = os.path.join(folder, name)
            entry = os.lstat(path)
            is_file = stat.S_ISREG(entry.st_mode)
            found[os.path.relpath(path, root)] = (
                stat.filemode(entry.st_mode), (entry.st_uid, entry.st_gid) if owners else None,
                (int(entry.st_mtime), entry.st_size) if is_file else None,
                os.readlink(path) if stat.S_ISLNK(entry.st_mode) else None)
    return found


def mailboxes(connection):
    """Every mailbox's messages: name → a bag of (hash of the bytes, flags, INTERNALDATE)."""
    found = {}
    _, lines = connection.list()
    for line in lines:
        name = re.match(rb'\((?P<flags>[^)]*)\) (?:"[^"]*"|NIL) (?P<name>.*)$', line)
        mailbox = name["name"].decode().strip('"')
        if b"\\Noselect" in name["flags"] or b"\\NonExistent" in name["flags"]:
            continue
        status, (count,) = connection.select(f'"{mailbox}"', readonly=True)
        if status != "OK":
            raise Mismatch(f"cannot open {mailbox}")
        bag = collections.Counter()
        if int(count):
            _, answers = connection.fetch("1:*", "(FLAGS INTERNALDATE BODY.PEEK[])")
            bag = messages(answers)
        found[mailbox] = bag
    return found


def messages(answers):
    """The messages in what imaplib makes of a FETCH answer."""
    bag = collections.Counter()
    for position, answer in enumerate(answers):
        if not isinstance(answer, tuple):
            continue
        # Parts may stand before or after the literal.
        after = answers[position + 1] if position + 1 < len(answers) and isinstance(answers[position + 1], bytes) else b""
        head = answer[0] + after
        flags = frozenset(flag.decode() for flag in imaplib.ParseFlags(head)) - {"\\Recent"}
        date = re.search(rb'INTERNALDATE "([^"]*)"', head)[1].decode()
        moment = imaplib.Internaldate2tuple(f'INTERNALDATE "{date}"'.encode())
        bag[(hashlib.sha256(answer[1]).hexdigest(), tuple(sorted(flags)), tuple(moment)[:6])] += 1
    return bag


def account(provider, tenant, name):
    """All mail of an account at a provider."""
    with provider.imap(tenant, name) as connection:
        return mailboxes(connection)


def same_mail(left, right):
    """Two answers of `account` are the same: every message's bytes, flags and date. How many messages."""
    for name in sorted(left.keys() | right.keys()):
        first, second = left.get(name, collections.Counter()), right.get(name, collections.Counter())
        if first != second:
            lost, new = first - second, second - first
            raise Mismatch(f"mailbox {name}: {lost.total()} messages differ or are missing, {new.total()} are there that "
                           f"should not be; for example {next(iter(lost or new))}; instead {next(iter(new), None)}")
    return sum(bag.total() for bag in left.values())


def objects(provider, tenant):
    """The bucket's objects: key → hash of the bytes, content type, metadata, headers."""
    s3, bucket = provider.s3(), provider.bucket(tenant)

    def one(key):
        answer = s3.get_object(Bucket=bucket, Key=key)
        headers = tuple(answer.get(name) for name in ("ContentType", "CacheControl", "ContentDisposition"))
        return key, (hashlib.sha256(answer["Body"].read()).hexdigest(), headers, tuple(sorted(answer["Metadata"].items())))

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        return dict(pool.map(one, provider.keys(tenant)))


def same_objects(left, right):
    """Two answers of `objects` are the same. How many objects."""
    for key in sorted(left.keys() | right.keys()):
        if left.get(key) != right.get(key):
            raise Mismatch(f"object {key}: {left.get(key)} became {right.get(key)}")
    return len(left)


def same_text(left, right, what):
    """Two dumps are the same, line for line. How many bytes."""
    if left != right:
        for number, (first, second) in enumerate(zip(left.splitlines(), right.splitlines(), strict=False), 1):
            if first != second:
                raise Mismatch(f"{what}: line {number}: {first[:200]!r} became {second[:200]!r}")
        raise Mismatch(f"{what}: one ends early ({len(left)} and {len(right)} bytes)")
    return len(left.encode())


def plain_dump(text):
    """A dump of PostgreSQL's without what later patch releases put in anew each time."""
    return re.sub(r"(?m)^\\(un)?restrict .*\n", "", text)


class Truth:
    """What a provider holds of a tenant at this moment, set aside without the program under test."""

    def __init__(self, provider, tenant, folder):
        self.tenant, self.folder = tenant, pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        kinds = provider.servers
        for name, place in (("site", provider.site(tenant)), ("pages", provider.pages(tenant))):
            subprocess.run(["cp", "-a", str(place), str(self.folder / name)], check=True)
        self.shop = provider.mariadb_dump(provider.shop(tenant)) if "mariadb" in kinds else None
        self.clinic = plain_dump(provider.pg_dump(provider.clinic(tenant))) if "postgresql" in kinds else None
        self.mail = {name: account(provider, tenant, name) for name in ("info", "order")} if "dovecot" in kinds else {}
        self.objects = objects(provider, tenant) if "s3" in kinds else None

    def checks(self, provider):
        """(what is compared, by what, a function that compares this with what the provider holds now), in order."""
        tenant = self.tenant
        if self.clinic is not None:
            yield ("the clinic's database", "pg_dump of both", "bytes of dump",
                   lambda: same_text(self.clinic, plain_dump(provider.pg_dump(provider.clinic(tenant))), "clinic"))
        if self.shop is not None:
            yield ("the shop's database", "mariadb-dump of both", "bytes of dump",
                   lambda: same_text(self.shop, provider.mariadb_dump(provider.shop(tenant)), "shop"))
        if "openssh" in provider.servers:
            yield ("the web site", "diff -r, modes, times, links", "entries",
                   lambda: same_files(self.folder / "site", provider.site(tenant)))
        if self.objects is not None:
            yield ("the bucket", "boto3: bytes, types, metadata", "objects",
                   lambda: same_objects(self.objects, objects(provider, tenant)))
        for name, mail in self.mail.items():
            yield (f"the mail of {name}@", "imaplib: bytes, flags, dates", "messages",
                   lambda name=name, mail=mail: same_mail(mail, account(provider, tenant, name)))
        if "ftp" in provider.servers:
            yield ("the old site", "diff -r", "files",
                   lambda: same_bytes_of_files(self.folder / "pages", provider.pages(tenant)))

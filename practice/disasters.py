"""What goes wrong at a provider. Each of these does it for real, to the servers and the disk."""

import contextlib
import os
import pathlib
import random
import shutil
import subprocess
import time


def empty(folder):
    """Removes all that is in a folder, and leaves the folder."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def maintenance_script(provider):
    """20 June 2012 again: everything of every tenant is erased, and the provider's own backup with it; then every
    service is started anew, empty but healthy."""
    for tenant in provider.tenants:
        empty(provider.site(tenant))
        empty(provider.pages(tenant))
        if "mariadb" in provider.servers:
            provider.mariadb(f"DROP DATABASE {provider.shop(tenant)}")
        if "postgresql" in provider.servers:
            provider.psql(f"DROP DATABASE {provider.clinic(tenant)} WITH (FORCE)")
        if "s3" in provider.servers:
            erase_objects(provider, tenant, provider.keys(tenant))
    if "dovecot" in provider.servers:
        mail = provider.facts("dovecot")["mail"]
        subprocess.run(["find", mail, "-mindepth", "1", "-delete"], check=True)
    shutil.rmtree(provider.own_backup, ignore_errors=True)
    provider.restart()
    provider.make_accounts()


def erase_objects(provider, tenant, keys):
    """Removes objects from the tenant's bucket."""
    s3 = provider.s3()
    for start in range(0, len(keys), 500):
        s3.delete_objects(Bucket=provider.bucket(tenant), Delete={"Objects": [{"Key": key} for key in keys[start:start + 500]],
                                                                   "Quiet": True})


def mailbox_reborn(provider, tenant, account, mailbox="INBOX"):
    """The mailbox is deleted and made again: a new UIDVALIDITY, nothing in it. Returns both UIDVALIDITYs."""
    before = uid_validity(provider, tenant, account, mailbox)
    folder = f"{provider.facts('dovecot')['mail']}/{account}@{tenant.domain}"
    # INBOX cannot be deleted over IMAP, so it goes as a server's disk goes. UIDVALIDITY is a time in seconds.
    subprocess.run(["find", folder, "-mindepth", "1", "-delete"], check=True)
    while int(time.time()) <= int(before):
        time.sleep(0.1)
    after = before
    for _ in range(100):
        after = uid_validity(provider, tenant, account, mailbox)
        if after != before:
            break
        time.sleep(0.1)
    return before, after


def uid_validity(provider, tenant, account, mailbox="INBOX"):
    """A mailbox's UIDVALIDITY, as the server says it."""
    with provider.imap(tenant, account) as connection:
        connection.select(f'"{mailbox}"', readonly=True)
        return connection.response("UIDVALIDITY")[1][0].decode()


def expunge_some(provider, tenant, account, between, share, seed, mailbox="INBOX"):
    """Expunges a share of the mail that arrived between two times (UTC); the Message-IDs that are gone."""
    chance = random.Random(f"expunge {seed}")
    gone = []
    with provider.imap(tenant, account) as connection:
        connection.select(f'"{mailbox}"')
        _, (numbers,) = connection.search(None, "ALL")
        inside = []
        for number in numbers.split():
            _, answer = connection.fetch(number, "(INTERNALDATE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")
            arrived = time.mktime(imap_time(answer[0][0]))
            if between[0] <= arrived < between[1]:
                inside.append((number, answer[0][1].decode().split(":", 1)[1].strip()))
        for number, identifier in chance.sample(inside, max(1, round(len(inside) * share))):
            connection.store(number, "+FLAGS", "(\\Deleted)")
            gone.append(identifier)
        connection.expunge()
    return sorted(gone), len(inside)


def imap_time(line):
    """INTERNALDATE in a FETCH answer, as local time."""
    import imaplib

    return imaplib.Internaldate2tuple(line)


def delete_some_objects(provider, tenant, share, seed):
    """Deletes a share of the bucket's objects; the keys that are gone."""
    chance = random.Random(f"objects {seed}")
    keys = provider.keys(tenant)
    gone = sorted(chance.sample(keys, max(1, round(len(keys) * share))))
    erase_objects(provider, tenant, gone)
    return gone


def empty_bucket(provider, tenant):
    """Every object of the tenant is gone; the bucket is there and answers."""
    erase_objects(provider, tenant, provider.keys(tenant))


@contextlib.contextmanager
def lying_dump(folder, name):
    """A dump program that writes 20 bytes and exits 0. Yields the folder to look for it in."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    real = shutil.which(name)
    # It answers --version as the real one does: nobody looked closer in 2017 either.
    path.write_text(f'#!/bin/sh\ncase "$*" in *--version*|-V) exec {real} "$@";; esac\nprintf -- "-- 20 bytes of dump\\n"\n')
    path.chmod(0o755)
    for other in ("mariadb", "psql", "mariadb-dump", "pg_dump", "pg_dumpall", "mysql", "mysqldump"):
        if other != name and (real := shutil.which(other)) and not (folder / other).exists():
            (folder / other).symlink_to(real)
    yield folder


def wild_cleaner(site, chance, share, spare=()):
    """A script that is to clear a cache and deletes some of everything else; the paths below `site` that it took."""
    paths = [path for path in sorted(pathlib.Path(site).rglob("*"))
             if path.is_file() and not path.is_symlink() and str(path.relative_to(site)) not in spare]
    taken = chance.sample(paths, max(1, int(len(paths) * share)))
    for path in taken:
        path.unlink()
    return {str(path.relative_to(site)) for path in taken}


def flip_bytes(site, chance, count, spare=()):
    """Changes a bit in some files and leaves their sizes and times as they are; their paths below `site`."""
    paths = [path for path in sorted(pathlib.Path(site).rglob("*"))
             if path.is_file() and not path.is_symlink() and path.stat().st_size and str(path.relative_to(site)) not in spare]
    struck = chance.sample(paths, count)
    for path in struck:
        status = path.stat()
        content = bytearray(path.read_bytes())
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes(content)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    return {str(path.relative_to(site)) for path in struck}

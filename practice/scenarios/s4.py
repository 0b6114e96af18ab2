"""S4, the backup that lies, six times: a dump tool that writes 20 bytes and exits 0, for a source with a past and for one
without; SELECT revoked on one table; an empty bucket; a disk that is full in mid-write; and alerts that the mail server
refuses. Each run is marked bad, a second channel alarms, and the age of the last good copy is plain on screen."""

import contextlib
import os
import resource
import subprocess
import sys

from scenario import DAY, PlanFile, Rig, Truth, main

from disasters import empty_bucket, lying_dump
from mailserver import MailServer

SEND = """
import smtplib, sys
server = smtplib.SMTP("127.0.0.1", {port}, timeout=20)
server.sendmail("hikae@example.com", ["hanako@mihon.example.jp"], sys.stdin.buffer.read())
"""


def scenario(rig: Rig):
    truth = Truth(rig.p, rig.tenant, rig.folder / "truth")
    start = rig.clock.now() + 60
    with MailServer() as mail:
        alarms(rig, mail.server_address[1])
        rig.clock.set(start)
        outcome = rig.capture()
        rig.expect("the first captures are good", {item["verdict"] for item in outcome.captures.values()} == {"good"})
        rig.clock.set(start + 3 * DAY)
        lying_tool(rig, mail)
        lying_from_the_start(rig)
        revoked(rig)
        bucket_emptied(rig)
    disk_full(rig)
    plain_on_screen(rig)
    trial_restore(rig, truth)


def alarms(rig, port):
    """Two channels: mail, which will be refused, and one that does not depend on what is captured."""
    script = rig.folder / "send.py"
    script.write_text(SEND.format(port=port))
    rig.pager = rig.folder / "pager"
    rig.plan.extra = (f"alarms:\n  - {{command: \"{sys.executable} -B {script}\"}}\n"
                      f"  - {{command: \"cat >> {rig.pager}\"}}\n")
    rig.plan.write()


def paged(rig, word):
    """Whether the second channel said something of a source since it was last looked at."""
    text = rig.pager.read_text() if rig.pager.exists() else ""
    rig.pager.write_text("")
    rig.expect(f"the second channel alarms, and names {word}", word in text, text)


def good_snapshots(rig, name):
    """How many good captures of a source the vault has."""
    return len([item for item in rig.of_source(name) if "verdict:good" in item["tags"]])


def with_lying_tool(rig, plan, kind):
    """Makes a plan's source of a kind use a dump program that lies."""
    tool = {"mariadb": "mariadb-dump", "postgresql": "pg_dump"}[kind]
    with lying_dump(rig.folder / f"lying-{tool}", tool) as folder:
        text = plan.path.read_text()
        lines = []
        for line in text.splitlines():
            lines.append(line)
            if line.strip().startswith(f"{kind}: "):
                lines.append(" " * (len(line) - len(line.lstrip())) + f"programs: {folder}")
        plan.path.write_text("\n".join(lines) + "\n")


def bad(rig, name, outcome, *words):
    """Expects a capture to be marked bad, with a reason."""
    item = outcome.captures.get(name, {})
    reason = " ".join([reason["sentence"] for reason in item.get("reasons", [])] + [item.get("error", "")]).strip()
    rig.expect(f"{name} is {item.get('verdict')}: {reason[:140]}", item.get("verdict") in ("suspect", "failed")
               and all(word in reason for word in words), outcome.text)


def lying_tool(rig, mail):
    """20 bytes and exit 0, of sources that had good captures before."""
    for kind, name in (("mariadb", "shop/orders"), ("postgresql", "clinic/charts")):
        rig.say(f"the dump program of {kind} writes 20 bytes and exits 0")
        with_lying_tool(rig, rig.plan, kind)
        outcome = rig.hikae.run("backup", "--json", name)
        outcome.captures = {f"{item['system']}/{item['source']}": item for item in outcome.objects if "verdict" in item}
        rig.expect(f"hikae backup {name} does not exit 0, but {outcome.status}", outcome.status in (1, 20), outcome.text)
        bad(rig, name, outcome)
        rig.expect("the good capture is still the only good one", good_snapshots(rig, name) == 1)
        paged(rig, name)
        rig.plan.write()
    rig.expect("the mail server had refused both alarms with 550", mail.refusals >= 2, mail.refusals)


def lying_from_the_start(rig):
    """The same with a new vault: there is nothing to compare with, and it is no good capture all the same."""
    plan = PlanFile(rig.folder / "new", rig.tenant, rig.p, vault=rig.folder / "new" / "vault")
    plan.folder.mkdir()
    plan.write(["charts"])
    with_lying_tool(rig, plan, "postgresql")
    hikae = type(rig.hikae)(rig.hikae.binary, plan.folder, plan, rig.clock)
    hikae.make_vault()
    outcome = hikae.run("backup", "--json")
    found = [item for item in outcome.objects if "verdict" in item]
    rig.expect("a lying dump is no good first capture either",
               outcome.status in (1, 20) and found and found[0]["verdict"] != "good", outcome.text)


def revoked(rig):
    """An account that may read all tables but one."""
    rig.say("SELECT is revoked on one table")
    p, shop = rig.p, rig.p.shop(rig.tenant)
    p.mariadb(f"""CREATE USER 'reader'@'%' IDENTIFIED BY 'reader-1';
        GRANT SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON {shop}.* TO 'reader'@'%'; GRANT SELECT ON mysql.proc TO 'reader'@'%';""")
    for table in ("customers", "products", "stock", "orders", "order_lines", "shipments", "takings"):
        p.mariadb(f"GRANT SELECT ON {shop}.{table} TO 'reader'@'%'")
    secret = rig.plan.secret("reader", "reader-1")
    text = rig.plan.path.read_text()
    address = next(line for line in text.splitlines() if "mariadb: mariadb://" in line)
    old = next(line for line in text.splitlines() if "hikae.secrets/orders" in line)
    text = text.replace(address, address.replace("://backup@", "://reader@"))
    rig.plan.path.write_text(text.replace(old, old.split("password:")[0] + f"password: {secret}"))
    p.mariadb(f"REVOKE SELECT ON {shop}.order_lines FROM 'reader'@'%'")
    outcome = rig.hikae.run("backup", "--json", "shop/orders")
    outcome.captures = {f"{item['system']}/{item['source']}": item for item in outcome.objects if "verdict" in item}
    rig.expect(f"hikae backup does not exit 0, but {outcome.status}", outcome.status in (1, 20), outcome.text)
    bad(rig, "shop/orders", outcome, "order_lines")
    paged(rig, "shop/orders")
    rig.plan.write()


def bucket_emptied(rig):
    """A bucket that is there, answers, and has nothing in it."""
    rig.say("the bucket is empty")
    empty_bucket(rig.p, rig.tenant)
    outcome = rig.capture("shop/photos", status=20)
    bad(rig, "shop/photos", outcome)
    rig.expect("the last good capture is named", outcome.captures["shop/photos"].get("last_good_before"), outcome.text)
    paged(rig, "shop/photos")


@contextlib.contextmanager
def little_disk(rig):
    """A place with room for one megabyte; for those who may not mount one, a bound on the size of files instead."""
    place = rig.folder / "disk"
    place.mkdir()
    if os.geteuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=755", "tmpfs", str(place)],
                                            capture_output=True, check=False).returncode == 0:
        try:
            yield place, "mounted"
        finally:
            subprocess.run(["umount", "-l", str(place)], check=False)
        return
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        yield place, "bounded"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def disk_full(rig):
    """The vault's disk is full in mid-write: the run fails, and what was there is whole."""
    rig.say("the vault's disk fills up in mid-write")
    with little_disk(rig) as (place, _):
        plan = PlanFile(rig.folder / "little", rig.tenant, rig.p, vault=place / "vault")
        plan.folder.mkdir()
        plan.write(["info"])
        hikae = type(rig.hikae)(rig.hikae.binary, plan.folder, plan, rig.clock)
        hikae.keeps_signals = True
        hikae.make_vault()
        rig.company.deliver("info", rig.company.mail["info"].letters(250))
        outcome = hikae.run("backup", "--json")
        rig.expect(f"the run fails with exit status {outcome.status}, and says why",
                   outcome.status == 1 and ("space" in outcome.text.lower() or "large" in outcome.text.lower()), outcome.text)
        listed = hikae.run("snapshots", "--json", "--no-lock", by="restic")
        rig.expect("no snapshot was made of it", not [item for item in listed.json or [] if "verdict:good" in item["tags"]],
                   listed.text)


def plain_on_screen(rig):
    """`hikae status` shows how old the last good copy is, and that something is wrong."""
    outcome = rig.hikae.run("status")
    rig.expect("hikae status exits 20", outcome.status == 20, outcome.text)
    print(outcome.output, flush=True)
    rig.expect("the age of the last good copy is plain on screen: 3 days",
               any(word in outcome.output for word in ("3 d", "3d", "72 h", "72h", "3 days")), outcome.output)


def trial_restore(rig, truth):
    """The last good captures, restored for trial onto other servers, are equal to what was there."""
    rig.restore("--all", "--to-plan", rig.plan2.path)
    rig.compare(truth, rig.p2, only=["database", "bucket", "mail"])


if __name__ == "__main__":
    main("S4: the backup that lies", scenario, kinds=["dovecot", "mariadb", "postgresql", "s3"], moves_clock=True, scale=0.3)

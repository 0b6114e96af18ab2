"""S1, wipe and reset: ten days of daily captures, the provider copies itself at 06:30, at 17:00 its script erases all of
it, its own copy too; the services come back empty but healthy, and forty days of scheduled captures go on."""

import datetime

from scenario import HOUR, Rig, Truth, main

from disasters import maintenance_script

JAPAN = datetime.timezone(datetime.timedelta(hours=9))
SOURCES = ["clinic/charts", "shop/orders", "shop/site", "shop/photos", "mail/info", "mail/order", "pages/old"]


def at(day, hour, minute=0):
    """A time on a day of the story, seconds since 1970. Next year, so that certificates are valid."""
    first = datetime.datetime(datetime.date.today().year + 1, 6, 11, tzinfo=JAPAN)
    return (first + datetime.timedelta(days=day, hours=hour, minutes=minute)).timestamp()


def ten_good_days(rig):
    """Capture at 03:00, the provider's own copy at 06:30, business in between; the truth at the last capture."""
    truth = None
    for day in range(10):
        rig.clock.set(at(day, 3))
        if day == 9:
            truth = Truth(rig.p, rig.tenant, rig.folder / "truth")
        outcome = rig.capture(quiet=True)
        if day == 0:
            rig.expect("every source of the plan was captured", set(outcome.captures) == set(rig.sources), outcome.text)
        rig.expect(f"day {day + 1}: every verdict is good",
                   {item["verdict"] for item in outcome.captures.values()} == {"good"}, outcome.text)
        if day in (0, 9):
            rig.p.back_itself_up()
        if day % 3 == 0 or day == 9:
            rig.company.go_on(0.02)
    rig.say("ten days captured")
    return truth


def forty_empty_days(rig, good):
    """Scheduled captures and clean-ups go on; none is good, none costs the last good generation."""
    verdicts = []
    for day in range(10, 50):
        rig.clock.set(at(day, 3))
        # Every day in a company; here the first days, one a week, and the last, with all sources.
        if day < 13 or day % 9 == 0 or day == 49:
            outcome = rig.hikae.run("backup", "--json")
            if day == 10:
                first_alarm(rig, outcome)
                rig.expect("the first capture after the wipe alarms a person", (rig.folder / "pager").exists())
            captures = [item for item in outcome.objects if item.get("message_type") == "capture"]
            verdicts += [(day, item["source"], item["verdict"]) for item in captures]
            rig.expect(f"day {day + 1}: the alarm stands: exit status 20", outcome.status == 20, outcome.text)
        else:
            outcome = rig.hikae.run("backup", "--json", "clinic", "mail/info")
            verdicts += [(day, item["source"], item["verdict"]) for item in outcome.objects
                         if item.get("message_type") == "capture"]
        if day % 5 == 0 or day == 49:
            forgotten = rig.hikae.run("forget", "--prune")
            rig.expect(f"day {day + 1}: hikae forget --prune takes nothing that is held", forgotten.status in (0, 20),
                       forgotten.text)
    rig.say(f"{len(verdicts)} captures of the empty servers")
    never_forgotten(rig)
    rig.expect("no empty capture was ever good", not [item for item in verdicts if item[2] == "good"], verdicts)
    left = {item["id"] for item in rig.snapshots()}
    rig.expect("every generation of the ten good days that was there at the wipe is still there", good <= left,
               good - left)


def never_forgotten(rig):
    """Neither by name nor by a clock that jumps ten years does the last good generation go."""
    newest = [item for item in rig.of_source("clinic/charts") if "verdict:good" in item["tags"]][-1]
    outcome = rig.hikae.run("forget", newest["id"])
    rig.expect("hikae forget refuses to remove the last good capture by its name", outcome.status != 0, outcome.text)
    rig.clock.set(at(3650, 3))
    rig.hikae.run("forget", "--prune")
    rig.hikae.run("forget", "--keep-last", "1", "--prune")
    rig.expect("it is still there when the clock has jumped by ten years",
               newest["id"] in {item["id"] for item in rig.snapshots()}, rig.hikae.runs[-1].text)


def first_alarm(rig, outcome):
    """The first capture after the wipe says what it saw."""
    captures = {f"{item['system']}/{item['source']}": item for item in outcome.objects if item.get("message_type") == "capture"}
    for name in rig.sources:
        item = captures.get(name, {})
        sentences = [reason["sentence"] for reason in item.get("reasons", [])]
        rig.expect(f"{name} is {item.get('verdict')}: {(sentences or [item.get('error', '')])[0][:110]}",
                   item.get("verdict") in ("suspect", "failed") and (sentences or item.get("error")), outcome.text)
        rig.expect("… and it names the last good capture", item.get("last_good_before", "")[:10]
                   == f"{datetime.datetime.fromtimestamp(at(9, 3), JAPAN):%Y-%m-%d}", item)


def scenario(rig: Rig):
    rig.sources = [name for name in SOURCES if name.split("/")[1] in rig.plan.path.read_text()]
    pager = rig.folder / "pager"
    rig.plan.extra = f"alarms:\n  - {{command: \"cat >> {pager}\"}}\n"
    rig.plan.write()
    truth = ten_good_days(rig)
    rig.expect("nobody was alarmed in ten good days", not pager.exists())
    good = {item["id"] for item in rig.snapshots()}
    lost = at(9, 17)
    rig.clock.set(lost)
    maintenance_script(rig.p)
    rig.expect("the provider's own copy is gone with everything else", not rig.p.own_backup.exists())
    forty_empty_days(rig, good)

    text = pager.read_text()
    rig.expect("the alarm channel was told of every source, again and again",
               all(text.count(name) >= 3 for name in rig.sources), text)

    rig.clock.set(at(49, 12))
    outcome = rig.hikae.run("status", "--json")
    rig.expect("hikae status exits 20", outcome.status == 20, outcome.text)
    loss_window(rig, outcome, lost)

    rig.restore("--all", "--to-plan", rig.plan2.path)
    rig.compare(truth, rig.p2)

    moment = datetime.datetime.fromtimestamp(lost, JAPAN)
    rig.restore("--all", "--to", rig.folder / "back", "--at", f"{moment:%Y-%m-%d %H:%M}")
    seen, bare = rig.grep_canaries(rig.folder / "back")
    rig.expect(f"the canary is in all {seen} restored files but the empty and the server's own",
               not [path for path in bare if is_content(path)], [path for path in bare if is_content(path)])
    rig.expect("every row carries the canary", every_row(rig), "")
    outcome = rig.hikae.run("check", "--read-data", by="restic")
    rig.expect("restic finds the vault whole", outcome.status == 0, outcome.text)
    seconds = sum(run.seconds for run in rig.hikae.runs)
    rig.say(f"{len(rig.hikae.runs)} runs of hikae and restic took {seconds:.0f} s")


def loss_window(rig, status, lost):
    """From the last good capture, as the status tells it, to 17:00: what is really gone."""
    good = {f"{item['system']}/{item['source']}": datetime.datetime.fromisoformat(item["last_good"][:19] + "+09:00")
            for item in status.objects if item.get("message_type") == "source"}
    rig.expect("the status names the last good capture of every source", set(good) == set(rig.sources), status.text)
    windows = {name: (lost - moment.timestamp()) / HOUR for name, moment in good.items()}
    rig.expect("the loss window of each is from 03:00 to 17:00, 14 hours",
               all(abs(hours - 14) < 0.02 for hours in windows.values()), windows)


def is_content(path):
    """Whether a restored file is a tenant's content: not a mailbox's or a database server's own records."""
    return path.parent.name in ("cur", "new") or "/site/" in str(path) or "/photos/" in str(path) or "/old/" in str(path)


def every_row(rig):
    """Whether each row of each table at P2 has the tenant's canary in its last column."""
    p2, tenant = rig.p2, rig.tenant
    wrong = ""
    for table in ("customers", "products", "stock", "orders", "order_lines", "shipments"):
        wrong += p2.mariadb(f"SELECT 1 FROM {table} WHERE owner <> '{tenant.canary}' LIMIT 1", p2.shop(tenant))
    for table in ("patients", "histories", "prescriptions", "claims.claims"):
        wrong += p2.psql(f"SELECT 1 FROM {table} WHERE owner <> '{tenant.canary}' LIMIT 1", p2.clinic(tenant))
    return not wrong.strip()


if __name__ == "__main__":
    main("S1: wipe and reset", scenario, moves_clock=True, scale=0.1)

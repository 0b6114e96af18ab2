"""S6, slow rot: a cleaner script goes wild over days, a few files at a time, and bytes flip in files whose size and date
stay the same; then the vault's own disk rots, too."""

import datetime
import random
import shutil

from scenario import DAY, HOUR, Failed, Rig, main

from compare import same_files
from disasters import flip_bytes, wild_cleaner

BEGIN = datetime.datetime(2012, 6, 1, 3, tzinfo=datetime.timezone(datetime.timedelta(hours=9))).timestamp()
NAME = "shop/site"


def scenario(rig: Rig):
    mirror = rig.folder / "mirror"
    rig.plan.more_vaults = [["name: mirror", f"repository: {mirror}", "custody: {holder: 控 次郎, provider: other, place: 大阪}"]]
    rig.plan.write()
    made = rig.hikae.run("init", "-r", mirror, "--password-file", rig.plan.vault_password)
    rig.expect("a second vault is made", made.status == 0, made.text)
    site = rig.p.site(rig.tenant)
    chance = random.Random(rig.seed)
    for day in range(3):
        rig.clock.set(BEGIN + day * DAY)
        rig.company.go_on()
        rig.capture(NAME, quiet=True)
    truth = rig.folder / "truth"
    shutil.copytree(site, truth, symlinks=True)
    rig.say("three good days are captured; from now on the site rots")

    gone, rotten = slow_rot(rig, site, chance)
    found_by_reading(rig, rotten)
    listed(rig, gone, rotten)
    mixed(rig, truth)
    own_rot(rig, mirror, chance)


def slow_rot(rig, site, chance):
    """Four days on which a few files go and a few bytes flip; no day alone alarms anybody."""
    gone, rotten = set(), set()
    for day in range(3, 7):
        rig.clock.set(BEGIN + day * DAY)
        gone |= wild_cleaner(site, chance, 0.03, spare=rotten)
        rotten |= flip_bytes(site, chance, 2, spare=rotten)
        outcome = rig.capture(NAME, quiet=True)
        rig.expect(f"day {day + 1}: {len(gone)} files are gone and {len(rotten)} rotten by now; the capture is good",
                   outcome.captures[NAME]["verdict"] == "good", outcome.text)
    return gone, rotten


def found_by_reading(rig, rotten):
    """A capture that reads everything notices what size and date hide."""
    rig.clock.set(BEGIN + 7 * DAY)
    outcome = rig.capture(NAME, "--force", status=20)
    reasons = outcome.captures[NAME]["reasons"]
    rig.expect(f"a capture that reads every file is suspect: {reasons[0]['sentence'][:120]}",
               [reason["rule"] for reason in reasons] == ["rotten"] and str(len(rotten)) in reasons[0]["sentence"], reasons)
    # The administrator is in a hurry and believes the site, not the alarm.
    outcome = rig.hikae.run("accept", NAME, "--who", "見本 花子", "--why", "the site looks right to me")
    rig.expect("somebody accepts it all the same", outcome.status == 0, outcome.text)


def listed(rig, gone, rotten):
    """The last good generation of each file."""
    outcome = rig.hikae.run("generations", NAME, "--gone-since", day_text(2), "--json")
    files = {item["path"]: item for item in outcome.objects if item.get("message_type") == "generation"}
    rig.expect("hikae generations lists exactly what rotted and what is gone",
               {path for path, item in files.items() if item["cause"] == "rotten"} == rotten
               and {path for path, item in files.items() if item["cause"] == "gone"} == gone,
               outcome.text, sorted(gone), sorted(rotten))
    rig.expect("each with the time of its last good generation",
               all(item["from"] < item["since"] for item in files.values()), outcome.text)


def mixed(rig, truth):
    """One restore takes each file from its own last good generation."""
    rig.restore(NAME, "--to", rig.folder / "plain")
    rig.expect("the last accepted capture alone is not the truth", not equal(truth, rig.folder / "plain" / NAME))
    rig.restore(NAME, "--mixed", "--gone-since", day_text(2), "--to", rig.folder / "mixed")
    same_files(str(truth), str(rig.folder / "mixed" / NAME))
    rig.expect("mixed generations give the site as it was before the rot, byte for byte", True)
    rig.restore(NAME, "--mixed", "--gone-since", day_text(2), "--to-plan", rig.plan2.path)
    same_files(str(truth), str(rig.p2.site(rig.tenant)))
    rig.expect("and so onto another provider over SFTP", True)


def own_rot(rig, mirror, chance):
    """Bytes flip in the vault itself: its scrub finds them, and the other vault mends them."""
    packs = sorted((rig.plan.vault / "data").rglob("*"))
    packs = [path for path in packs if path.is_file()]
    struck = chance.sample(packs, min(2, len(packs)))
    for path in struck:
        path.chmod(0o600)
        content = bytearray(path.read_bytes())
        content[chance.randrange(len(content))] ^= 0x10
        path.write_bytes(content)
    own = ["-r", rig.plan.vault, "--password-file", rig.plan.vault_password]
    outcome = rig.hikae.run("check", *own, "--read-data")
    rig.expect("the vault's own scrub finds its flipped bytes and names the packs",
               outcome.status == 1 and all(path.name in outcome.text for path in struck), outcome.text)
    outcome = rig.hikae.run("repair", "packs", *own, *(path.name for path in struck), "--from-repo", mirror,
                            "--from-password-file", rig.plan.vault_password)
    rig.expect("they are mended from the other vault", outcome.status == 0, outcome.text)
    outcome = rig.hikae.run("check", "--read-data", by="restic")
    rig.expect("restic finds the vault whole again", outcome.status == 0, outcome.text)


def equal(left, right):
    """Whether two folders are the same for others."""
    try:
        same_files(str(left), str(right))
    except Exception:  # noqa: BLE001  (compare raises what it saw)
        return False
    return True


def day_text(day):
    """A day's 00:00 as a person would type it."""
    return f"{datetime.datetime.fromtimestamp(BEGIN + day * DAY - 3 * HOUR, datetime.timezone(datetime.timedelta(hours=9))):%Y-%m-%d %H:%M}"


if __name__ == "__main__":
    main("S6: slow rot", scenario, kinds=["openssh"], moves_clock=True, scale=0.4)

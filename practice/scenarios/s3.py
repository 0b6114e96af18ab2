"""S3, the mailbox reborn: it is deleted and made again, with a new UIDVALIDITY, and five mails arrive in it. A program
that only synchronises would now throw away the years before."""

from scenario import Rig, Truth, main

from compare import account
from disasters import mailbox_reborn


def scenario(rig: Rig):
    p, tenant = rig.p, rig.tenant
    old = Truth(p, tenant, rig.folder / "old")
    messages = sum(bag.total() for bag in old.mail["info"].values())
    rig.capture()
    rig.say(f"captured {messages} messages of info@")

    before, after = mailbox_reborn(p, tenant, "info")
    five = rig.company.mail["info"].letters(5)
    for letter in five:
        letter.mailbox = "INBOX"
    rig.company.deliver("info", five)
    rig.expect("the mailbox has a new UIDVALIDITY", before != after, before, after)

    outcome = rig.capture("mail", status=20)
    reasons = outcome.captures["mail/info"]["reasons"]
    rig.expect("the capture is suspect because the mailbox was reborn",
               any("UIDVALIDITY" in reason["sentence"] and before in reason["sentence"] and after in reason["sentence"]
                   for reason in reasons), reasons)
    rig.expect("the other account is good", outcome.captures["mail/order"]["verdict"] == "good", outcome.text)
    captures = rig.of_source("mail/info")
    rig.expect("both captures are kept, the old one good and the new one suspect",
               [("verdict:good" in item["tags"], "verdict:suspect" in item["tags"]) for item in captures]
               == [(True, False), (False, True)], captures)

    # The old mail comes back onto P2, where the five new ones have arrived meanwhile, and three old ones were put by hand.
    new = account(p, tenant, "info")
    rig_p2 = type(rig.company)(rig.p2, tenant, rig.seed, rig.scale)
    first_three = [letter for letter in rig_p2.mail["info"].letters(40) if letter.mailbox == "INBOX"][:3]
    rig_p2.deliver("info", first_three + five)
    outcome = rig.restore("mail", "--to-plan", rig.plan2.path)
    merged = account(rig.p2, tenant, "info")
    for name, bag in old.mail["info"].items():
        lost = bag - merged.get(name, type(bag)())
        rig.expect(f"{name}: all {bag.total()} old messages are on P2 with their bytes, flags and dates", not lost, lost)
    extra = {name: bag - old.mail["info"].get(name, type(bag)()) for name, bag in merged.items()}
    rig.expect("the five new mails are there once, and nothing twice",
               sum(bag.total() for bag in extra.values()) == 5 and extra["INBOX"] == new["INBOX"], extra)

    rig.restore("mail", "--to-plan", rig.plan2.path)
    rig.expect("a second restore adds nothing", account(rig.p2, tenant, "info") == merged)
    rig.expect("the order account is equal", account(rig.p2, tenant, "order") == old.mail["order"])

    rig.restore("mail", "--to", rig.folder / "back")
    seen, bare = rig.grep_canaries(rig.folder / "back", "the restored mail")
    rig.expect(f"all {seen} restored messages carry the tenant's canary",
               seen >= messages and not [path for path in bare if path.parent.name in ("cur", "new")], bare)


if __name__ == "__main__":
    main("S3: the mailbox reborn", scenario, kinds=["dovecot"])

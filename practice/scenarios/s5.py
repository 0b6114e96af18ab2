"""S5, partial loss: 3 % of the mail of one 10-hour window is expunged and 1 % of the objects are deleted. No data was
lost, says the provider."""

import datetime

from scenario import HOUR, Rig, Truth, main

from compare import account, objects
from data.people import NEW_YEAR
from disasters import delete_some_objects, expunge_some


def scenario(rig: Rig):
    p, tenant = rig.p, rig.tenant
    # A busy window, so that 3 % of it is more than one mail.
    busy = rig.company.mail["info"]
    window = (NEW_YEAR + 40 * 24 * HOUR, NEW_YEAR + 40 * 24 * HOUR + 10 * HOUR)
    letters = [busy.letter(window[0] + number * 200) for number in range(170)]
    for letter in letters:
        letter.mailbox = "INBOX"
    rig.company.deliver("info", letters)
    truth = Truth(p, tenant, rig.folder / "truth")
    rig.capture()
    # After the captures of every source, before anything is lost.
    rig.before = datetime.datetime.now(datetime.timezone.utc).isoformat()

    gone, inside = expunge_some(p, tenant, "info", window, 0.03, rig.seed)
    keys = delete_some_objects(p, tenant, 0.01, rig.seed)
    rig.say(f"{len(gone)} of {inside} mails of the window and {len(keys)} objects are gone; the provider says none is")
    rig.expect("that is 3 % and 1 %", len(gone) == round(inside * 0.03) >= 4 and len(keys) >= 1)
    rig.capture("mail", "shop/photos")

    exact_list(rig, gone, keys)
    only_that(rig, truth, gone, keys)


def exact_list(rig, gone, keys):
    """`hikae diff` between the two captures names exactly what is missing."""
    outcome = rig.hikae.run("diff", "--source", "mail/info", "--json")
    rig.expect("hikae diff --source mail/info exits 0", outcome.status == 0, outcome.text)
    removed = [item for item in outcome.objects if item.get("change") == "removed"]
    rig.expect(f"it lists exactly the {len(gone)} expunged messages, each with sender, subject and date",
               sorted(f"<{item['message_id'].strip('<>')}>" for item in removed) == gone
               and all(item["from"] and item["subject"] and item["date"] for item in removed), gone, outcome.text)
    outcome = rig.hikae.run("diff", "--source", "shop/photos", "--json")
    removed = [item["path"].lstrip("/") for item in outcome.objects if item.get("modifier") == "-"]
    rig.expect(f"hikae diff --source shop/photos lists exactly the {len(keys)} deleted objects",
               sorted(path for path in removed if not path.startswith(".hikae")) == keys, keys, outcome.text)


def only_that(rig, truth, gone, keys):
    """`--only-missing` puts back just what is missing, onto P itself."""
    back = type(rig.plan)(rig.folder, rig.tenant, rig.p, name="back", is_destination=True)
    back.write()
    before = objects(rig.p, rig.tenant)
    outcome = rig.restore("mail/info", "shop/photos", "--only-missing", "--to-plan", back.path, "--json",
                          "--at", rig.before)
    written = {item["source"]: item["items_written"] for item in outcome.objects if item.get("message_type") == "source"}
    rig.expect(f"only the missing were written: {len(gone)} messages and {len(keys)} objects",
               written == {"info": len(gone), "photos": len(keys)}, outcome.text)
    rig.expect("the mail is as it was, nothing twice", account(rig.p, rig.tenant, "info") == truth.mail["info"],
               "mail differs")
    after = objects(rig.p, rig.tenant)
    rig.expect("the objects are as they were", after == truth.objects and len(after) == len(before) + len(keys))


if __name__ == "__main__":
    main("S5: partial loss", scenario, kinds=["dovecot", "s3"], has_second=False, scale=0.5)

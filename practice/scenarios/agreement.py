"""Deletion by agreement, with the real command, the real restic and a real vault server: stock restic works there and
cannot erase; what Hikae's forget wants becomes a proposal; one approval is not enough, a veto ends it, two and the vault's
own time carry it out; what remains is whole. Signatures that are forged, replayed, a stranger's or another vault's, entries
that lie, and a clock set forward free nothing, and stand in the log.
"""

import base64
import hashlib
import json
import os
import pathlib
import random
import shutil
import subprocess
import time
import urllib.error
import urllib.request

from s7 import VaultHost
from scenario import DAY, Stage, main

from program import Hikae

DELAY = 6  # seconds; on a real vault 30 days
NAMES = ("佐藤", "Anna", "Ken")


def field(content):
    """Bytes with their length in front, as messages of the agreement have them."""
    content = content.encode() if isinstance(content, str) else content
    return len(content).to_bytes(4, "big") + content


def identifiers(names):
    """A list of IDs as messages have it."""
    return len(names).to_bytes(4, "big") + b"".join(map(bytes.fromhex, sorted(names)))


class Vault:
    """One repository on the host, with what a person and what an enemy does to it."""

    def __init__(self, stage, host, name, user="keeper"):
        self.stage, self.host, self.name, self.user = stage, host, name, user

    @property
    def url(self):
        return f"http://127.0.0.1:{self.host.port}/sakura/{self.name}/"

    @property
    def folder(self):
        return self.host.disk / "sakura" / self.name

    def environment(self):
        return {"HIKAE_REST_USERNAME": self.user, "HIKAE_REST_PASSWORD": self.host.users[self.user],
                "HIKAE_PASSWORD_FILE": self.stage.password}

    def restic(self, *words, limit=None):
        """restic, as it is; `limit`: seconds after which it need not try any longer."""
        address = f"rest:http://{self.user}:{self.host.users[self.user]}@{self.url.removeprefix('http://')}"
        words = ["restic", *words] if limit is None else ["timeout", limit, "restic", *words]
        return self.stage.hikae.run(*words[1:], by=words[0], RESTIC_REPOSITORY=address,
                                    RESTIC_PASSWORD_FILE=self.stage.password)

    def hikae(self, *words):
        return self.stage.hikae.run(*words, "-r", f"rest:{self.url}", **self.environment())

    def administrator(self, *words):
        return self.stage.hikae.run("vault", "people", *words, "--folder", self.host.disk, "--repository", f"sakura/{self.name}")

    def post(self, path, body, user="keeper"):
        """(status, answer) of a request that only an enemy, or a program of good will, would make by hand."""
        token = base64.b64encode(f"{user}:{self.host.users[user]}".encode()).decode()
        request = urllib.request.Request(f"{self.url}hikae/{path}", body, {"Authorization": f"Basic {token}"}, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=300) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def ledger(self, snapshot, source, verdict, packs):
        """A ledger entry with whatever it may say; the status."""
        body = b"hikae ledger entry 1\0" + bytes.fromhex(snapshot) + bytes.fromhex(source) + field(verdict)
        return self.post(f"ledger/{snapshot}", body + (1).to_bytes(8, "big") + identifiers(packs), "writer")

    def report(self):
        return self.hikae("proposals", "--json").json

    def proposal(self, snapshots=(), packs=(), label="old"):
        """The canonical bytes of a proposal that only an enemy would write."""
        report = self.report()
        body = b"hikae proposal 1\0" + bytes.fromhex(report["book"]) + bytes.fromhex(report["repository"])
        body += len(snapshots).to_bytes(4, "big")
        body += b"".join(bytes.fromhex(name) + field(label) for name in sorted(snapshots))
        body += identifiers(packs) + identifiers([]) * 3 + field("spring cleaning") + field("the auditors")
        return body + field(os.urandom(16)) + report["vault_time"].to_bytes(8, "big")

    def propose(self, **what):
        """Hands in such a proposal: (its ID, status, answer)."""
        body = self.proposal(**what)
        return (hashlib.sha256(body).hexdigest(), *self.post("proposals", body))

    def item(self, proposal):
        return next(item for item in self.report()["proposals"] if item["id"].startswith(proposal))

    def wait(self, proposal, stage, seconds=300):
        """Waits until a proposal has come to a stage; whether it has."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.item(proposal)["stage"] == stage:
                return True
            time.sleep(0.5)
        return False

    def files(self, *kinds):
        """Names of the files on the host's own disk."""
        return {path.name for kind in kinds for path in (self.folder / kind).rglob("*") if path.is_file()}

    def snapshots(self):
        """restic's list, oldest first."""
        return sorted(self.restic("snapshots", "--json").json, key=lambda item: item["time"])

    def words(self):
        """Every signed word that the book on the host's disk holds."""
        lines = map(json.loads, (self.folder / "hikae" / "agreement" / "book").read_text().splitlines())
        return [base64.b64decode(line["word"]) for line in lines if line["event"] == "said"]


class Company(Stage):
    """A company whose site is captured into one vault server, and three people who look after it."""

    def __enter__(self):
        self.password = self.folder / "password"
        self.password.touch(mode=0o600)
        self.password.write_text("正しい馬 battery staple\n")
        self.hikae = Hikae(self.options.hikae, self.folder)
        self.host = VaultHost(self)
        self.people = {}
        return self

    def __exit__(self, *_):
        self.host.switch_off()
        super().__exit__()

    def must(self, text, outcome, status=0):
        self.expect(text, outcome.status == status, outcome.text)
        return outcome

    def write_site(self, day):
        """Some pages that stay, and one large file that is new every day."""
        site = self.folder / "site"
        site.mkdir(exist_ok=True)
        for number in range(20):
            (site / f"page-{number}.html").write_text(f"<p>page {number}</p>\n" * 50)
        for old in site.glob("film-*"):
            old.unlink()
        (site / f"film-{day}").write_bytes(random.Random(day).randbytes(400_000))

    def make_plan(self, vault):
        plan = self.folder / "hikae.yaml"
        credential = self.folder / "credential"
        credential.touch(mode=0o600)
        credential.write_text(self.host.users[vault.user])
        plan.write_text(
            "organisation: さくら商店\nlanguage: en\nvaults:\n"
            f"  - {{name: far, repository: \"rest:{vault.url}\", user: {vault.user}, credential: \"file:{credential}\", "
            f"password: \"file:{self.password}\"}}\n"
            f"systems:\n  - name: shop\n    sources:\n      - {{name: site, files: \"{self.folder / 'site'}\"}}\n"
            "retention: {last: 3}\n")
        self.hikae.environment["HIKAE_PLAN"] = str(plan)

    def key(self, name):
        path = self.folder / f"{name}.key"
        made = self.hikae.run("key", "person", "new", name, "--file", path, "--passphrase-file", self.password, "--json")
        self.must(f"{name} makes a key", made)
        self.people[name] = path
        return made.objects[0]["line"]

    def set_up(self, vault, delay):
        """The people and the rule, on the vault's own machine."""
        for name in NAMES:
            line = self.lines[name]
            self.must(f"{name} is entered at {vault.name}", vault.administrator("add", line))
        self.must(f"two must agree, after {delay}", vault.administrator("rule", "--threshold", "2", "--delay", delay))

    def say(self, vault, word, proposal, name):
        words = [word, proposal, "--key", self.people[name], "--passphrase-file", self.password]
        return vault.hikae(*words, *(["--yes"] if word == "approve" else []))

    def backup(self, day):
        self.write_site(day)
        outcome = self.hikae.run("backup", "--json")
        return self.must(f"capture {day} is good", outcome)


def scenario(stage):
    stage.lines = {name: stage.key(name) for name in (*NAMES, "Mallory")}
    stock_restic(stage)
    slow = prepare_slow(stage)
    vault = Vault(stage, stage.host, "company")
    carried_out(stage, vault)
    proposals = {vetoed(stage, vault): "vetoed", forged(stage, vault, slow): "waiting"}
    stage.backup(6)
    before = vault.files("snapshots", "data", "index")
    time.sleep(DELAY + 3)
    stage.expect("neither what was vetoed nor what bears forged signatures is carried out when its time has come", all(
        vault.item(name)["stage"] == expected for name, expected in proposals.items()) and vault.files(
            "snapshots", "data", "index") == before, vault.report())
    decisions(stage, vault)
    liars(stage, vault)
    whole(stage, vault)
    clock_forward(stage, slow)
    audited(stage)


def stock_restic(stage):
    vault = Vault(stage, stage.host, "stock", user="writer")
    for day in (1, 2):
        stage.write_site(day)
        if day == 1:
            stage.must("restic init", vault.restic("init"))
        stage.must("restic backup", vault.restic("backup", "--quiet", stage.folder / "site"))
    stage.must("restic check --read-data", vault.restic("check", "--read-data"))
    stage.must("restic restore", vault.restic("restore", "latest", "--target", stage.folder / "out"))
    same(stage, stage.folder / "out" / str(stage.folder / "site").lstrip("/"))
    before = vault.files("snapshots", "data", "index")
    for words in (["forget", "--keep-last", "1", "--group-by", "", "--prune"], ["forget", vault.snapshots()[0]["id"]],
                  ["prune", "--max-unused", "0"]):
        outcome = vault.restic(*words, limit=5)
        # A prune that finds nothing to remove has nothing to be refused.
        stage.expect(f"restic {' '.join(words)[:40]} removes nothing",
                     vault.files("snapshots", "data", "index") >= before and (outcome.status != 0 or words[0] == "prune"), outcome.text)
    vault.restic("unlock", "--remove-all")
    stage.must("and restic check finds it whole", vault.restic("check"))


def same(stage, folder):
    stage.expect("what is restored is what was there",
                 subprocess.run(["diff", "-r", stage.folder / "site", folder], check=False).returncode == 0)


def prepare_slow(stage):
    """A second repository, whose rule is thirty days, with a proposal that everybody has signed."""
    slow = Vault(stage, stage.host, "slow")
    stage.must("restic init of another repository", slow.restic("init"))
    for day in (1, 2, 3):
        stage.write_site(day)
        stage.must("restic backup", slow.restic("backup", "--quiet", stage.folder / "site"))
    slow.report()
    stage.set_up(slow, "30d")
    second = slow.snapshots()[1]["id"]
    proposed = stage.must("hikae forget proposes there", slow.hikae("forget", second, "--prune", "--why", "old", "--json"))
    slow.proposed = proposed.objects[-1]["id"]
    for name in NAMES:
        stage.must(f"{name} approves", stage.say(slow, "approve", slow.proposed, name))
    return slow


def carried_out(stage, vault):
    """From captures to a removal that two people and the vault's time have carried out."""
    stage.make_plan(vault)
    stage.must("hikae init", vault.hikae("init"))
    for day in (1, 2, 3):
        stage.backup(day)
    first, second, third = (item["id"] for item in vault.snapshots())
    stage.set_up(vault, f"{DELAY}s")
    time.sleep(DELAY + 1)
    for day in (4, 5):
        stage.backup(day)
    before = vault.files("snapshots", "data", "index")
    made = stage.must("hikae forget --prune by the plan makes a proposal", stage.hikae.run(
        "forget", "--prune", "--why", "the old films"))
    report = vault.report()
    stage.expect("one proposal waits, and nothing has gone", len(report["proposals"]) == 1 and before <= vault.files(
        "snapshots", "data", "index"), made.text, report)
    proposal = report["proposals"][0]["id"]
    stage.must("佐藤 approves", stage.say(vault, "approve", proposal, "佐藤"))
    for words in (["forget", "--prune"], ["prune", "-r", f"rest:{vault.url}"]):
        again = stage.must(f"{words[0]} on the next day", stage.hikae.run(*words, **vault.environment()))
        stage.expect("is told what is proposed already, since when, who has agreed, and when it takes effect" if words[0] == "forget"
                     else "has nothing of its own", len(vault.report()["proposals"]) == 1 and (
                         words[0] == "prune" or all(word in again.text for word in (
                             "already proposed: " + proposal[:8], " ago, by keeper", "1 of 2 (佐藤)", "takes effect in"))), again.text)
    indexes = vault.files("index")
    stage.hikae.run("prune", "-r", f"rest:{vault.url}", **vault.environment())
    stage.expect("and a prune that proposes nothing leaves no index files behind", vault.files("index") == indexes)
    time.sleep(DELAY)
    stage.expect("with one approval of two it waits on, though its time has come", vault.item(proposal)["stage"] == "waiting"
                 and before <= vault.files("snapshots", "data", "index"), vault.report())
    stage.must("Anna approves", stage.say(vault, "approve", proposal, "Anna"))
    stage.expect("then the vault carries it out", vault.wait(proposal, "done"), vault.report())
    left = [item["id"] for item in vault.snapshots()]
    stage.expect("the two oldest captures are gone, and the three that the plan keeps stay",
                 first not in left and second not in left and third in left and len(left) == 3, left)
    gone = before - vault.files("snapshots", "data", "index")
    stage.expect(f"packs went, too: {len(gone)} files in all", len(gone) == vault.item(proposal)["removed"] and
                 any(name not in (first, second) for name in gone), gone)
    vault.done = proposal
    whole(stage, vault)


def vetoed(stage, vault):
    """A proposal that one person ends; its ID."""
    time.sleep(DELAY)
    made = stage.must("hikae forget of one snapshot by name makes another", vault.hikae(
        "forget", vault.snapshots()[0]["id"], "--prune", "--json"))
    proposal = made.objects[-1]["id"]
    stage.must("佐藤 approves", stage.say(vault, "approve", proposal, "佐藤"))
    stage.must("Ken says no", stage.say(vault, "veto", proposal, "Ken"))
    late = stage.say(vault, "approve", proposal, "Anna")
    stage.expect("after that nobody's yes is taken", late.status != 0, late.text)
    return proposal


def forged(stage, vault, slow):
    """A proposal with signatures that are none; its ID."""
    oldest = vault.snapshots()[0]["id"]
    proposal, status, answer = vault.propose(snapshots=[oldest])
    stage.expect("an enemy with a maintenance account can propose", status == 201, answer)
    stranger = stage.say(vault, "approve", proposal, "Mallory")
    stage.expect("a stranger's key is none of the people's", stranger.status != 0 and "none of the people" in stranger.text, stranger.text)
    signed = [word for word in vault.words() if b"approve" in word][0]
    other = [word for word in slow.words() if b"approve" in word][0]
    message = b"hikae agreement word 1\0" + field("approve")
    ids = bytes.fromhex(vault.report()["book"]) + bytes.fromhex(vault.report()["repository"]) + bytes.fromhex(proposal)
    end = (2**63).to_bytes(8, "big")
    for text, word in (
            ("an approval of another proposal", signed), ("an approval at another vault", other),
            ("a signature of zeros in 佐藤's name", message + ids + field("佐藤") + end + bytes(64)),
            ("another approval's signature in 佐藤's name", message + ids + field("佐藤") + end + signed[-64:]),
            ("the word of nobody who is known", message + ids + field("Nobody") + end + signed[-64:]),
            ("a changed bit", signed[:-1] + bytes([signed[-1] ^ 1])), ("half a word", signed[:50]), ("nothing", b"")):
        for path in ("approvals", "vetoes"):
            status, answer = vault.post(f"proposals/{proposal}/{path}", word)
            stage.expect(f"{text}, as one of the {path}: refused ({status})", 400 <= status < 500, answer)
    for name in (vault.done, "0" * 64):
        status, answer = vault.post(f"proposals/{name}/approvals", signed)
        stage.expect(f"an approval of what is done, or of nothing: refused ({status})", 400 <= status < 500, answer)
    stage.expect("nobody has approved or vetoed it", vault.item(proposal)["approvals"] == [] and "veto" not in vault.item(proposal))
    return proposal


def decisions(stage, vault):
    """A rejection reaches the vault's ledger, keeps the capture before it, and frees nothing."""
    older, newest = [item["id"] for item in vault.snapshots()][-2:]
    stage.must("hikae reject of the newest capture", stage.hikae.run(
        "reject", "shop/site", "--capture", newest[:12], "--who", "佐藤", "--why", "a broken film"))
    lines = map(json.loads, (vault.folder / "hikae" / "agreement" / "book").read_text().splitlines())
    stage.expect("the vault's book says what was rejected", any(
        line.get("verdict") == "rejected" and line.get("subjects") == [newest] for line in lines))
    for name, why in ((older, "the capture before it is the last good one now"), (newest, "and the rejected one stays all the same")):
        _, status, answer = vault.propose(snapshots=[name])
        stage.expect(f"{why} ({status})", status == 403 and b"last good" in answer, answer)


def liars(stage, vault):
    """Proposals and ledger entries that lie: the server refuses what it can see through, people's own machines the rest."""
    for text, what in (("a snapshot that does not exist", {"snapshots": ["ab" * 32]}), ("a pack that is not there", {"packs": ["cd" * 32]})):
        _, status, answer = vault.propose(**what)
        stage.expect(f"{text} cannot be proposed ({status})", status == 403, answer)
    packs = vault.files("data")
    held = [vault.propose(packs=[pack]) for pack in sorted(packs)]
    stage.expect(f"no pack of what is registered can be proposed, each of {len(packs)}", all(status == 403 for _, status, _ in held), held)
    stage.write_site(99)
    stage.must("an enemy on the capturing host adds a snapshot", vault.restic("backup", "--quiet", "--host", "x", stage.folder / "site"))
    new, news = vault.snapshots()[-1]["id"], vault.files("data") - packs
    _, status, answer = vault.propose(packs=sorted(news))
    stage.expect(f"while it has not said what it needs no pack goes ({status})", status == 403 and b"nobody has said" in answer, answer)
    status, answer = vault.ledger(new, "77" * 32, "good", [])
    stage.expect(f"it says that it needs nothing, and is believed ({status})", status == 201, answer)
    for pack in sorted(packs):
        _, status, answer = vault.propose(packs=[pack])
        stage.expect("which takes no pack away from those before it", status == 403 and b"needs the pack" in answer, answer)
    older = vault.snapshots()[0]["id"]
    status, answer = vault.ledger(older, "77" * 32, "good", [])
    stage.expect(f"nor can what others said be said again ({status})", status == 409, answer)
    proposal, status, answer = vault.propose(packs=sorted(news))
    stage.expect(f"its own packs can be proposed then ({status})", status == 201, answer)
    review = stage.say(vault, "approve", proposal, "佐藤")
    stage.expect("but 佐藤's machine finds what would be lost, signs nothing and says why", review.status != 0
                 and "would be lost" in review.text and "nothing was signed" in review.text
                 and vault.item(proposal)["approvals"] == [], review.text)
    stage.must("佐藤 ends it", stage.say(vault, "veto", proposal, "佐藤"))


def whole(stage, vault):
    stage.must("restic check --read-data finds what remains whole", vault.restic("check", "--read-data"))
    stage.must("so does hikae check", vault.hikae("check", "--read-data"))
    back = stage.folder / "back"
    shutil.rmtree(back, ignore_errors=True)
    stage.must("and it is restored", vault.restic("restore", "latest", "--target", back))
    film = next(pathlib.Path(back).rglob("film-*"))
    stage.expect("as it was", film.read_bytes() == (stage.folder / "site" / film.name).read_bytes())


def clock_forward(stage, slow):
    """Signed by all, and the clock sixty days ahead: the vault counts its own time."""
    before = slow.files("snapshots", "data", "index")
    stage.host.switch_off()
    stage.host.switch_on(60 * DAY)
    time.sleep(6)
    item, report = slow.item(slow.proposed), slow.report()
    stage.expect(f"three approvals, a clock sixty days ahead: it waits {(item['due'] - report['vault_time']) / DAY:.2f} days more",
                 len(item["approvals"]) == 3 and item["stage"] == "waiting" and item["due"] - report["vault_time"] > 29 * DAY, report)
    stage.expect("and nothing has gone", slow.files("snapshots", "data", "index") == before)
    stage.must("restic finds it whole", slow.restic("check", "--read-data"))


def audited(stage):
    audit = stage.must("the log of it all is unbroken", stage.hikae.run("vault", "audit", stage.host.disk))
    lines = [json.loads(line) for path in sorted((stage.host.disk / "audit").glob("*.jsonl")) for line in path.read_text().splitlines()]
    notes = [line.get("note", "") for line in lines]
    for text in ("the signature is not that of 佐藤", "Nobody is none of the people", "the signature is for something else",
                 "approved by Anna, 佐藤", "is carried out"):
        stage.expect(f"it tells: {text}", any(text in note for note in notes), notes[-40:], audit.text)


if __name__ == "__main__":
    main("Deletion by agreement", scenario, stage=Company)

"""S7, the account dies: credentials revoked, ports closed, the bucket deleted; then the capturing machine itself is in an
enemy's hands, with every key in its plan and an hour: that of a vault server, and those of a bucket with Object Lock; then
the vault's host stays off for sixty days and is switched on."""

import base64
import hashlib
import pathlib
import shutil
import time
import urllib.error
import urllib.request

from scenario import DAY, Rig, Truth, main

from bucket_attack import attacked_and_brought_back
from compare import same_bytes_of_files, same_files
from program import Clock
from running import Running

import s3 as bucket_server  # of practice/servers

KINDS = ("data", "index", "snapshots", "keys")


PATIENCE = 12  # seconds that the enemy lets restic try again what was refused; it would go on for longer


class Bucket:
    """The third vault: a bucket with Object Lock at another provider, which outlives the capturing machine."""

    def __init__(self, rig):
        self.rig = rig
        self.server = Running("s3", rig.folder / "cloud")
        self.facts = self.server.wait()
        self.client = bucket_server.client(self.facts)
        self.location = f"s3:{self.facts['endpoint']}/cloud-vault/company"

    @property
    def keys(self):
        return {"AWS_ACCESS_KEY_ID": self.facts["access_key"], "AWS_SECRET_ACCESS_KEY": self.facts["secret_key"],
                "AWS_DEFAULT_REGION": self.facts["region"]}

    def lines(self):
        """The vault in the plan."""
        secret = self.rig.plan.secret
        return ["name: cloud", f"repository: {self.location}", f"access-key: {secret('cloud-key', self.facts['access_key'])}",
                f"secret-key: {secret('cloud-secret', self.facts['secret_key'])}", f"region: {self.facts['region']}",
                "path-style: true", "object-lock: {mode: compliance, days: 30}",
                "custody: {holder: 見本 次郎, provider: また別の会社, account: 見本 次郎, place: 札幌}"]


class VaultHost:
    """The machine that keeps the second vault: its server, which can be switched off and on again."""

    def __init__(self, rig):
        self.rig, self.folder = rig, rig.folder / "vault-host"
        self.server, self.port = None, None
        self.switch_on()

    def switch_on(self, moment=None):
        """Starts the server; `moment` is how far ahead its clock is then, in seconds."""
        words = ["--hikae", self.rig.options.hikae]
        if self.port:
            words += ["--port", self.port, "--again"]
        if moment:
            clock = Clock(self.rig.folder)
            clock.set(time.time() + moment)
            for pair in clock.environment().items():
                words += ["--environment", "=".join(pair)]
        self.server = Running("vault", self.folder, words)
        facts = self.server.wait()
        self.port, self.users, self.disk = facts["port"], facts["users"], pathlib.Path(facts["folder"])

    def switch_off(self):
        self.server.stop()

    def url(self, path=""):
        return f"http://127.0.0.1:{self.port}/sakura/company/{path}"

    def ask(self, method, path="", user="writer", body=None, **headers):
        """(status, body) of one request with a user's password."""
        token = base64.b64encode(f"{user}:{self.users[user]}".encode()).decode()
        request = urllib.request.Request(self.url(path), body, {"Authorization": f"Basic {token}", **headers}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=300) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def files(self):
        """Every file of the repository on the host's own disk, with its hash; no locks."""
        found = {}
        for path in sorted(self.disk.rglob("*")):
            relative = path.relative_to(self.disk)
            if path.is_file() and any(kind in relative.parts for kind in (*KINDS, "config")) and len(path.name) == 64 \
                    or path.name == "config":
                found[str(relative)] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found


def scenario(rig: Rig):
    host, bucket = VaultHost(rig), Bucket(rig)
    try:
        replay(rig, host, bucket)
    finally:
        bucket.server.tell_to_stop()
        host.switch_off()
        bucket.server.stop()


def replay(rig, host, bucket):
    rig.plan.more_vaults = [[
        "name: far", f"repository: rest:{host.url()}", "user: writer", f"credential: {rig.plan.secret('far', host.users['writer'])}",
        "custody: {holder: 控 次郎, provider: 別の会社, account: 控 次郎, place: 大阪}"],
        bucket.lines()]
    rig.plan.write()
    made = rig.hikae.run("init", "-r", f"rest:{host.url()}", "--password-file", rig.plan.vault_password,
                         RESTIC_REST_USERNAME="", HIKAE_REST_USERNAME="writer", HIKAE_REST_PASSWORD=host.users["writer"])
    rig.expect("a vault is made on the far host", made.status == 0, made.text)
    made = rig.hikae.run("init", "-r", bucket.location, "--password-file", rig.plan.vault_password,
                         "-o", "s3.object-lock=compliance:30", **bucket.keys)
    rig.expect("a vault is made in a bucket, which gets Object Lock", made.status == 0, made.text)
    for _ in range(2):
        rig.capture()
        rig.company.go_on()
    rig.capture()
    truth = Truth(rig.p, rig.tenant, rig.folder / "truth")
    held = host.files()
    rig.say(f"three captures stand in all three vaults; the far one has {len(held)} files")

    account_dies(rig)
    capturing_machine_falls(rig, host)
    bucket_falls(rig, bucket, truth)
    rig.expect("every file of the far vault is as it was", {name: held[name] for name in held} == {
        name: digest for name, digest in host.files().items() if name in held})
    host_wakes(rig, host, held)
    comes_back(rig, host, truth)


def account_dies(rig):
    """The provider's account is gone with all that was in it."""
    s3 = rig.p.s3()
    bucket = rig.p.bucket(rig.tenant)
    for key in rig.p.keys(rig.tenant):
        s3.delete_object(Bucket=bucket, Key=key)
    s3.delete_bucket(Bucket=bucket)
    rig.p.stop()
    outcome = rig.capture(status=1)
    rig.expect("with the account gone every capture fails, and none is good",
               outcome.captures and all(item["verdict"] == "failed" for item in outcome.captures.values()), outcome.text)


def capturing_machine_falls(rig, host):
    """The enemy is root on the capturing machine, and has its plan, its passwords and an hour."""
    shutil.rmtree(rig.plan.vault)
    rig.expect("the vault on the machine itself is gone", not rig.plan.vault.exists())
    repository = {"RESTIC_REPOSITORY": f"rest:http://writer:{host.users['writer']}@127.0.0.1:{host.port}/sakura/company/"}
    listed = rig.hikae.run("snapshots", "--json", by="restic", **repository)
    rig.expect("restic reads the far vault with the capturing machine's password", listed.status == 0, listed.text)
    count = len(listed.json)
    forgotten = rig.hikae.run("-s", "INT", PATIENCE, "restic", "forget", "--keep-last", "1", "--group-by", "", "--prune",
                              by="timeout", **repository)
    kept = rig.hikae.run("snapshots", "--json", by="restic", **repository)
    rig.expect(f"restic forget --prune takes nothing away: all {count} snapshots are there",
               len(kept.json or []) == count, forgotten.text, kept.text)
    refused = rig.hikae.run("forget", "-r", f"rest:{host.url()}", "--password-file", rig.plan.vault_password, "--keep-last", "1",
                            "--group-by", "", "--prune", HIKAE_REST_USERNAME="writer", HIKAE_REST_PASSWORD=host.users["writer"])
    rig.expect("hikae forget --prune takes nothing away either", refused.status != 0, refused.text)
    statuses = set()
    for name in host.files():
        path = name.split("company/", 1)[1]
        parts = pathlib.PurePath(path).parts
        # restic's protocol names packs without the folder between.
        wire = "/".join([parts[0], parts[-1]]) if len(parts) > 1 else path
        statuses.add(("DELETE", host.ask("DELETE", wire)[0]))
        if len(parts) > 1:
            statuses.add(("POST", host.ask("POST", wire, body=b"something else")[0]))
    statuses.add(("DELETE all", host.ask("DELETE")[0]))
    rig.expect(f"every deletion and every overwriting is refused: {sorted(statuses)}",
               all(status >= 400 for _, status in statuses), statuses)
    forge(rig, host)


def forge(rig, host):
    """Agreement cannot be made up: no approval counts that no person's key has signed."""
    status, answer = host.ask("POST", "hikae/proposals", body=b'{"version":1}')
    rig.expect(f"a proposal that nobody may make is refused ({status})", status >= 400, answer)
    for word in ("approvals", "vetoes"):
        status, answer = host.ask("POST", f"hikae/proposals/{'0' * 64}/{word}", user="keeper", body=b'{"version":1}')
        rig.expect(f"forged {word} are refused ({status})", status >= 400, answer)


def bucket_falls(rig, bucket, truth):
    """The bucket's keys stand in the plan, too; the enemy may do all that they may."""
    attacked_and_brought_back(rig, rig.hikae, bucket.client, ("cloud-vault", "company/", bucket.location),
                              rig.plan.vault_password, **bucket.keys)
    desk = rig.folder / "from-the-bucket"
    for name, kept, compare in (("shop/site", "site", same_files), ("pages/old", "pages", same_bytes_of_files)):
        outcome = rig.hikae.run("-r", bucket.location, "--no-cache", "restore", "latest", "--path", f"/{name}",
                                "--target", desk, by="restic", **bucket.keys)
        rig.expect(f"restic restores {name} from the bucket", outcome.status == 0, outcome.text)
        rig.expect(f"{compare(str(truth.folder / kept), str(desk / name))} of it are equal (diff -r)", True)


def host_wakes(rig, host, held):
    """Sixty days later by the clock the host is switched on."""
    host.switch_off()
    rig.say("the vault's host is off for sixty days")
    host.switch_on(60 * DAY)
    host.ask("GET", "config")
    rig.expect("nothing was purged on waking", all(host.files().get(name) == digest for name, digest in held.items()))
    audit = rig.hikae.run("vault", "audit", host.disk)
    rig.expect("the server's log of it all is unbroken", audit.status == 0, audit.text)


def comes_back(rig, host, truth):
    """A new machine, the vault's password, a reader's account: everything comes back on other servers."""
    rescue = rig.folder / "rescue.yaml"
    secret = rig.plan.secret("reader", host.users["reader"])
    head, tail = rig.plan.path.read_text().split("vaults:\n", 1)
    _, systems = tail.split("systems:\n", 1)
    rescue.write_text(f"{head}vaults:\n  - name: far\n    repository: rest:{host.url()}\n    user: reader\n"
                      f"    credential: {secret}\n    password: file:{rig.plan.vault_password}\nsystems:\n{systems}")
    shutil.rmtree(rig.folder / "cache", ignore_errors=True)
    outcome = rig.hikae.run("restore", "--plan", rescue, "--all", "--to-plan", rig.plan2.path, limit=300)
    rig.expect(f"everything is restored onto P2 from the far vault ({outcome.seconds:.1f} s)", outcome.status == 0, outcome.text)
    rig.compare(truth, rig.p2)
    checked = rig.hikae.run("check", "--read-data", by="restic", RESTIC_REPOSITORY=
                            f"rest:http://reader:{host.users['reader']}@127.0.0.1:{host.port}/sakura/company/")
    rig.expect("restic finds the far vault whole", checked.status == 0, checked.text)


if __name__ == "__main__":
    main("S7: the account dies", scenario, scale=0.1)

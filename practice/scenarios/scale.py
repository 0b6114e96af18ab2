"""Several hosts, one repository, on a store of many processes: two machines capture into one bucket of a Ceph cluster, or
of OpenStack Swift, at the same time; one storage process is killed in the middle; then everything goes on without it,
and one machine forgets and prunes while the other captures.

restic is the judge throughout: it reads every byte in the bucket itself, and brings back what each machine captured.
"""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import time
import urllib.request

from scenario import Stage, main

from bucket_attack import attacked_and_brought_back
from compare import same_files
from program import Hikae
from running import Running

import common  # of practice/servers, which `running` finds

FILE = 2 << 20
OWN, COMMON = 30, 14  # files that a machine has alone, and that both have
LINE = ("--limit-upload", "12288")  # KiB/s for a machine: what a line has, so that a capture has a middle to kill in
SLOW = ("--limit-upload", "6144")  # and one that leaves time to try to prune beside it, also on a busy machine
LOCKED = 11  # the exit status of what finds a repository locked


class Store:
    """A distributed object store, running, and the bucket in it."""

    def __init__(self, stage, name, *words):
        self.stage, self.name = stage, name
        self.server = Running(name, stage.folder / "store", words)
        self.facts = self.server.wait()
        self.location = f"s3:{self.facts['endpoint']}/company/vault"
        self.client = self.connect()

    def connect(self):
        import boto3
        from botocore.config import Config

        return boto3.client("s3", endpoint_url=self.facts["endpoint"], region_name=self.facts["region"],
                            aws_access_key_id=self.facts["access_key"], aws_secret_access_key=self.facts["secret_key"],
                            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 4}))

    @property
    def credentials(self):
        """The bucket's keys, as restic takes them."""
        return {"AWS_ACCESS_KEY_ID": self.facts["access_key"], "AWS_SECRET_ACCESS_KEY": self.facts["secret_key"],
                "AWS_DEFAULT_REGION": self.facts["region"]}

    def names(self, kind):
        """The repository's files of one kind, as boto3 lists them."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket="company", Prefix=f"vault/{kind}/")
        return {item["Key"] for page in pages for item in page.get("Contents", [])}

    def close(self):
        self.server.stop()


class Ceph(Store):
    """A Ceph cluster: a monitor, three storage daemons, the gateway."""

    title = "Ceph"
    restic_words = ()

    def __init__(self, stage):
        super().__init__(stage, "ceph", "--store", "memstore", "--size", 2 << 30, "--short-days")
        self.victim = self.facts["storage"][1]

    def says(self):
        """What the cluster itself says of its storage daemons."""
        return subprocess.run(["ceph", "-c", self.facts["config"], "osd", "stat"], capture_output=True, text=True, timeout=60,
                              check=False).stdout

    def misses_the_victim(self):
        """Whether the cluster has noticed, within its own time."""
        return until(lambda: "2 up" in self.says(), pause=0.5)

    def obey(self):
        """Carries out the buckets' lifecycle rules, a day of which is a second here."""
        time.sleep(1.5)
        subprocess.run(["radosgw-admin", "-c", self.facts["config"], "lc", "process"], capture_output=True, timeout=60,
                       check=True)

    def settle(self):
        """Ceph's lists are those of what was written, at once and always."""

    def recover(self):
        """Nothing needs the process back."""


class Swift(Store):
    """OpenStack Swift: three nodes of three processes each, a proxy in front."""

    title = "OpenStack Swift"
    # restic writes over plain HTTP in a way that Swift does not know, its lock file too; it reads very well.
    restic_words = ("--no-lock",)

    def __init__(self, stage):
        super().__init__(stage, "object_store")
        self.victim = self.facts["nodes"][1][2]
        self.disk = pathlib.Path(self.facts["folders"][1])
        self.again = None

    def misses_the_victim(self):
        """Whether what is written from now on stands on two nodes only."""
        before = set(self.disk.rglob("*.data"))
        self.client.put_object(Bucket="company", Key="probe", Body=os.urandom(16))
        seen = set(self.disk.rglob("*.data"))
        self.client.delete_object(Bucket="company", Key="probe")
        return seen == before

    def settle(self):
        """Waits until the three copies of the bucket's list are the same.

        What is written while an object server is dead may be missing in one of them for as long as the others need to
        bring it up to date: some 30 seconds in most clusters.
        """
        self.stage.expect("the three copies of the bucket's list agree again", until(self.agrees))

    def agrees(self):
        """Asks each of the three servers that keep the bucket's list."""
        told = subprocess.run(["swift-get-nodes", "-a", self.facts["ring"], "AUTH_company", "company"], capture_output=True,
                              text=True, timeout=60, check=True, env=common.plain_environment()).stdout
        lists = []
        for url in sorted(set(re.findall(r'curl .*"(http://[^"]*)"', told))):
            with urllib.request.urlopen(url + "?format=json&limit=10000", timeout=30) as answer:
                lists.append({(item["name"], item["hash"]) for item in json.load(answer)})
        return len(lists) == 3 and lists[0] == lists[1] == lists[2]

    def recover(self):
        """The dead process is started again, and waited for."""
        self.again = common.start(self.facts["commands"][1][2], self.stage.folder / "again.log", env=common.plain_environment())
        self.stage.expect("the dead process is started again, and takes part", until(lambda: not self.misses_the_victim()))
        self.settle()

    def close(self):
        if self.again:
            common.stop(self.again)
        super().close()


STORES = {"ceph": Ceph, "swift": Swift}


class Machine:
    """A capturing machine: data, a plan, caches and state of its own; the vault is everybody's."""

    def __init__(self, stage, store, number):
        self.stage, self.number, self.name = stage, number, f"machine{number}"
        self.folder = stage.folder / self.name
        self.data = self.folder / "data"
        self.chance = random.Random(f"{self.name} 2012")
        self.path, self.vault, self.vault_password = self.folder / "hikae.yaml", store.location, self.folder / "password"
        self.data.mkdir(parents=True)
        self.fill(self.data / "own", OWN)
        # The same bytes on both, which each finds new because the other has not written its index yet.
        self.fill(self.data / "common", COMMON, random.Random("common 2012"))
        self.write_plan(store)
        self.hikae = Hikae(stage.options.hikae, self.folder, self)
        self.hikae.environment |= store.credentials
        self.restic_words = store.restic_words

    @property
    def source(self):
        return f"files{self.number}/papers"

    def fill(self, folder, count, chance=None):
        """Files that compress by nothing and are like no others."""
        folder.mkdir(exist_ok=True)
        for number in range(count):
            (folder / f"紙 {number}.bin").write_bytes((chance or self.chance).randbytes(FILE))

    def work(self, count):
        """A day's work: some files are written anew."""
        for path in self.chance.sample(sorted((self.data / "own").iterdir()), count):
            path.write_bytes(self.chance.randbytes(FILE))

    def write_plan(self, store):
        secrets = {name: self.folder / name for name in ("password", "access-key", "secret-key")}
        for name, text in zip(secrets, ("one for all", store.facts["access_key"], store.facts["secret_key"]), strict=True):
            secrets[name].touch(mode=0o600)
            secrets[name].write_text(text + "\n")
        self.path.write_text(f"""organisation: 見本商店
language: en
timezone: Asia/Tokyo
vaults:
  - name: cluster
    repository: {store.location}
    password: file:{secrets['password']}
    access-key: file:{secrets['access-key']}
    secret-key: file:{secrets['secret-key']}
    region: {store.facts['region']}
    path-style: true
    custody: {{holder: 控 次郎, provider: own, account: none, place: 大阪}}
systems:
  - name: files{self.number}
    title: 書類 {self.number}
    objectives: {{loss: 24h, back: 4h}}
    verdicts: {{suspicious-content: 100%}}
    sources:
      - name: papers
        files: {self.data}
retention: {{last: 1}}
""")

    def run(self, *words, **options):
        return self.hikae.run(*words, limit=240, **options)

    def capture(self, *words):
        return self.run("backup", "--json", *words)

    def restic(self, *words):
        """Runs restic on the bucket, without a cache that could know better."""
        return self.run(*self.restic_words, "--no-cache", *words, by="restic")


def scenario(stage):
    kind = STORES[stage.options.store]
    with contextlib.closing(kind(stage)) as store:
        stage.say(f"{kind.title} runs on loopback: {store.location}")
        machines = [Machine(stage, store, number) for number in (1, 2)]
        made = machines[0].run("init", "-r", store.location, "--password-file", machines[0].vault_password)
        stage.expect("one repository is made, for both machines", made.status == 0, made.text)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            killed_in_mid_capture(stage, store, machines, pool)
            store.settle()
            unlocked(stage, store)
            whole(stage, machines[0])
            goes_on_without(stage, store, machines, pool)
            store.settle()
            store.recover()
            prunes_beside(stage, store, machines, pool)
        store.settle()
        unlocked(stage, store)
        whole(stage, machines[1])
        comes_back(stage, machines)
        if kind is Ceph:
            outlives_its_keys(stage, store, machines[0])


def until(condition, seconds=60, pause=0.05):
    """Waits until something is true; whether it became so."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True


def is_gone(process):
    """Whether a process runs no more; its parent may not have asked after it yet."""
    try:
        return pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX"
    except FileNotFoundError:
        return True


def is_good(stage, machine, outcome, what):
    captures = [item for item in outcome.objects if item.get("message_type") == "capture"]
    stage.expect(f"{what}: exit 0, the capture of {machine.name} is good ({outcome.seconds:.1f} s)",
                 outcome.status == 0 and [item["verdict"] for item in captures] == ["good"], outcome.text)


def killed_in_mid_capture(stage, store, machines, pool):
    """Both machines capture at once, and a storage process dies when bytes flow."""
    running = [pool.submit(machine.capture, *LINE) for machine in machines]
    flows = until(lambda: len(store.names("data")) >= 4 or any(future.done() for future in running))
    before = store.names("data")
    os.kill(store.victim, signal.SIGKILL)
    both = not any(future.done() for future in running) and len(store.names("locks")) == 2
    stage.say(f"both machines capture, {len(before)} packs stand; storage process {store.victim} is killed")
    stage.expect("it was killed while both were writing", flows and both, *(f.result().text for f in running if f.done()))
    for machine, future in zip(machines, running, strict=True):
        is_good(stage, machine, future.result(), "with a storage process killed in the middle")
    added = store.names("data") - before
    stage.expect(f"{len(added)} packs were written after its death", len(added) > len(before), added)
    stage.expect("the process is dead, and the store goes on without it", is_gone(store.victim) and store.misses_the_victim())


def unlocked(stage, store):
    stage.expect("no lock was left behind", not store.names("locks"), store.names("locks"))


def whole(stage, machine):
    """Another program reads everything."""
    outcome = machine.restic("check", "--read-data")
    stage.expect(f"restic check --read-data, in the bucket itself: no errors were found ({outcome.seconds:.1f} s)",
                 outcome.status == 0 and "no errors were found" in outcome.text, outcome.text)
    outcome = machine.run("check", "-r", machine.vault, "--password-file", machine.vault_password, "--read-data", "--no-cache")
    stage.expect(f"hikae check --read-data: the same ({outcome.seconds:.1f} s)", outcome.status == 0, outcome.text)


def goes_on_without(stage, store, machines, pool):
    """The next day, the process still dead."""
    for machine in machines:
        machine.work(10)
    running = [pool.submit(machine.capture) for machine in machines]
    if not store.restic_words:
        # And a third machine, which has restic only.
        third = pool.submit(machines[0].restic, "backup", str(machines[0].data / "common"))
        outcome = third.result()
        stage.expect("restic backs up into the same repository at the same time", outcome.status == 0, outcome.text)
    for machine, future in zip(machines, running, strict=True):
        is_good(stage, machine, future.result(), "with the process still dead")
    stage.expect("the process is still dead", is_gone(store.victim))


def prunes_beside(stage, store, machines, pool):
    """The first machine forgets and prunes while the second captures: one has to wait, neither may spoil the other."""
    first, second = machines
    forget = ["forget", "--prune"]
    second.work(22)
    before = {kind: store.names(kind) for kind in ("snapshots", "data")}
    running = pool.submit(second.capture, *SLOW)
    flows = until(lambda: len(store.names("data") - before["data"]) >= 1 or running.done())
    refused = first.run(*forget)
    is_first = not running.done()
    stage.expect(f"pruning beside a running capture is refused as locked (exit {refused.status})",
                 flows and is_first and refused.status == LOCKED, refused.text)
    stage.expect("and has taken nothing away", all(store.names(kind) >= names for kind, names in before.items()))
    waiting = first.run(*forget, "--retry-lock", "2m")
    stage.expect(f"told to wait, it waits for the capture to end, and prunes ({waiting.seconds:.1f} s): exit 0",
                 waiting.status == 0 and running.done(), waiting.text)
    is_good(stage, second, running.result(), "beside the pruning machine")
    stage.expect("packs that no snapshot needed are gone", before["data"] - store.names("data"), waiting.text)
    # Now both at once, each willing to wait.
    for machine in machines:
        machine.work(8)
    running = [pool.submit(first.capture, "--retry-lock", "2m"), pool.submit(second.run, *forget, "--retry-lock", "2m")]
    pruned = running[1].result()
    is_good(stage, first, running[0].result(), "started together with the other's pruning")
    stage.expect(f"which exits 0 ({pruned.seconds:.1f} s)", pruned.status == 0, pruned.text)
    is_good(stage, second, second.capture(), "after its own pruning")


def comes_back(stage, machines):
    """What each machine has now comes back from the bucket: by Hikae on a new machine, and by restic."""
    for machine in machines:
        shutil.rmtree(machine.folder / "cache", ignore_errors=True)
        back = stage.folder / f"{machine.name}-hikae"
        outcome = machine.run("restore", "--all", "--to", back)
        stage.expect(f"hikae restores what {machine.name} captured, with an empty cache", outcome.status == 0, outcome.text)
        found = same_files(str(machine.data), str(back / machine.source))
        stage.expect(f"{found} entries are equal (diff -r, modes, times)", found > OWN + COMMON)
        back = stage.folder / f"{machine.name}-restic"
        outcome = machine.restic("restore", "latest", "--path", f"/{machine.source}", "--target", str(back))
        stage.expect("restic restores it, too", outcome.status == 0, outcome.text)
        found = same_files(str(machine.data), str(back / machine.source))
        stage.expect(f"{found} entries are equal (diff -r, modes, times)", found > OWN + COMMON)


def outlives_its_keys(stage, store, machine):
    """A bucket with Ceph's own Object Lock, and somebody who holds its keys."""
    location, password = f"s3:{store.facts['endpoint']}/locked/vault", ["--password-file", machine.vault_password]
    lock = ["-o", "s3.object-lock=compliance:30"]
    made = machine.run("init", "-r", location, *password, *lock)
    stage.expect("a repository is made in a bucket with Object Lock", made.status == 0, made.text)
    for _ in range(2):
        machine.work(1)
        saved = machine.run("backup", "-r", location, *password, *lock, machine.data / "own")
        stage.expect("and filled", saved.status == 0, saved.text)
    attacked_and_brought_back(stage, machine.hikae, store.client, ("locked", "vault/", location), machine.vault_password,
                              obey=store.obey)


if __name__ == "__main__":
    main("Several hosts, one repository on a distributed store", scenario, stage=Stage,
         arguments=[("--store", {"choices": sorted(STORES), "required": True})])

"""Vaults on other machines: Hikae beside restic over the same wire to the same server, in one run.

    python3 -B Benchmarks/remote.py [--kinds rest,sftp,s3] [--delays 0,50] [--size 500] [--rounds 3] [--gate]

rest: Hikae's own vault server serves both. sftp: OpenSSH's. s3: Ceph's gateway where Ceph is installed, else moto. A
delay lengthens the way to the server by so many milliseconds a round trip (practice/servers/delay.py). Each round gives
both programs an empty repository; each backs up the same files, again with nothing new, and restores them; the restored
files are compared with the first. Medians and ratios to restic are printed; with --gate the exit status is 1 unless
backup and restore take at most 0.6 of restic's time everywhere. `--work /dev/shm` keeps the disk out of the comparison;
it takes some 6 GB of memory, Ceph's included.
"""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

import measure
from contenders import Hikae, Restic
from run import verify

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(1, str(HERE.parent / "practice"))

from running import Running  # noqa: E402  (found through the line above)

JOBS = [("backup", "first backup"), ("unchanged", "unchanged backup"), ("restore", "restore")]
GATED, GATE = ("backup", "restore"), 0.6


class Wire:
    """A server of one kind, near or behind a delay; how both programs are told of it."""

    def __init__(self, kind, folder, hikae, delay):
        self.kind, self.running = kind, []
        name, words = {"rest": ("vault", ["--hikae", hikae]), "sftp": ("openssh", []), "s3": ("s3", [])}[kind]
        if kind == "s3" and shutil.which("radosgw"):
            name, words = "ceph", ["--store", "memstore", "--size", 4 << 30]
        self.facts = self.start(name, folder / name, words)
        self.port = self.facts["port"]
        if delay:
            words = ["--target", self.port, "--milliseconds", delay]
            self.port = self.start("delay", folder / "delay", words)["port"]
        self.server = name

    def start(self, name, folder, words):
        server = Running(name, folder, words)
        self.running.append(server)
        return server.wait()

    def stop(self):
        for server in reversed(self.running):
            server.stop()

    def place(self, name, program):
        """(repository, environment, options) of a repository called `name`, as `program` is told of it."""
        facts = self.facts
        if self.kind == "rest":
            return f"rest:http://writer:{facts['users']['writer']}@127.0.0.1:{self.port}/sakura/{name}/", {}, []
        if self.kind == "s3":
            keys = {"AWS_ACCESS_KEY_ID": facts["access_key"], "AWS_SECRET_ACCESS_KEY": facts["secret_key"],
                    "AWS_DEFAULT_REGION": facts["region"]}
            return f"s3:http://127.0.0.1:{self.port}/{name}", keys, []
        words = (f"-i {facts['identity']} -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o StrictHostKeyChecking=no "
                 "-o IdentitiesOnly=yes")
        if program == "restic":
            # Debian's restic has no other way to give ssh a word.
            command = f"ssh -p {self.port} {words} {facts['user']}@127.0.0.1 -s sftp"
            return f"sftp:{facts['user']}@127.0.0.1:{facts['docroot']}/{name}", {}, ["-o", f"sftp.command={command}"]
        return f"sftp://{facts['user']}@127.0.0.1:{self.port}/{facts['docroot']}/{name}", {}, ["-o", f"sftp.args={words}"]


class Remote:
    """One of the programs with a repository on the wire."""

    def __init__(self, contender, wire, number):
        self.contender, self.name = contender, contender.name
        place, variables, self.options = wire.place(f"{contender.name}-{number}", contender.name)
        self.environment = contender.environment | variables | {"RESTIC_REPOSITORY": place}
        contender.folder.mkdir(parents=True)

    def run(self, words, folder=None):
        words = [words[0], *self.options, *words[1:]]
        return measure.run(words, self.environment, folder, self.contender.folder / "last.log")


def round_of(wire, programs, source, results, check):
    """Every job once by both, the first mentioned first."""
    for program in programs:
        program.run(program.contender.init())
    for job in ("backup", "unchanged"):
        for program in programs:
            results[program.name][job].append(program.run(program.contender.backup(source, job)))
    for program in programs:
        contender = program.contender
        contender.target.mkdir()
        results[program.name]["restore"].append(program.run(contender.restore(source), contender.target))
        if check:
            verify(source, contender.restored(source))
        hollow(contender.target)


def hollow(folder):
    """Frees what files of a folder take, and leaves the files. ext4 hands inodes of files that were removed in the last
    minutes to nobody and looks for others one by one, which would be counted to whoever restores next."""
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            if os.path.isfile(path) and not os.path.islink(path):
                os.chmod(path, 0o600)
                os.truncate(path, 0)


def compare(kind, delay, options, folder):
    """{job: ratio of the medians}, printed on the way. The folder holds the data, and takes everything else."""
    results = {name: {job: [] for job, _ in JOBS} for name in ("restic", "hikae")}
    source, folder = folder / "data", folder / f"{kind}-{delay}"
    wire = Wire(kind, folder / "servers", options.hikae, delay)
    try:
        for number in range(options.rounds):
            programs = [Remote(Restic("restic", folder / f"restic-{number}"), wire, number),
                        Remote(Hikae(options.hikae, folder / f"hikae-{number}"), wire, number)]
            round_of(wire, programs if number % 2 == 0 else programs[::-1], source, results, check=number == 0)
    finally:
        wire.stop()
        hollow(folder)
    ratios = {}
    for job, title in JOBS:
        wall = {name: statistics.median(run["wall"] for run in results[name][job]) for name in results}
        peak = max(run["rss"] for run in results["hikae"][job])
        ratios[job] = wall["hikae"] / wall["restic"]
        print(f"{kind:5} ({wire.server}) {delay:3} ms  {title:17} hikae {wall['hikae']:7.2f} s  restic {wall['restic']:7.2f} s  "
              f"ratio {ratios[job]:.2f}  {peak / 1e6:4.0f} MB", flush=True)
    return ratios


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hikae", default=str(HERE.parent / ".build/release/hikae"))
    parser.add_argument("--kinds", default="rest,sftp,s3")
    parser.add_argument("--delays", default="0,50", help="milliseconds of added round trip")
    parser.add_argument("--size", type=int, default=500, help="megabytes of data")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", default=None, help="where everything is made and removed again")
    parser.add_argument("--gate", action="store_true")
    options = parser.parse_args()
    options.hikae = os.path.abspath(options.hikae)
    failures = []
    with tempfile.TemporaryDirectory(dir=options.work) as place:
        source = pathlib.Path(place) / "data"
        subprocess.run([sys.executable, "-B", str(HERE / "data.py"), "build", str(source), "--seed", "20120620", "--files", "5000", "--bytes",
                        str(options.size * 1_000_000)], check=True, stdout=subprocess.DEVNULL)
        measure.warm(source)
        for kind in options.kinds.split(","):
            for delay in map(int, options.delays.split(",")):
                ratios = compare(kind, delay, options, pathlib.Path(place))
                failures += [f"{kind}, {delay} ms: {job} {ratios[job]:.2f}" for job in GATED if ratios[job] > GATE]
    if options.gate and failures:
        sys.exit("over the promised 0.6: " + "; ".join(failures))


if __name__ == "__main__":
    main()

"""Measures the capture of a large database beside the usual pipes: python3 -B Benchmarks/database.py.

On a real server that it starts itself, with a shop of at least the size asked for: the bare dump, the dump through
zstd -3 into nothing, the dump into `restic backup --stdin`, and `hikae backup` with a plan. Each round gives the
repositories anew; the order turns from round to round. Then one percent of the rows change, once as a day's business
does (the latest orders, and new ones) and once scattered over everything, and Hikae captures again: what that adds is
told beside the first capture. Nothing else should run on the machine meanwhile.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

import measure

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parent
# What the project promises: Hikae's wall time at most so many times the other's.
GATES = {"zstd": 1.0, "restic": 0.6}
PEAK_MEMORY = 300 << 20
DAILY_SHARE = 0.05


class Server:
    """A practice server, and the database in it."""

    def __init__(self, engine, folder):
        self.engine = engine
        script = PROJECT / "practice" / "servers" / f"{engine}.py"
        self.process = subprocess.Popen([sys.executable, "-B", script, "--folder", folder / "server"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.facts = json.loads(self.process.stdout.readline())
        self.environment = dict(os.environ)
        if engine == "postgresql":
            words = ["-h", self.facts["socket"], "-p", str(self.facts["port"]), "-U", self.facts["superuser"]]
            self.sql_words = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *words]
            self.dump_words = ["pg_dump", *words, "shop"]
        else:
            self.environment["MYSQL_PWD"] = self.facts["superuser_password"]
            words = ["--no-defaults", f"--socket={self.facts['socket']}", f"--user={self.facts['superuser']}",
                     "--default-character-set=utf8mb4"]
            self.sql_words = ["mariadb", *words, "--batch", "--skip-column-names"]
            self.dump_words = ["mariadb-dump", *words, "--single-transaction", "--quick", "--routines", "--triggers",
                               "--events", "--hex-blob", "shop"]

    def sql(self, text, database=None):
        words = self.sql_words
        if database:
            words = words + (["-d", database] if self.engine == "postgresql" else [database])
        return subprocess.run(words, input=text, env=self.environment, check=True, capture_output=True,
                              text=True).stdout

    def numbers(self, first, last):
        return f"generate_series({first}, {last}) s(seq)" if self.engine == "postgresql" else f"seq_{first}_to_{last}"

    def rows(self, first, last):
        """Rows as a shop has them: numbers and dates, names and addresses that repeat, remarks that do not."""
        if self.engine == "postgresql":
            noise, stamp = "md5(seq::text)", "timestamp '2012-01-01' + seq * interval '37 seconds'"
            place = "(ARRAY['東京都千代田区','大阪府大阪市北区','京都府京都市中京区','長野県松本市'])[seq % 4 + 1]"
        else:
            noise, stamp = "MD5(seq)", "TIMESTAMP '2012-01-01 00:00:00' + INTERVAL seq * 37 SECOND"
            place = "ELT(seq % 4 + 1, '東京都千代田区','大阪府大阪市北区','京都府京都市中京区','長野県松本市')"
        return (f"INSERT INTO orders SELECT seq, seq % 50021, {stamp}, 'paid', seq % 9973 * 10, "
                f"CONCAT({place}, seq % 97, '番', seq % 31, '号'), CONCAT('のし: ', {noise}) FROM "
                f"{self.numbers(first, last)};")

    def fill(self, size):
        """Makes the database; returns how many rows it has."""
        self.sql("CREATE DATABASE shop" + ("" if self.engine == "postgresql" else " CHARACTER SET utf8mb4"))
        stamp = "timestamp" if self.engine == "postgresql" else "datetime"
        self.sql(f"CREATE TABLE orders (id INT PRIMARY KEY, customer INT, placed {stamp}, state VARCHAR(10), "
                 "total NUMERIC(12,0), address VARCHAR(200), remark TEXT);", "shop")
        total = size // 130
        step = 500_000
        for first in range(1, total + 1, step):
            self.sql(self.rows(first, min(total, first + step - 1)), "shop")
        if self.engine == "postgresql":
            self.sql("VACUUM ANALYZE orders; CHECKPOINT;", "shop")
        return total

    def stop(self):
        self.process.stdin.close()
        self.process.wait(60)


class Bench:
    def __init__(self, options, work):
        self.options, self.work = options, work
        self.server = Server(options.engine, work)
        self.environment = dict(self.server.environment, RESTIC_PASSWORD="bench", XDG_CACHE_HOME=str(work / "cache"),
                                BENCH_PASSWORD=self.server.facts["superuser_password"])

    def shell(self, pipe):
        """A pipe as a shell runs it; a dump that fails fails the whole."""
        return ["bash", "-c", f"set -o pipefail; exec 2>>{self.work / 'messages'}; {pipe}"]

    def plan(self):
        """A plan with one vault and this database; the vault is made."""
        vault = self.work / "vault"
        shutil.rmtree(vault, ignore_errors=True)
        (self.work / "password").write_text("bench\n")
        (self.work / "password").chmod(0o600)
        facts = self.server.facts
        text = f"""
organisation: bench
language: en
timezone: Asia/Tokyo
vaults:
  - name: office
    repository: {vault}
    password: file:{self.work / 'password'}
    custody: {{holder: bench, provider: own, account: none, place: here}}
systems:
  - name: shop
    objectives: {{loss: 24h, back: 4h}}
    sources:
      - name: orders
        {self.options.engine}: {self.options.engine}://{facts['superuser']}@127.0.0.1:{facts['port']}/shop
        password: env:BENCH_PASSWORD
people:
  - {{name: bench, mail: bench@example.jp, roles: [owner]}}
"""
        (self.work / "hikae.yaml").write_text(text)
        subprocess.run([self.options.hikae, "init", "--repo", str(vault), "--password-file",
                        str(self.work / "password")], check=True, env=self.environment, stdout=subprocess.DEVNULL)
        return [self.options.hikae, "backup", "--plan", str(self.work / "hikae.yaml")]

    def contenders(self):
        dump = " ".join(f"'{word}'" for word in self.server.dump_words)
        repository = self.work / "restic"

        def restic():
            shutil.rmtree(repository, ignore_errors=True)
            subprocess.run(["restic", "init", "-q", "-r", repository], check=True, env=self.environment)
            return self.shell(f"{dump} | restic -q -r '{repository}' backup --stdin --stdin-filename shop.sql")

        return {"dump": lambda: self.shell(f"{dump} > /dev/null"),
                "zstd": lambda: self.shell(f"{dump} | zstd -q -3 > /dev/null"), "restic": restic, "hikae": self.plan}

    def run(self):
        rows = self.server.fill(self.options.size << 20)
        contenders = self.contenders()
        results = {name: [] for name in contenders}
        names = list(contenders)
        for turn in range(self.options.rounds):
            for name in names[turn % len(names):] + names[:turn % len(names)]:
                words = contenders[name]()
                results[name].append(measure.run(words, self.environment, log=self.work / "log"))
                print(f"  round {turn + 1} {name:7} {results[name][-1]['wall']:6.1f} s", flush=True)
        return rows, results

    def again(self):
        """What later captures add: (first, a day's business, scattered) in bytes stored."""
        backup = self.plan()
        vault = self.work / "vault"
        sizes = []

        def capture():
            measure.run(backup, self.environment, log=self.work / "log")
            sizes.append(measure.size_of(vault))

        capture()
        total = int(self.server.sql("SELECT max(id) FROM orders", "shop"))
        few = total // 200
        self.server.sql(f"UPDATE orders SET state = 'sent' WHERE id > {total - few};"
                        + self.server.rows(total + 1, total + few), "shop")
        capture()
        self.server.sql("UPDATE orders SET state = 'returned' WHERE id % 100 = 7", "shop")
        capture()
        return sizes[0], sizes[1] - sizes[0], sizes[2] - sizes[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", choices=["postgresql", "mariadb"], default="postgresql")
    parser.add_argument("--size", type=int, default=1100, help="the dump's size in MiB, about")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--hikae", default=str(PROJECT / ".build" / "release" / "hikae"))
    parser.add_argument("--work", type=pathlib.Path, help="a folder with room for four times the size")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.work, prefix="hikae-bench-") as folder:
        bench = Bench(options, pathlib.Path(folder))
        try:
            rows, results = bench.run()
            first, daily, scattered = bench.again()
        finally:
            bench.server.stop()
    median = {name: statistics.median(run["wall"] for run in runs) for name, runs in results.items()}
    peak = max(run["rss"] for run in results["hikae"])
    print(f"{options.engine}, {rows:,} rows; {os.cpu_count()} processors; medians of {options.rounds}")
    for name, wall in median.items():
        cpu = statistics.median(run["cpu"] for run in results[name])
        print(f"  {name:7} {wall:6.1f} s wall {cpu:6.1f} s processor   hikae/{name}: {median['hikae'] / wall:.2f}")
    print(f"  hikae's peak memory: {peak / (1 << 20):.0f} MiB (limit {PEAK_MEMORY >> 20})")
    print(f"  1 % as a day's business adds {daily / first:.2%}, 1 % scattered adds {scattered / first:.2%} of the first")
    failed = [f"hikae/{name} is over {gate}" for name, gate in GATES.items() if median["hikae"] > gate * median[name]]
    failed += ["too much memory"] * (peak > PEAK_MEMORY) + ["a day adds too much"] * (daily > DAILY_SHARE * first)
    print("  gates: " + ("; ".join(failed) or "all held"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

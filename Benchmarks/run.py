"""Measures Hikae beside restic and borg on the same files: python3 -B Benchmarks/run.py, or make bench.

Each round gives every program an empty repository, and each job is done by one program after the other, the order
turning from round to round, so that no program always runs first. Reported are medians, and ratios to restic. Nothing
else should run on the machine meanwhile.
"""

import argparse
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import time

import chart
import measure
from contenders import Borg, Hikae, Restic

HERE = pathlib.Path(__file__).parent
JOBS = [("first", "first backup"), ("unchanged", "unchanged backup"), ("changed", "1 % changed"),
        ("restore", "restore"), ("check", "check, all data"), ("tidy", "forget + prune")]
# What the project promises: (job, measure, at most this ratio to restic).
GATES = [("first", "wall", 0.40), ("first", "cpu", 0.45), ("unchanged", "wall", 0.35), ("restore", "wall", 0.60),
         ("check", "wall", 0.60), *[(job, "rss", 1.0) for job, _ in JOBS]]


def data(action, root, options, *more):
    """Runs the generator as a process of its own."""
    words = [sys.executable, "-B", HERE / "data.py", action, root, "--seed", options.seed, *more]
    return subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True).stdout


def install_borg(work):
    """borg in a virtual environment of the benchmark's own; None when it cannot be had."""
    place = work / "borg"
    program = place / "bin" / "borg"
    if not program.exists():
        python = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
        print("building borg 1.4 from PyPI ...", flush=True)
        for words in ([python, "-m", "venv", place], [place / "bin" / "pip", "install", "--quiet",
                                                      "--disable-pip-version-check", "borgbackup>=1.4,<1.5"]):
            result = subprocess.run([str(word) for word in words], capture_output=True, text=True)
            if result.returncode != 0:
                print(f"borg is left out: {result.stderr.strip()[-400:]}", file=sys.stderr)
                return None
    return program


def verify(source, restored):
    """The restored files must be the files: a fast restore of something else is worth nothing."""
    result = subprocess.run(["diff", "-r", "--no-dereference", str(source), str(restored)], capture_output=True, text=True)
    if result.returncode != 0:
        raise measure.Failed(f"{restored} is not {source}:\n{result.stdout[:1000]}")


class Bench:
    def __init__(self, options):
        self.options = options
        self.work = options.work.resolve()
        self.source = self.work / "data"
        self.kept = self.work / "kept"
        self.log = self.work / "last.log"
        self.results = {}

    def record(self, tool, job, figures):
        self.results.setdefault(tool, {}).setdefault(job, []).append(figures)
        print(f"    {tool:8} {job:10} {figures['wall']:8.2f} s  {figures['cpu']:8.2f} s cpu  "
              f"{figures['rss'] / 1e6:7.0f} MB", flush=True)

    def measured(self, contender, job, commands, folder=None):
        """One job, which may take more than one command."""
        parts = [measure.run(words, contender.environment, folder, self.log) for words in commands]
        self.record(contender.name, job, {"wall": sum(part["wall"] for part in parts),
                                          "cpu": sum(part["cpu"] for part in parts),
                                          "rss": max(part["rss"] for part in parts)})

    def round(self, number, contenders):
        turn = number % len(contenders)
        order = contenders[turn:] + contenders[:turn]
        print(f"  round {number + 1}: {', '.join(contender.name for contender in order)}", flush=True)
        for contender in order:
            shutil.rmtree(contender.folder, ignore_errors=True)
            contender.folder.mkdir(parents=True)
            measure.run(contender.init(), contender.environment, None, self.log)
        for contender in order:
            self.measured(contender, "first", [contender.backup(self.source, "first")])
            self.sizes(contender, "first")
        for contender in order:
            self.measured(contender, "unchanged", [contender.backup(self.source, "unchanged")])
        data("change", self.source, self.options, "--kept", self.kept)
        try:
            for contender in order:
                self.measured(contender, "changed", [contender.backup(self.source, "changed")])
            for contender in order:
                contender.target.mkdir()
                self.measured(contender, "restore", [contender.restore(self.source)], contender.target)
                if number == 0:
                    verify(self.source, contender.restored(self.source))
                shutil.rmtree(contender.target)
            for contender in order:
                self.measured(contender, "check", contender.check())
            for contender in order:
                self.measured(contender, "tidy", contender.tidy())
                self.sizes(contender, "tidy")
        finally:
            data("revert", self.source, self.options, "--kept", self.kept)
        for contender in order:
            shutil.rmtree(contender.folder, ignore_errors=True)

    def sizes(self, contender, moment):
        sizes = self.results.setdefault(contender.name, {}).setdefault("size", {})
        sizes.setdefault(moment, []).append(measure.size_of(contender.repository))

    def summary(self, contenders, known):
        """Medians of everything, and ratios to restic."""
        tools = {}
        for contender in contenders:
            jobs = self.results[contender.name]
            tools[contender.name] = {
                "version": contender.version(),
                "jobs": {job: {what: statistics.median(run[what] for run in jobs[job]) for what in ("wall", "cpu", "rss")}
                         for job, _ in JOBS},
                "size": {moment: statistics.median(values) for moment, values in jobs["size"].items()},
                "runs": jobs,
            }
        if "restic" in tools:
            base = tools["restic"]
            for tool in tools.values():
                tool["ratio"] = {job: {what: tool["jobs"][job][what] / base["jobs"][job][what]
                                       for what in ("wall", "cpu", "rss")} for job, _ in JOBS}
                tool["ratio"]["size"] = {moment: tool["size"][moment] / base["size"][moment] for moment in tool["size"]}
        return {"when": time.strftime("%Y-%m-%d", time.gmtime()), "rounds": self.options.rounds, "data": known,
                "machine": machine(self.work), "least_rss": measure.own_peak(), "tools": tools}


def machine(work):
    model = "unknown processor"
    try:
        with open("/proc/cpuinfo") as file:
            model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), model)
    except OSError:
        pass
    # What is mounted twice over is listed twice.
    mounts = subprocess.run(["findmnt", "-n", "-o", "FSTYPE", "-T", str(work)], capture_output=True, text=True).stdout
    kind = mounts.split("\n")[0].strip()
    return {"processor": model, "cores": os.cpu_count(), "system": platform.platform(terse=True), "filesystem": kind,
            "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")}


def table(report):
    """The summary as a Markdown table, which is also what the README shows."""
    tools = list(report["tools"])
    lines = ["| | " + " | ".join(tools) + " | hikae / restic |", "| --- |" + " ---: |" * (len(tools) + 1)]

    def ratio(*path):
        value = report["tools"].get("hikae", {}).get("ratio")
        for step in path:
            value = value.get(step) if value else None
        return f"{value:.2f}" if value is not None else ""

    for job, title in JOBS:
        lines.append(f"| {title}, wall | " + " | ".join(f"{report['tools'][tool]['jobs'][job]['wall']:.2f} s" for tool in tools)
                     + f" | {ratio(job, 'wall')} |")
    for job, title in JOBS:
        lines.append(f"| {title}, CPU | " + " | ".join(f"{report['tools'][tool]['jobs'][job]['cpu']:.2f} s" for tool in tools)
                     + f" | {ratio(job, 'cpu')} |")
    for job, title in JOBS:
        lines.append(f"| {title}, peak memory | "
                     + " | ".join(f"{report['tools'][tool]['jobs'][job]['rss'] / 1e6:.0f} MB" for tool in tools)
                     + f" | {ratio(job, 'rss')} |")
    for moment, title in (("first", "repository after the first backup"), ("tidy", "repository after prune")):
        lines.append(f"| {title} | " + " | ".join(f"{report['tools'][tool]['size'][moment] / 1e6:.0f} MB" for tool in tools)
                     + f" | {ratio('size', moment)} |")
    return "\n".join(lines)


README_ROWS = {
    "README.md": {"first": "first backup", "unchanged": "unchanged backup", "changed": "backup after 1 % changed",
                  "restore": "restore", "check": "check of all data", "tidy": "forget and prune",
                  "cpu": "processor time, first backup", "rss": "peak memory, highest", "size": "repository",
                  "ratio": "hikae / restic"},
    "README.ja.md": {"first": "最初のバックアップ", "unchanged": "変更なし", "changed": "1 % 変更後", "restore": "復元",
                     "check": "全データの検査", "tidy": "forget と prune", "cpu": "CPU 時間（最初）",
                     "rss": "最大メモリ", "size": "リポジトリ", "ratio": "hikae / restic"},
}


def short_table(report, words):
    """The table for a README: what a newcomer asks for first."""
    tools = report["tools"]
    rows = [(words[job], {name: tool["jobs"][job]["wall"] for name, tool in tools.items()}, chart.seconds) for job, _ in JOBS]
    rows.append((words["cpu"], {name: tool["jobs"]["first"]["cpu"] for name, tool in tools.items()}, chart.seconds))
    rows.append((words["rss"], {name: max(job["rss"] for job in tool["jobs"].values()) for name, tool in tools.items()},
                 chart.megabytes))
    rows.append((words["size"], {name: tool["size"]["first"] for name, tool in tools.items()}, chart.megabytes))
    lines = ["| | " + " | ".join(tools) + f" | {words['ratio']} |", "| --- |" + " ---: |" * (len(tools) + 1)]
    for title, values, show in rows:
        ratio = f"{values['hikae'] / values['restic']:.2f}" if {"hikae", "restic"} <= values.keys() else ""
        lines.append(f"| {title} | " + " | ".join(show(value) for value in values.values()) + f" | {ratio} |")
    machine, data = report["machine"], report["data"]
    lines.append(f"\n{data['bytes'] / 1e9:.1f} GB, {data['count']:,} files; {machine['cores']} × {machine['processor']}, "
                 f"{machine['filesystem']}; {', '.join(tool['version'].split(' compiled')[0] for tool in tools.values())}; "
                 f"{report['when']}.")
    return "\n".join(lines)


def write_readmes(report):
    """Puts the table between the marks in each README."""
    begin, end = "<!-- bench:begin -->", "<!-- bench:end -->"
    for name, words in README_ROWS.items():
        path = HERE.parent / name
        text = path.read_text(encoding="utf-8")
        before, rest = text.split(begin, 1)
        after = rest.split(end, 1)[1]
        path.write_text(f"{before}{begin}\n{short_table(report, words)}\n{end}{after}", encoding="utf-8")


def gates(report):
    """The promises that do not hold, in words."""
    ratios = report["tools"].get("hikae", {}).get("ratio")
    if not ratios:
        return ["hikae and restic were not both measured"]
    broken = [f"{job} {what}: {ratios[job][what]:.2f} of restic's, promised at most {most:.2f}"
              for job, what, most in GATES if ratios[job][what] > most]
    if ratios["size"]["first"] > 1.02:
        broken.append(f"repository: {ratios['size']['first']:.3f} of restic's, promised at most 1.02")
    return broken


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hikae", type=pathlib.Path, default=pathlib.Path(".build/release/hikae"))
    parser.add_argument("--tools", default="hikae,restic,borg", help="which to run, with commas (default %(default)s)")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("/tmp/hikae-bench"), help="a directory for all of it")
    parser.add_argument("--size", type=int, default=4000, help="megabytes of data (default %(default)s)")
    parser.add_argument("--files", type=int, default=52_000, help="small files among them (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=2012)
    parser.add_argument("--quick", action="store_true", help="200 MB, 3,000 small files, one round: only to try")
    parser.add_argument("--json", type=pathlib.Path, help="where the report goes (default WORK/report.json)")
    parser.add_argument("--svg", type=pathlib.Path, help="where the chart goes (default docs/bench.svg; WORK/bench.svg if quick)")
    parser.add_argument("--readme", action="store_true", help="put the figures into README.md and README.ja.md as well")
    parser.add_argument("--from-report", type=pathlib.Path, help="measure nothing: chart, tables and promises of a report")
    parser.add_argument("--gate", action="store_true", help="exit 1 when a promised ratio does not hold")
    options = parser.parse_args()
    if options.quick:
        options.size, options.files, options.rounds = 200, 3_000, 1
    if options.from_report:
        return publish(json.loads(options.from_report.read_text()), options)
    options.work.mkdir(parents=True, exist_ok=True)

    bench = Bench(options)
    contenders = []
    for name in options.tools.split(","):
        folder = bench.work / "runs" / name
        if name == "hikae":
            contenders.append(Hikae(options.hikae.resolve(), folder))
        elif name == "restic":
            contenders.append(Restic(shutil.which("restic") or parser.error("restic is not installed"), folder))
        elif name == "borg":
            if program := install_borg(bench.work):
                contenders.append(Borg(program, folder))
        else:
            parser.error(f"no such tool: {name}")

    data("revert", bench.source, options, "--kept", bench.kept)
    print(f"making {options.size} MB of files ...", flush=True)
    known = json.loads(data("build", bench.source, options, "--bytes", options.size * 1_000_000, "--files", options.files))
    print(f"  {known['count']:,} files, {known['bytes'] / 1e9:.2f} GB", flush=True)
    for number in range(options.rounds):
        measure.warm(bench.source)
        bench.round(number, contenders)

    return publish(bench.summary(contenders, known), options)


def publish(report, options):
    """Shows and writes a report in all its forms; the exit status."""
    print("\n" + table(report))
    saved = options.json or options.work / "report.json"
    saved.parent.mkdir(parents=True, exist_ok=True)
    saved.write_text(json.dumps(report, indent=1) + "\n")
    svg = options.svg or (options.work if options.quick else HERE.parent / "docs") / "bench.svg"
    svg.write_text(chart.draw(report, JOBS), encoding="utf-8")
    print(f"\nreport: {saved}\nchart: {svg}")
    if options.readme:
        write_readmes(report)
    broken = gates(report)
    for line in broken:
        print("not held: " + line)
    if not broken:
        print("every promised ratio holds")
    return 1 if broken and options.gate else 0


if __name__ == "__main__":
    sys.exit(main())

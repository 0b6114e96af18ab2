"""The benchmark's files, from a seed: what a small company's server holds, in proportion.

    photographs, archives   35 %  noise, which no compressor shortens
    text                    40 %  logs, SQL dumps, JSON, HTML, Japanese prose, program text
    small files             10 %  50,000 and more in many directories, 0 bytes to 64 KiB
    duplicates              15 %  whole copies, and copies with bytes put in front or changed inside

The same seed and size give the same bytes. Run by itself it only writes the files: the measuring program must stay
small, because a process's peak memory is counted from its parent's at the start.
"""

import argparse
import hashlib
import itertools
import json
import multiprocessing
import os
import pathlib
import random
import shutil
import sys

MB = 1_000_000
SYLLABLES = ("ka ki ku ke ko sa shi su se so ta chi tsu te to na ni nu ne no ha hi fu he ho ma mi mu me mo ya yu yo "
             "ra ri ru re ro wa an en in on er al th st pro con ver ing ion ment able ness").split()
KANJI = "日本語文字会社注文請求書発送配達東京都大阪府京都市北海道店舗商品在庫価格税込年月日時分秒人名前住所電話番号"
KANA = "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわをんがぎぐげござじ"


class Words:
    """A vocabulary with the frequencies of a natural language: the n-th word stands about 1/n as often as the first."""

    def __init__(self, chance, count=6000):
        self.words = ["".join(chance.choices(SYLLABLES, k=chance.choice((1, 2, 2, 3, 4)))) for _ in range(count)]
        self.weights = list(itertools.accumulate(1 / (rank + 3) for rank in range(count)))
        self.japanese = ["".join(chance.choices(KANJI, k=chance.choice((1, 2, 2, 4))))
                         + "".join(chance.choices(KANA, k=chance.choice((1, 2, 3)))) for _ in range(count)]

    def take(self, chance, count):
        return chance.choices(self.words, cum_weights=self.weights, k=count)

    def take_japanese(self, chance, count):
        return chance.choices(self.japanese, cum_weights=self.weights, k=count)


def log(chance, words, size):
    """A web server's access log."""
    paths = ["/" + "/".join(words.take(chance, 2)) + chance.choice((".html", ".png", "", "/", ".js")) for _ in range(900)]
    agents = ["Mozilla/5.0 (%s) %s/%d.0" % (" ".join(words.take(chance, 3)), chance.choice(("Firefox", "Chrome", "Safari")), n)
              for n in range(60, 140)]
    clock, out, length = chance.randrange(1_600_000_000, 1_760_000_000), [], 0
    while length < size:
        clock += chance.randrange(4)
        n = chance.getrandbits(64)
        line = '%d.%d.%d.%d - - [%d] "%s %s HTTP/1.1" %d %d "-" "%s"\n' % (
            n & 255, n >> 8 & 255, n >> 16 & 15, n >> 24 & 255, clock, "POST" if n >> 60 == 0 else "GET",
            paths[(n >> 32) % 900], 200 if n & 7 else 404, n >> 40 & 0xFFFF, agents[(n >> 48) % 80])
        out.append(line)
        length += len(line)
    return "".join(out).encode()


def sql(chance, words, size):
    """A plain SQL dump: long INSERT statements."""
    out, length, key = ["-- dump\nCREATE TABLE orders (id INT PRIMARY KEY, ...);\n"], 0, chance.randrange(1 << 20)
    while length < size:
        rows = []
        for _ in range(200):
            key += 1
            text = words.take(chance, 4)
            rows.append("(%d,'%s %s','%s@%s.example.jp',%d,'2025-%02d-%02d %02d:00:00','%s')" % (
                key, text[0], text[1], text[2], text[3], chance.randrange(1 << 20), key % 12 + 1, key % 28 + 1, key % 24,
                words.japanese[key * 7919 % 6000]))
        line = "INSERT INTO `orders` VALUES " + ",".join(rows) + ";\n"
        out.append(line)
        length += len(line.encode())
    return "".join(out).encode()


def records(chance, words, size):
    """JSON, one object a line, with identifiers that repeat nothing."""
    out, length = [], 0
    while length < size:
        text = words.take(chance, 9)
        line = '{"id":"%016x","type":"%s","name":"%s %s","tags":["%s","%s"],"note":"%s","amount":%d,"ok":%s}\n' % (
            chance.getrandbits(64), text[0], text[1], text[2], text[3], text[4], " ".join(text[5:]), chance.randrange(1 << 17),
            "true" if len(out) & 1 else "false")
        out.append(line)
        length += len(line)
    return "".join(out).encode()


def html(chance, words, size):
    """Web pages, in two languages."""
    out, length = ["<!doctype html><html lang=\"ja\"><meta charset=\"utf-8\"><body>\n"], 0
    while length < size:
        line = '<div class="%s"><h2>%s</h2>\n<p lang="ja">%s。</p><p lang="en">%s.</p></div>\n' % (
            words.take(chance, 1)[0], " ".join(words.take(chance, 3)), "、".join(words.take_japanese(chance, 14)),
            " ".join(words.take(chance, 22)))
        out.append(line)
        length += len(line.encode())
    return "".join(out).encode()


def prose(chance, words, size):
    """Japanese prose without a single space."""
    out, length = [], 0
    while length < size:
        line = "".join(words.take_japanese(chance, 24)) + "。\n"
        out.append(line)
        length += len(line.encode())
    return "".join(out).encode()


def program(chance, words, size):
    """Text that looks like a program."""
    out, length = [], 0
    while length < size:
        text = words.take(chance, 8)
        line = "func %s_%s(%s: Int, %s: String) -> %s {\n    let %s = %s(%s) + %d\n    return %s\n}\n\n" % (
            text[0], text[1], text[2], text[3], text[4].title(), text[5], text[6], text[2], chance.randrange(999), text[5])
        out.append(line)
        length += len(line)
    return "".join(out).encode()


TEXTS = {"log": log, "sql": sql, "json": records, "html": html, "txt": prose, "swift": program}


def plan(size, files):
    """Which files there are: (path, kind, bytes) in the order of writing, from nothing but the size and the count."""
    jobs = []
    photographs = int(size * 0.35)
    number = 0
    while photographs > 0:
        length = min(photographs, (number * 7 % 11 + 1) * 700_000)
        jobs.append((f"photographs/{number // 100:03}/{number:05}.jpg", "noise", length))
        photographs -= length
        number += 1
    for index, kind in enumerate(TEXTS):
        left = int(size * 0.40 / len(TEXTS))
        number = 0
        while left > 0:
            length = min(left, (number * (3 + index) % 13 + 1) * max(40_000, min(1_500_000, size // 1500)))
            jobs.append((f"text/{kind}/{number // 50:03}/{number:05}.{kind}", kind, length))
            left -= length
            number += 1
    return jobs


def write_large(arguments):
    root, seed, path, kind, length = arguments
    chance = random.Random(f"{seed} {path}")
    target = pathlib.Path(root, path)
    target.parent.mkdir(parents=True, exist_ok=True)
    if kind == "noise":
        content = chance.randbytes(length)
    else:
        content = TEXTS[kind](chance, Words(random.Random(f"{seed} words")), length)[:length]
    target.write_bytes(content)
    stamp(target, chance)


def write_small(arguments):
    """One directory of small files; every tenth is noise, the others are text."""
    root, seed, folder, count, mean = arguments
    chance = random.Random(f"{seed} small {folder}")
    words = Words(random.Random(f"{seed} words"), 1500)
    text = html(chance, words, 300_000) + program(chance, words, 300_000)
    directory = pathlib.Path(root, "small", f"{folder // 40:02}", f"{folder:04}")
    directory.mkdir(parents=True)
    for number in range(count):
        # Most are far smaller than the mean, a few far larger: as sizes of files are.
        length = min(65_536, int(chance.expovariate(1 / mean)))
        if number % 10 == 0:
            content = chance.randbytes(length)
        else:
            start = chance.randrange(len(text) - 66_000)
            content = b"%d/%d %x\n" % (folder, number, chance.getrandbits(64)) + text[start:start + length]
        target = directory / f"{number:04}.{chance.choice(('txt', 'html', 'eml', 'css'))}"
        target.write_bytes(content[:length])
        stamp(target, chance)


def stamp(path, chance):
    moment = 1_500_000_000 * 10**9 + chance.randrange(250_000_000 * 10**9)
    os.utime(path, ns=(moment, moment))


def write_duplicates(root, seed, size):
    """Copies of what is there: whole, with bytes in front, with bytes changed inside."""
    chance = random.Random(f"{seed} duplicates")
    sources = sorted(path for part in ("photographs", "text") for path in pathlib.Path(root, part).rglob("*") if path.is_file())
    left, number = int(size * 0.15), 0
    while left > 0:
        source = chance.choice(sources)
        content = source.read_bytes()
        manner = number % 3
        if manner == 1:
            content = chance.randbytes(chance.randrange(1, 5000)) + content
        elif manner == 2:
            at = chance.randrange(len(content))
            content = content[:at] + chance.randbytes(64) + content[at + 64:]
        target = pathlib.Path(root, "copies", f"{number // 100:03}", f"{number:05}{source.suffix}")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        stamp(target, chance)
        left -= len(content)
        number += 1


def build(root, seed, size, files):
    """Writes the files below `root`, unless they are there already, and describes them."""
    root = pathlib.Path(root)
    recipe = {"seed": seed, "size": size, "files": files,
              "recipe": hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()[:16]}
    description = root.parent / (root.name + ".json")
    if description.exists():
        known = json.loads(description.read_text())
        if all(known.get(name) == value for name, value in recipe.items()) and root.exists():
            return known
        description.unlink()
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    per_folder = 100
    mean = max(200, size * 0.10 / files)
    folders = [(root, seed, folder, min(per_folder, files - folder * per_folder), mean)
               for folder in range((files + per_folder - 1) // per_folder)]
    large = [(root, seed, *job) for job in plan(size, files)]
    # Longest first, so that both cores end together.
    large.sort(key=lambda job: -job[4])
    with multiprocessing.Pool(os.cpu_count()) as pool:
        for function, jobs in ((write_large, large), (write_small, folders)):
            for _ in pool.imap_unordered(function, jobs, chunksize=4):
                pass
    write_duplicates(root, seed, size)
    count = total = 0
    for folder, _, names in os.walk(root):
        for name in names:
            count += 1
            total += os.stat(os.path.join(folder, name)).st_size
    known = recipe | {"count": count, "bytes": total}
    description.write_text(json.dumps(known))
    return known


def change(root, kept, seed):
    """Changes about 1 % of the data, as a day does, and keeps what it replaces below `kept`.

    One file in a hundred: rewritten in the middle, prolonged, cut, replaced, or removed; and new ones beside them.
    """
    chance = random.Random(f"{seed} change")
    root, kept = pathlib.Path(root), pathlib.Path(kept)
    files = sorted(path for path in root.rglob("*") if path.is_file())
    new = []
    for path in chance.sample(files, len(files) // 100):
        relative = path.relative_to(root)
        before = kept / relative
        before.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, before)
        content = path.read_bytes()
        manner = chance.randrange(10)
        if manner == 0:
            path.unlink()
            continue
        if manner < 5:
            at = chance.randrange(len(content) + 1)
            content = content[:at] + chance.randbytes(chance.randrange(1, 2000)) + content[at:]
        elif manner < 8:
            content += content[:20_000][::-1]
        else:
            content = chance.randbytes(len(content))
        path.write_bytes(content)
        if chance.random() < 0.3:
            added = path.with_name("new-" + path.name)
            added.write_bytes(chance.randbytes(len(content) // 2))
            new.append(str(added.relative_to(root)))
    (kept / "new.json").write_text(json.dumps(new))


def revert(root, kept):
    """Undoes `change`, with the modification times."""
    root, kept = pathlib.Path(root), pathlib.Path(kept)
    if not (kept / "new.json").exists():
        return
    for name in json.loads((kept / "new.json").read_text()):
        (root / name).unlink(missing_ok=True)
    for path in sorted(kept.rglob("*")):
        if path.is_file() and path != kept / "new.json":
            target = root / path.relative_to(kept)
            shutil.copy2(path, target)
    shutil.rmtree(kept)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=("build", "change", "revert"))
    parser.add_argument("root")
    parser.add_argument("--kept", help="where change keeps what it replaces")
    parser.add_argument("--seed", type=int, default=2012)
    parser.add_argument("--bytes", type=int, default=4000 * MB)
    parser.add_argument("--files", type=int, default=52_000)
    options = parser.parse_args()
    if options.action == "build":
        print(json.dumps(build(options.root, options.seed, options.bytes, options.files)))
    elif options.action == "change":
        change(options.root, options.kept, options.seed)
    else:
        revert(options.root, options.kept)
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""A large mailbox over IMAP: Hikae beside mbsync (isync), on the same Dovecot of this machine, over TLS.

    python3 -B Benchmarks/mail.py [--messages 100000] [--work FOLDER] [--hikae PATH] [--gate]

Both read the same mailbox from nothing, and again with nothing new; each run's wall time and peak memory are printed as
one line of JSON a contender and job, then the ratios. With --gate the exit status is 1 unless Hikae's first capture
takes no longer than mbsync's, one with nothing new at most half, and its memory stays below 300 MB.

mbsync runs as it comes, and with `FSync no`; the gate takes the faster of the two.
"""

import argparse
import hashlib
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

PROJECT = pathlib.Path(__file__).resolve().parent.parent
WORDS = ("order invoice shipping delivery customer thank you regards estimate meeting tomorrow please confirm stock "
         "注文 請求書 発送 見積 会議 確認 株式会社 様 よろしくお願いいたします 在庫 返品").split()


def message(number, chance):
    """One message, the same for the same seed: text, HTML or an attachment; 5 to 6 KB in the mean."""
    words = " ".join(chance.choices(WORDS, k=chance.randint(20, 300)))
    kind = chance.random()
    headers = (f"Return-Path: <sender{number % 97}@example.jp>\r\n"
               f"Received: from mx{number % 5}.example.jp (mx{number % 5}.example.jp [192.0.2.{number % 250}])\r\n"
               f"\tby mail.example.jp with ESMTPS id {chance.getrandbits(64):016x}\r\n"
               f"\tfor <info@example.jp>; Wed, 20 Jun 2012 {number % 24:02}:{number % 60:02}:00 +0900\r\n"
               f"Message-ID: <{number}.{chance.getrandbits(48):012x}@example.jp>\r\n"
               f"From: Sender {number % 97} <sender{number % 97}@example.jp>\r\nTo: info@example.jp\r\n"
               f"Subject: {' '.join(chance.choices(WORDS, k=4))} {number}\r\nMIME-Version: 1.0\r\n")
    if kind < 0.05:
        data = chance.randbytes(chance.randint(2_000, 90_000)).hex()
        lines = "\r\n".join(data[i:i + 76] for i in range(0, len(data) // 2, 76))
        return (headers + 'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n'
                + words + "\r\n--b\r\nContent-Type: application/pdf\r\n\r\n" + lines + "\r\n--b--\r\n").encode()
    body = "\r\n".join(words[i:i + 70] for i in range(0, len(words), 70))
    if kind < 0.4:
        body = "<html><body>\r\n<p>" + body.replace("\r\n", "</p>\r\n<p>") + "</p>\r\n</body></html>"
    return (headers + "Content-Type: text/plain; charset=UTF-8\r\n\r\n" + body + "\r\n").encode()


def fill(folder, count, owner):
    """A Maildir as Dovecot delivers into one: sizes in the names. Returns the bytes in all."""
    chance = random.Random(20120620)
    current = folder / "cur"
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    total = 0
    for number in range(count):
        text = message(number, chance)
        total += len(text)
        # Stored with LF, as Dovecot stores: W is the size with CRLF.
        stored = text.replace(b"\r\n", b"\n")
        path = current / f"{1340150400 + number}.M{number}P1.host,S={len(stored)},W={len(text)}:2,{'S' if number % 3 else ''}"
        path.write_bytes(stored)
        os.utime(path, (1340150400 + number, 1340150400 + number))
    if owner is not None:
        subprocess.run(["chown", "-R", owner, str(folder.parent)], check=True)
    return total


def measured(command, **options):
    """Runs a program; (seconds, peak memory in MB, its status)."""
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begin
    if status:
        sys.exit(f"{command[0]} failed:\n{output.decode(errors='replace')[-3000:]}")
    return seconds, usage.ru_maxrss / 1024


def mbsync_configuration(work, facts, fsync):
    store = work / "mbsync"
    shutil.rmtree(store, ignore_errors=True)
    store.mkdir()
    path = work / "mbsyncrc"
    path.write_text(f"""
FSync {fsync}
IMAPAccount bench
Host localhost
Port {facts['port']}
User info
Pass sakura-info
SSLType IMAPS
CertificateFile {facts['authority']}

IMAPStore far
Account bench

MaildirStore near
Path {store}/
Inbox {store}/INBOX

Channel c
Far :far:
Near :near:
Patterns INBOX
Sync Pull
Create Near
SyncState *
""")
    return path


def hikae_plan(work, facts):
    """A plan with one mailbox and one vault."""
    password = work / "password"
    password.write_text("sakura-info\n")
    vault_password = work / "vault-password"
    vault_password.write_text("bench\n")
    for path in (password, vault_password):
        path.chmod(0o600)
    plan = work / "hikae.yaml"
    plan.write_text(f"""organisation: bench
language: en
timezone: Asia/Tokyo
vaults:
  - name: v
    repository: {work}/vault
    password: file:{vault_password}
systems:
  - name: mail
    sources:
      - name: info
        imap: imaps://info@localhost:{facts['port']}
        password: file:{password}
        trust: {{ca: {facts['authority']}}}
retention: {{last: 3}}
""")
    return plan


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--messages", type=int, default=100_000)
    arguments.add_argument("--work", type=pathlib.Path, help="default: a temporary folder, removed at the end")
    arguments.add_argument("--hikae", type=pathlib.Path, default=PROJECT / ".build/release/hikae")
    arguments.add_argument("--reader", type=pathlib.Path, help=argparse.SUPPRESS)
    arguments.add_argument("--gate", action="store_true")
    options = arguments.parse_args()
    work = options.work or pathlib.Path(tempfile.mkdtemp(prefix="hikae-mail-"))
    work.mkdir(parents=True, exist_ok=True)
    server_folder = work / "server"
    mailbox = server_folder / "mail" / "info" / "Maildir"
    if not mailbox.exists():
        begin = time.monotonic()
        total = fill(mailbox, options.messages, "nobody" if os.geteuid() == 0 else None)
        print(json.dumps({"messages": options.messages, "bytes": total, "mean": total // options.messages,
                          "seconds": round(time.monotonic() - begin, 1)}), flush=True)
    server = subprocess.Popen(
        ["python3", "-B", str(PROJECT / "practice/servers/dovecot.py"), "--folder", str(server_folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        facts = json.loads(server.stdout.readline())
        results = run(options, work, facts)
    finally:
        server.stdin.close()
        server.wait()
        if options.work is None:
            shutil.rmtree(work, ignore_errors=True)
    first = results["hikae first"][0] / min(results["mbsync first"][0], results["mbsync without fsync first"][0])
    again = results["hikae nothing new"][0] / min(
        results["mbsync nothing new"][0], results["mbsync without fsync nothing new"][0])
    memory = max(results["hikae first"][1], results["hikae nothing new"][1])
    print(json.dumps({"first": round(first, 2), "nothing new": round(again, 2), "peak MB": round(memory)}))
    if options.gate and (first > 1.0 or again > 0.5 or memory >= 300):
        sys.exit("a promised ratio does not hold")


def run(options, work, facts):
    results = {}

    def job(name, command):
        results[name] = measured(command)
        print(json.dumps({"job": name, "seconds": round(results[name][0], 2), "MB": round(results[name][1])}),
              flush=True)

    # The server's own caches are warm for everybody: it has listed the mailbox once.
    import imaplib
    import ssl
    connection = imaplib.IMAP4_SSL("localhost", facts["port"],
                                   ssl_context=ssl.create_default_context(cafile=facts["authority"]))
    connection.login("info", "sakura-info")
    connection.select("INBOX", readonly=True)
    connection.uid("FETCH", "1:*", "(FLAGS INTERNALDATE RFC822.SIZE)")
    connection.logout()
    for name, fsync in (("mbsync", "yes"), ("mbsync without fsync", "no")):
        configuration = mbsync_configuration(work, facts, fsync)
        for suffix in ("first", "nothing new"):
            job(f"{name} {suffix}", ["mbsync", "-c", str(configuration), "c"])
    shutil.rmtree(work / "mbsync", ignore_errors=True)
    shutil.rmtree(work / "vault", ignore_errors=True)
    if options.reader:
        command = [str(options.reader), str(work / "vault"), str(facts["port"]), facts["authority"]]
    else:
        plan = hikae_plan(work, facts)
        subprocess.run([str(options.hikae), "init", "-r", str(work / "vault"), "--password-file",
                        str(work / "vault-password")], check=True, stdout=subprocess.DEVNULL)
        command = [str(options.hikae), "backup", "--plan", str(plan)]
    job("hikae first", command)
    # The first capture has made the server keep track of changes; the second learns the state that it keeps.
    job("hikae nothing new, once", command)
    job("hikae nothing new", command)
    return results


if __name__ == "__main__":
    main()

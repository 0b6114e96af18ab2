"""OpenSSH's sftp-server, and in front of it something that breaks what goes through: a command that speaks SFTP on its
input and output, for tests of what then happens.

`--state FOLDER` has the rules for all conversations: `state.json`, an array; `log` gets a line for each request, as
"KIND /path". Kinds: INIT OPENR OPENW CLOSE READ WRITE LSTAT FSTAT SETSTAT FSETSTAT OPENDIR READDIR REMOVE MKDIR RMDIR
REALPATH STAT RENAME READLINK SYMLINK, and of OpenSSH's REPLACE (posix-rename), FSYNC, LIMITS, EXTENDED.

A rule: {"match": regular expression for the line, "times": how often (all, if missing), "skip": how many matching
requests go by first, and one of
  "status": N, "message": ""    answers so, and asks nobody
  "lose": "before"   the conversation ends, and the server has not seen the request
  "lose": "after"    the conversation ends when the server has done what was asked, before it says so
  "lose": "within"   the conversation ends in the middle of the answer
  "stall": true      nothing is answered any more
  "drip": seconds    the answer comes a byte at a time
  "late": true       the answer comes after a later one
  "stray": true      an answer to what was never asked comes first
  "twice": true      the answer comes twice
  "short": N         a READ is given N bytes at most
  "swallow": true    a WRITE is acknowledged, and not made
  "overwrites": true  a RENAME takes the place of what stands there, as on servers that mind no rules
  "shift": seconds   an answer to FSTAT tells a time that is so much later
  "text": ""         some text comes instead of the answer
  "without": []      of INIT: the server has not these extensions}

Needs: openssh-sftp-server
"""

import fcntl
import json
import os
import re
import select
import signal
import struct
import sys
import time

KINDS = {1: "INIT", 3: "OPENR", 4: "CLOSE", 5: "READ", 6: "WRITE", 7: "LSTAT", 8: "FSTAT", 9: "SETSTAT",
         10: "FSETSTAT", 11: "OPENDIR", 12: "READDIR", 13: "REMOVE", 14: "MKDIR", 15: "RMDIR", 16: "REALPATH",
         17: "STAT", 18: "RENAME", 19: "READLINK", 20: "SYMLINK", 200: "EXTENDED"}
OF_HANDLES = {4, 5, 6, 8, 10, 12}
EXTENSIONS = {b"posix-rename@openssh.com": "REPLACE", b"fsync@openssh.com": "FSYNC", b"limits@openssh.com": "LIMITS"}
PROGRAMS = ["/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/lib/ssh/sftp-server"]
# Longest time that an answer is held back for another.
PATIENCE = 0.2


def string(packet, at):
    """A string of a packet, and where the next thing begins."""
    length = struct.unpack_from(">I", packet, at)[0]
    return packet[at + 4:at + 4 + length], at + 4 + length


def status(number, code, message):
    words = message.encode()
    return struct.pack(">BIII", 101, number, code, len(words)) + words + struct.pack(">I", 0)


class Rules:
    """What is to be broken, shared by all conversations."""

    def __init__(self, folder):
        self.state, self.names = os.path.join(folder, "state.json"), os.path.join(folder, "log")
        self.lock = os.open(os.path.join(folder, "lock"), os.O_RDWR | os.O_CREAT, 0o600)
        self.seen, self.matches, self.log = None, [], None

    def concerns(self, line):
        """Whether a rule is about a request, which is written down. Whoever sets rules puts another file in the place
        of the old, and takes the log away: what this remembers of them then is read again."""
        facts = os.stat(self.state)
        if self.seen != (facts.st_ino, facts.st_mtime_ns):
            with open(self.state, encoding="utf-8") as file:
                self.matches = [re.compile(rule["match"]) for rule in json.load(file)]
                facts = os.fstat(file.fileno())
            self.seen = (facts.st_ino, facts.st_mtime_ns)
            if self.log is not None:
                os.close(self.log)
            self.log = os.open(self.names, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(self.log, f"{line}\n".encode())
        return any(match.search(line) for match in self.matches)

    def rule_for(self, line):
        """The first rule for a request, its count taken down."""
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        try:
            if not self.concerns(line):
                return {}
            with open(self.state, encoding="utf-8") as file:
                rules = json.load(file)
            found, changed = {}, False
            for rule in rules:
                if not re.search(rule["match"], line):
                    continue
                if rule.get("skip", 0) > 0:
                    rule["skip"] -= 1
                    changed = True
                    continue
                if rule.get("times", 1) <= 0:
                    continue
                if "times" in rule:
                    rule["times"] -= 1
                    changed = True
                found = rule
                break
            if changed:
                with open(self.state, "w", encoding="utf-8") as file:
                    json.dump(rules, file)
            return found
        finally:
            fcntl.flock(self.lock, fcntl.LOCK_UN)


class Server:
    """sftp-server itself, and the pipes to it."""

    def __init__(self, program):
        takes, self.input = os.pipe()
        self.output, gives = os.pipe()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        ends = [(os.POSIX_SPAWN_DUP2, takes, 0), (os.POSIX_SPAWN_DUP2, gives, 1), (os.POSIX_SPAWN_DUP2, nowhere, 2)]
        self.process = os.posix_spawn(program, [program, "-e"], os.environ, file_actions=ends)
        for descriptor in (takes, gives, nowhere):
            os.close(descriptor)

    def send(self, data):
        while data:
            data = data[os.write(self.input, data):]

    def end(self):
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)


class Conversation:
    """One, from its greeting to its end."""

    def __init__(self, rules, server):
        self.rules, self.server = rules, server
        self.opening, self.paths, self.pending, self.held, self.muted = {}, {}, {}, [], False

    def end(self):
        self.server.end()
        os._exit(1)

    def line(self, packet):
        kind, name = packet[0], KINDS.get(packet[0], str(packet[0]))
        if kind == 1:
            return name
        first, after = string(packet, 5)
        if kind in OF_HANDLES:
            return f"{name} {self.paths.get(first, '')}"
        if kind == 200:
            name = EXTENSIONS.get(first, "EXTENDED")
            if name == "FSYNC":
                return f"FSYNC {self.paths.get(string(packet, after)[0], '')}"
            rest = string(packet, after)[0].decode("utf-8", "replace") if name == "REPLACE" else ""
            return f"{name} {rest}"
        path = first.decode("utf-8", "replace")
        if kind == 3 and struct.unpack_from(">I", packet, after)[0] & 2:
            name = "OPENW"
        if kind in (3, 11):
            self.opening[struct.unpack_from(">I", packet, 1)[0]] = path
        return f"{name} {path}"

    def send(self, packet):
        data = struct.pack(">I", len(packet)) + packet
        while data:
            data = data[os.write(1, data):]

    def forward(self, packet):
        self.server.send(struct.pack(">I", len(packet)) + packet)

    def take_request(self, packet):
        rule = self.rules.rule_for(self.line(packet))
        number = struct.unpack_from(">I", packet, 1)[0] if packet[0] != 1 else -1
        if self.muted:
            return
        if rule.get("lose") == "before":
            self.end()
        if "stall" in rule:
            self.muted = True
        elif "status" in rule:
            self.send(status(number, rule["status"], rule.get("message", "Failure")))
        elif "swallow" in rule and packet[0] == 6:
            self.send(status(number, 0, "Success"))
        else:
            if "short" in rule and packet[0] == 5:
                length = struct.unpack(">I", packet[-4:])[0]
                packet = packet[:-4] + struct.pack(">I", min(length, rule["short"]))
            if "overwrites" in rule and packet[0] == 18:
                name = b"posix-rename@openssh.com"
                packet = b"\xc8" + packet[1:5] + struct.pack(">I", len(name)) + name + packet[5:]
            if rule:
                self.pending[number] = rule
            self.forward(packet)

    def take_answer(self, packet):
        if self.muted:
            return
        number = struct.unpack_from(">I", packet, 1)[0] if packet[0] != 2 else -1
        path = self.opening.pop(number, None)
        if packet[0] == 102 and path is not None:
            self.paths[string(packet, 5)[0]] = path
        rule = self.pending.pop(number, {})
        if rule.get("lose") == "after":
            self.end()
        if rule.get("lose") == "within":
            os.write(1, (struct.pack(">I", len(packet)) + packet)[:4 + len(packet) // 2])
            self.end()
        if "late" in rule:
            self.held.append((time.monotonic() + PATIENCE, packet))
            return
        if "shift" in rule and packet[0] == 105:
            packet = self.shifted(packet, rule["shift"])
        if "stray" in rule:
            self.send(status(0xFFFFFFF0, 0, "Success"))
        if "text" in rule:
            os.write(1, rule["text"].encode())
        elif "drip" in rule:
            for byte in struct.pack(">I", len(packet)) + packet:
                os.write(1, bytes([byte]))
                time.sleep(rule["drip"])
        else:
            self.send(self.without(packet, rule.get("without", [])))
        if "twice" in rule:
            self.send(packet)
        self.release(isnow=True)

    def shifted(self, packet, seconds):
        """Attributes with a later time: behind what is told of size, owner and mode."""
        flags = struct.unpack_from(">I", packet, 5)[0]
        at = 9 + (8 if flags & 1 else 0) + (8 if flags & 2 else 0) + (4 if flags & 4 else 0)
        opened, written = struct.unpack_from(">II", packet, at)
        return packet[:at] + struct.pack(">II", opened, written + seconds) + packet[at + 8:]

    def without(self, packet, names):
        if packet[0] != 2 or not names:
            return packet
        kept, at = packet[:5], 5
        while at < len(packet):
            name, middle = string(packet, at)
            _, end = string(packet, middle)
            if name.decode() not in names:
                kept += packet[at:end]
            at = end
        return kept

    def release(self, isnow):
        """Lets go what was held back: when another answer has passed, or its time is up."""
        for due, packet in list(self.held):
            if isnow or time.monotonic() >= due:
                self.held.remove((due, packet))
                self.send(packet)

    def run(self):
        source = self.server.output
        buffers, takers = {0: b"", source: b""}, {0: self.take_request, source: self.take_answer}
        while True:
            ready, _, _ = select.select(list(buffers), [], [], 0.05 if self.held else None)
            self.release(isnow=False)
            for descriptor in ready:
                data = os.read(descriptor, 1 << 20)
                if not data:
                    self.end()
                buffer = buffers[descriptor] + data
                while len(buffer) >= 4:
                    length = struct.unpack_from(">I", buffer)[0]
                    if len(buffer) < 4 + length:
                        break
                    takers[descriptor](buffer[4:4 + length])
                    buffer = buffer[4 + length:]
                buffers[descriptor] = buffer


def main():
    # By hand: what takes arguments apart would take longer to load than the rest, and this is started very often.
    if len(sys.argv) != 3 or sys.argv[1] != "--state":
        sys.exit(__doc__)
    program = next((path for path in PROGRAMS if os.path.exists(path)), None)
    if program is None:
        sys.exit("there is no sftp-server: the package is openssh-sftp-server")
    server = Server(program)
    try:
        Conversation(Rules(sys.argv[2]), server).run()
    except BrokenPipeError:
        pass
    finally:
        server.end()


if __name__ == "__main__":
    main()

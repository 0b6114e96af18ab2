// A server that says what a test wants it to: a few lines of Python for each connection.

import HikaeCore
import HikaeMail
import HikaeSource
import HikaeTesting

/// Listens on this machine and runs a script for each connection. Stopped when released.
///
/// The script has `say(text)`, which adds a line end, `raw(bytes)`, and `hear()`, which gives the next command as tag
/// and line. `answer(mailboxes, messages)` speaks like a small, honest server to the end: mailboxes are (name, UIDs),
/// `messages(uid)` gives bytes, and `odd(tag, line)` may answer first and then returns True.
final class ScriptedServer: Sendable {
    let port: Int
    private let process: ChildProcess

    init(_ script: String) throws {
        var options = ChildProcess.Options()
        options.takesInput = true
        options.keepsMessages = true
        process = try ChildProcess(["python3", "-B", "-c", Self.program, script], options: options)
        port = try MailProxy.readPort(process)
    }

    deinit {
        process.closeInput()
        _ = try? process.wait()
    }

    /// Settings for it: in the clear, within this machine.
    var settings: IMAPSettings {
        IMAPSettings(
            host: "127.0.0.1", port: port, security: .none, user: "u",
            secret: { () throws(HikaeError) in Secret("p") }, timeLimit: 60)
    }

    private static let program = #"""
        import os, re, socket, sys, threading
        threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(50)
        print(listener.getsockname()[1], flush=True)
        code = compile(sys.argv[1], "script", "exec")

        def uids(text, known):
            found = []
            for part in text.split(","):
                low, _, high = part.partition(":")
                low = int(low)
                high = max(known + [0]) if high == "*" else int(high or low)
                found += [uid for uid in known if min(low, high) <= uid <= max(low, high)]
            return found

        def serve(client):
            stream = client.makefile("rwb")
            def raw(data): stream.write(data); stream.flush()
            def say(text): raw(text.encode() + b"\r\n")
            def hear():
                line = stream.readline()
                if not line: raise EOFError
                while found := re.search(rb"\{(\d+)\}\r\n$", line):
                    say("+ go on")
                    data = stream.read(int(found.group(1)))
                    line = line[:found.start()] + b'"' + data + b'"' + stream.readline()
                tag, _, rest = line.decode("latin-1").rstrip("\r\n").partition(" ")
                return tag, rest
            def answer(mailboxes, messages, odd=lambda tag, line: False, capabilities="IMAP4rev1", literal=None):
                say(f"* OK [CAPABILITY {capabilities}] hello")
                known = []
                while True:
                    tag, line = hear()
                    if odd(tag, line): continue
                    word = line.split()[0].upper()
                    if word == "LOGIN": say(f"{tag} OK [CAPABILITY {capabilities}] in")
                    elif word == "LIST":
                        for name, _ in mailboxes: raw(b'* LIST () "/" {%d}\r\n' % len(name) + name + b"\r\n")
                        say(f"{tag} OK done")
                    elif word == "STATUS":
                        say(f"{tag} NO not now")
                    elif word in ("EXAMINE", "SELECT"):
                        known = next((u for n, u in mailboxes if line.split(" ", 1)[1].strip('"').replace("\\\\", "\\").encode("latin-1") == n), [])
                        say(f"* {len(known)} EXISTS"); say("* OK [UIDVALIDITY 7] ok"); say("* OK [UIDNEXT 100] ok"); say(f"{tag} OK [READ-ONLY] open")
                    elif word == "UID":
                        parts = line.split()
                        for uid in uids(parts[2], known):
                            body = messages(uid)
                            place = re.search(r"BODY\.PEEK\[\](?:<(\d+)\.(\d+)>)?", line)
                            if place:
                                where = ""
                                if place.group(1) is not None:
                                    start = int(place.group(1)); body = body[start:start + int(place.group(2))]; where = f"<{start}>"
                                size = len(body) if literal is None else literal(uid, len(body))
                                raw(f"* {known.index(uid) + 1} FETCH (UID {uid} BODY[]{where} {{{size}}}\r\n".encode() + body + b")\r\n")
                            else: say(f'* {known.index(uid) + 1} FETCH (UID {uid} FLAGS () INTERNALDATE "01-Jan-2020 00:00:00 +0000" RFC822.SIZE {len(body)})')
                        say(f"{tag} OK done")
                    elif word == "LOGOUT": say("* BYE"); say(f"{tag} OK"); return
                    else: say(f"{tag} OK done")
            try: exec(code, dict(raw=raw, say=say, hear=hear, answer=answer, re=re))
            except (EOFError, OSError): pass
            finally:
                try: client.shutdown(socket.SHUT_RDWR)
                except OSError: pass
                client.close()

        while True:
            client, _ = listener.accept()
            threading.Thread(target=serve, args=(client,), daemon=True).start()
        """#
}

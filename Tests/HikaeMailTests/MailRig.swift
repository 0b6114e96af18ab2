// A real Dovecot for these tests, and Python's imaplib as the judge of what is in it.

import HikaeCore
import HikaeMail
import HikaeSource
import HikaeTesting

/// One Dovecot for a suite, and accounts on it.
final class MailRig: Sendable {
    let server: PracticeServer

    init(_ arguments: [String] = [], users: Int = 40) throws {
        let accounts = (0..<users).flatMap { ["--user", "user\($0):word-\($0)"] }
        server = try PracticeServer("dovecot", accounts + arguments)
    }

    /// Settings for an account, trusting the server's own authority.
    func settings(_ user: Int, _ change: (inout IMAPSettings) -> Void = { _ in }) -> IMAPSettings {
        var settings = IMAPSettings(
            host: "localhost", port: server.port(), user: "user\(user)",
            secret: { () throws(HikaeError) in Secret("word-\(user)") },
            trust: TrustSettings(certificateAuthority: server.text("authority")), timeLimit: 120)
        change(&settings)
        return settings
    }

    /// Runs Python with `connection` logged in as an account, and `show(value)` to print JSON.
    @discardableResult
    func python(_ user: Int, _ script: String, _ arguments: [String] = []) throws -> JSONValue {
        let head = """
            import imaplib, json, sys, hashlib, time, email.utils, re, base64
            connection = imaplib.IMAP4("127.0.0.1", \(server.port("starttls_port")))
            connection.login("user\(user)", "word-\(user)")
            def show(value): print(json.dumps(value))
            def must(answer):
                assert answer[0] == "OK", answer
                return answer[1]
            def m7(name):
                def coded(part): return "&" + base64.b64encode(part.encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"
                return re.sub(r"[^ -~]+|&", lambda found: "&-" if found.group() == "&" else coded(found.group()), name)
            def create(name): must(connection.create('"' + m7(name) + '"'))
            def append(mailbox, message, flags="", date=None):
                if isinstance(message, str): message = message.encode()
                imaplib.MapCRLF = re.compile(b"\\x00never")
                must(connection.append('"' + m7(mailbox) + '"', flags, '"' + (date or "01-Feb-2020 03:04:05 +0900") + '"', message))

            """
        let outcome = try Command("python3", ["-B", "-c", head + script + "\nconnection.logout()"] + arguments)
            .succeed()
        let last = outcome.text.split(separator: "\n").last.map(String.init) ?? "null"
        return try JSONValue(last.hasPrefix("{") || last.hasPrefix("[") || last.hasPrefix("\"") ? last : "null")
    }

    /// A message as the judge sees it.
    struct Judged: Hashable, Comparable {
        var mailbox: String
        var digest: String
        var size: Int
        /// Sorted, without `\Recent`.
        var flags: String
        /// Seconds since 1970.
        var date: Int

        static func < (left: Judged, right: Judged) -> Bool {
            (left.mailbox, left.date, left.digest, left.flags) < (right.mailbox, right.date, right.digest, right.flags)
        }
    }

    /// Everything in an account, through imaplib, sorted. Mailbox names as the server writes them.
    func judge(_ user: Int) throws -> [Judged] {
        let found = try python(
            user,
            #"""
            found = []
            for line in must(connection.list()):
                if line is None: continue
                if isinstance(line, tuple): name = line[1].decode()
                else: name = re.match(rb'\((.*?)\) (?:"."|NIL) (.*)', line).group(2).decode().strip('"')
                attributes = (line[0] if isinstance(line, tuple) else line).decode()
                if "Noselect" in attributes: continue
                must(connection.select('"' + name + '"', readonly=True))
                data = must(connection.uid("FETCH", "1:*", "(FLAGS INTERNALDATE BODY.PEEK[])"))
                for item in data:
                    if not isinstance(item, tuple): continue
                    text = item[0].decode()
                    flags = re.search(r"FLAGS \((.*?)\)", text).group(1).split()
                    date = imaplib.Internaldate2tuple(item[0])
                    found.append([name, hashlib.sha256(item[1]).hexdigest(), len(item[1]),
                                  " ".join(sorted(f for f in flags if f != "\\Recent")), int(time.mktime(date))])
            show(found)
            """#)
        return found.array.map { row in
            Judged(
                mailbox: row[0]?.string ?? "", digest: row[1]?.string ?? "", size: Int(row[2]?.number ?? -1),
                flags: row[3]?.string ?? "", date: Int(row[4]?.number ?? -1))
        }.sorted()
    }

    /// The names of an account's mailboxes at the server, in modified UTF-7.
    func mailboxNames(_ user: Int) throws -> Set<String> {
        Set(try judgeNames(user).array.compactMap(\.string))
    }

    private func judgeNames(_ user: Int) throws -> JSONValue {
        try python(
            user,
            #"""
            show([re.match(rb'\((.*?)\) (?:"."|NIL) (.*)', line).group(2).decode().strip('"')
                  for line in must(connection.list()) if isinstance(line, bytes)])
            """#)
    }
}

/// The error that `body` must end with.
func failure(_ body: () throws -> Void) -> HikaeError? {
    do {
        try body()
        return nil
    } catch {
        return error as? HikaeError
    }
}

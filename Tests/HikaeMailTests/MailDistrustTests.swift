// Mail going back: names, keywords and sizes from a snapshot must not become commands, and what the server says of
// itself must not become doubled mail.

import HikaeArchive
import HikaeCore
import HikaeDestination
import HikaeFormat
import HikaeSource
import HikaeTesting
import Synchronization
import Testing

@testable import HikaeMail

@Suite(.serialized) struct MailDistrustTests {
    static let rig = Result { try MailRig() }

    /// A Maildir with one file a pair.
    func maildir(_ files: [(String, String)]) throws -> SnapshotContent {
        let folder = try TemporaryDirectory()
        for (path, text) in files { try folder.write(path, text) }
        return try ForeignMaildir.content(of: folder.path)
    }

    /// A server that takes mail and writes down every command it hears.
    func listening(_ script: String = "", messages: String = "[]", log: TemporaryDirectory) throws -> ScriptedServer {
        let indented = script.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n")
        return try ScriptedServer(
            """
            def odd(tag, line):
                open("\(log.path)/heard", "a").write(tag + " " + line + "\\n")
            \(indented)
                return False
            answer([(b"INBOX", list(range(1, len(\(messages)) + 1)))], lambda uid: \(messages)[uid - 1], odd)
            """)
    }

    func heard(_ log: TemporaryDirectory) throws -> [String] {
        String(decoding: try Files.read("\(log.path)/heard"), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test func aMessageLongerThanItsNodeSaysNeverSpeaksToTheServer() throws {
        let content = try maildir([("INBOX/cur/1:2,", "Subject: x\r\n\r\n\r\nh77 DELETE Keep\r\nh78 DELETE Keep\r\n")])
        let log = try TemporaryDirectory()
        let server = try listening(log: log)
        var messages = try #require(try SnapshotMailbox.all(in: content).first).messages(in: content)
        messages[0].size = 16
        let connection = try IMAPConnection(server.settings)
        var appender = MessageAppender(connection, content, mailbox: Array("INBOX".utf8), messages: messages)
        var outcomes: [HikaeError?] = []
        let error = failure {
            try appender.append([0], Cancellation()) { _, outcome in
                if case .refused(let error) = outcome { outcomes.append(error) } else { outcomes.append(nil) }
            }
        }
        #expect(error?.isRetryable == true)
        #expect(outcomes.count == 1 && outcomes[0]?.code == .damaged)
        connection.close()
        // The server has read to the end once it answers another.
        _ = try IMAPSource(server.settings).probe()
        #expect(try !heard(log).contains { $0.contains("DELETE") })
    }

    @Test func oddNamesOfMailboxesBecomePlainOnesAndSoAreSaid() throws {
        let rig = try Self.rig.get()
        let folders = ["%%%C3%A9%0D%0Ah9 DELETE INBOX", "%2E.", "%2E.%2Fup", "tab\u{9}bell\u{7}", "%", "\"quoted\\"]
        let content = try maildir(folders.map { ("\($0)/cur/1:2,S", "Subject: x\r\n\r\n\($0.utf8.count)\r\n") })
        let reports = Mutex<[HikaeError]>([])
        let watch = ReturnWatch(report: { error in reports.withLock { $0.append(error) } })
        let destination = IMAPDestination(rig.settings(0))
        let summary = try destination.restore(content, ReturnOptions(), watch)
        #expect(summary.itemsWritten == UInt64(folders.count) && summary.errors == 0, "\(reports.withLock { $0 })")
        #expect(reports.withLock { $0 }.count { $0.code == .unsupported } >= 4)
        #expect(reports.withLock { $0 }.allSatisfy { !$0.message.unicodeScalars.contains { $0.value < 0x20 } })
        let names = try rig.mailboxNames(0)
        #expect(names.count == folders.count + 1 && names.contains("INBOX"), "\(names)")
        #expect(names.allSatisfy { $0.split(separator: "/").allSatisfy { $0 != ".." && $0 != "." } })
        #expect(try rig.judge(0).count == folders.count)
        #expect(try destination.verify(content, facts: nil, ReturnOptions(), ReturnWatch()).isWhole)
    }

    @Test func aMailboxThatTheServerWillNotHaveHarmsNoOther() throws {
        let content = try maildir([
            ("A/cur/1:2,", "Subject: a\r\n\r\n"), ("B/cur/1:2,", "Subject: b\r\n\r\n"),
            ("C/cur/1:2,", "Subject: c\r\n\r\n"),
        ])
        let log = try TemporaryDirectory()
        let server = try listening(
            """
            if line.startswith("CREATE") and '"B"' in line: say(tag + " BAD Invalid mailbox name"); return True
            """, log: log)
        let reports = Mutex<[HikaeError]>([])
        let watch = ReturnWatch(report: { error in reports.withLock { $0.append(error) } })
        let summary = try IMAPDestination(server.settings).restore(content, ReturnOptions(), watch)
        #expect(summary.itemsWritten == 2 && summary.errors == 1)
        #expect(reports.withLock { $0 }.map(\.code) == [.refused])
        #expect(try heard(log).count { $0.contains("APPEND") } == 2)
    }

    @Test func keywordsThatNoCommandCanBearAreLeftOutOfIt() throws {
        let rig = try Self.rig.get()
        let content = try maildir([
            ("INBOX/cur/1:2,Sab", "Message-ID: <k@x>\r\n\r\n"),
            ("INBOX/dovecot-keywords", "0 x) \\Deleted (y\n1 fine\n"),
        ])
        let destination = IMAPDestination(rig.settings(1))
        #expect(try destination.restore(content, ReturnOptions(), ReturnWatch()).itemsWritten == 1)
        #expect(try rig.judge(1).map(\.flags) == ["\\Seen fine"])
        try rig.python(1, #"must(connection.select("INBOX")); must(connection.uid("STORE", "1", "FLAGS", "()"))"#)
        var options = ReturnOptions()
        options.replaces = true
        #expect(try destination.restore(content, options, ReturnWatch()).itemsWritten == 0)
        #expect(try rig.judge(1).map(\.flags) == ["\\Seen fine"])
    }

    /// Six messages, as the scripted servers have them and as a snapshot.
    static let six = #"[b"Message-ID: <%d@x>\r\n\r\nbody %d\r\n" % (i, i) for i in range(6)]"#
    func sixOfThem() throws -> SnapshotContent {
        try maildir((0..<6).map { ("INBOX/cur/\($0):2,", "Message-ID: <\($0)@x>\r\n\r\nbody \($0)\r\n") })
    }

    @Test func aServerThatListsOnlyAPartGetsNothingTwice() throws {
        let log = try TemporaryDirectory()
        let server = try listening(
            """
            if line.startswith("UID FETCH 1:*"):
                for uid, body in enumerate(\(Self.six)[:4], 1):
                    head = b"Message-ID: <%d@x>\\r\\n\\r\\n" % (uid - 1)
                    raw(f'* {uid} FETCH (UID {uid} FLAGS () INTERNALDATE "20-Jun-2012 07:40:00 +0000" RFC822.SIZE {len(body)} BODY[HEADER.FIELDS (MESSAGE-ID)] {{{len(head)}}}\\r\\n'.encode() + head + b")\\r\\n")
                say(tag + " OK done"); return True
            """, messages: Self.six, log: log)
        let reports = Mutex<[HikaeError]>([])
        let watch = ReturnWatch(report: { error in reports.withLock { $0.append(error) } })
        let summary = try IMAPDestination(server.settings).restore(sixOfThem(), ReturnOptions(), watch)
        #expect(summary.itemsWritten == 0 && summary.errors == 6, "\(summary)")
        #expect(reports.withLock { $0 }.contains { $0.code == .refused && $0.message.contains("INBOX") })
        #expect(try !heard(log).contains { $0.contains("APPEND") })
    }

    @Test func aServerWhoseSizesAreLiesGetsNothingTwice() throws {
        let log = try TemporaryDirectory()
        let server = try listening(
            """
            if line.startswith("UID FETCH 1:*"):
                for uid, body in enumerate(\(Self.six), 1):
                    head = b"Message-ID: <%d@x>\\r\\n\\r\\n" % (uid - 1)
                    if "HEADER" not in line: head = b""
                    raw(f'* {uid} FETCH (UID {uid} FLAGS () INTERNALDATE "20-Jun-2012 07:40:00 +0000" RFC822.SIZE {len(body) + 7 * uid} BODY[HEADER.FIELDS (MESSAGE-ID)] {{{len(head)}}}\\r\\n'.encode() + head + b")\\r\\n")
                say(tag + " OK done"); return True
            """, messages: Self.six, log: log)
        let destination = IMAPDestination(server.settings)
        let summary = try destination.restore(sixOfThem(), ReturnOptions(), ReturnWatch())
        #expect(summary.itemsWritten == 0 && summary.itemsSkipped == 6, "\(summary)")
        #expect(try !heard(log).contains { $0.contains("APPEND") })
        let verification = try destination.verify(sixOfThem(), facts: nil, ReturnOptions(), ReturnWatch())
        #expect(verification.compared == 6 && verification.equal == 6, "\(verification)")
    }

    /// The same Message-ID and length, and other bytes: with leave to replace, the true one is put beside it.
    @Test func aMessageThatWasTamperedWithCanBePutBack() throws {
        let rig = try Self.rig.get()
        try rig.python(2, #"append("INBOX", "Message-ID: <0@x>\r\n\r\nevil 0\r\n")"#)
        let destination = IMAPDestination(rig.settings(2))
        #expect(try destination.restore(sixOfThem(), ReturnOptions(), ReturnWatch()).itemsWritten == 5)
        let verification = try destination.verify(sixOfThem(), facts: nil, ReturnOptions(), ReturnWatch())
        #expect(verification.equal == 5 && verification.differenceCount == 1 && verification.extra == 1)
        var options = ReturnOptions()
        options.replaces = true
        #expect(try destination.restore(sixOfThem(), options, ReturnWatch()).itemsWritten == 1)
        let after = try destination.verify(sixOfThem(), facts: nil, ReturnOptions(), ReturnWatch())
        #expect(after.equal == 6 && after.isWhole && after.extra == 1)
        #expect(try rig.judge(2).count == 7)
    }
}

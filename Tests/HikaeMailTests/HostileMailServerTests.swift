// A server that means no good, or is broken: a clear error, no hang, no memory without bound, nothing outside.

import HikaeArchive
import HikaeCore
import HikaeDestination
import HikaeFormat
import HikaeMail
import HikaeSource
import HikaeTesting
import Testing

@Suite(.serialized) struct HostileMailServerTests {
    /// What a capture of a scripted server ends with.
    func capture(_ script: String) throws -> CaptureRig.Capture {
        let server = try ScriptedServer(script)
        return try CaptureRig().capture(IMAPSource(server.settings))
    }

    @Test func theScriptedServerIsAServer() throws {
        let capture = try capture(
            #"answer([(b"INBOX", list(range(1, 41)))], lambda uid: b"Subject: %d\r\n\r\n" % uid + b"x" * uid)"#)
        #expect(capture.facts.items == 40 && capture.summary.errors == 0)
    }

    @Test(
        arguments: [
            "while True: raw(b'x' * 65536)",
            "say('* OK hi')\nwhile True: raw(b'* ' + b'y' * 65536)",
            "say('220 smtp.example.jp ESMTP'); hear()",
            "say('* BYE go away')",
            "say('* OK [CAPABILITY IMAP4rev1] hi'); tag, line = hear(); say('* CAPABILITY IMAP4rev1'); raw(b'\\0' * 100 + b'\\r\\n'); hear()",
            "say('* OK [CAPABILITY IMAP4rev1] hi'); tag, line = hear(); say('zz OK in'); say(tag + ' MAYBE'); hear()",
            "say('* OK [CAPABILITY IMAP4rev1] hi')\nfor i in range(3000): say(f'q{i} OK what')\nhear(); hear()",
            "say('* OK [CAPABILITY IMAP4rev1] hi'); hear(); raw(b'* LIST () \"/\" {99999999999}\\r\\n'); hear()",
            "say('* OK [CAPABILITY IMAP4rev1] hi'); hear(); raw(b'* X ' + b'(' * 100000 + b'\\r\\n* 1 FETCH ' + b'(X (' * 50000 + b'\\r\\n'); hear()",
            "pass",
        ])
    func nonsenseEndsInAClearError(_ script: String) throws {
        let error = failure { _ = try capture(script) }
        #expect([.protocolViolation, .unreachable].contains(error?.code), "\(String(describing: error))")
        #expect(error?.message.contains("127.0.0.1") == true, "\(String(describing: error))")
    }

    @Test func aServerThatFallsSilentIsGivenUp() throws {
        let server = try ScriptedServer("say('* OK [CAPABILITY IMAP4rev1] hi')\nwhile True: hear()")
        var settings = server.settings
        // Long enough for its greeting on a busy machine.
        settings.timeLimit = 8
        let error = failure { _ = try IMAPSource(settings).probe() }
        #expect(error?.code == .unreachable && error?.message.contains("said nothing for 8 seconds") == true)
        #expect(error?.hint == nil)
    }

    @Test func aServerThatSaysNothingFromTheStartMayBeOneForTLS() throws {
        let server = try ScriptedServer("while True: hear()")
        var settings = server.settings
        settings.timeLimit = 1
        let error = failure { _ = try IMAPSource(settings).probe() }
        #expect(error?.code == .unreachable && error?.hint?.contains("imaps://") == true)
        #expect(error?.message.contains("port \(server.port)") == true)
    }

    @Test func mailboxNamesCannotLeadOutOfTheTree() throws {
        let names = [
            "b'INBOX'", "b'../../etc/cron.d/x'", "b'/etc/passwd'", "b'a//b'", "b'..'", "b'.'", "b'a\\\\x1b[31m/b'",
            "b'nul\\\\x00name'",
            "b'\\\\xff\\\\xfe'", "b'x' * 5000", "b'/'.join([b'd'] * 200)", "b'cur'", "b'INBOX/new'", "b'%2e%2e/x'",
            "b'INBOX\\\\r\\\\nx'",
        ].map { $0.replacingDoubleBackslashes }
        let capture = try capture(
            "answer([(name, [1]) for name in [\(names.joined(separator: ", "))]], lambda uid: b'Subject: x\\r\\n\\r\\n')"
        )
        let vault = CaptureRig.names
        #expect(vault.count == 2)
        var paths: [String] = []
        try capture.content.walk { path, node throws(HikaeError) in
            #expect(
                path.allSatisfy {
                    !$0.isEmpty && $0 != Array("..".utf8) && $0 != Array(".".utf8) && !$0.contains(0x2F)
                        && !$0.contains(0)
                })
            #expect(node.name.allSatisfy { $0 >= 0x20 && $0 != 0x7F } && node.name.count <= 255)
            paths.append(path.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/"))
        }
        #expect(paths.contains("%2E./%2E./etc/cron.d/x/cur"))
        // Names that no folder can stand for are said to be left out.
        #expect(capture.reports.count { $0.code == .refused } >= 3, "\(capture.reports)")
        for report in capture.reports { #expect(!report.message.contains("\u{1B}")) }
    }

    @Test func literalsOfWrongSizesHarmOnlyTheirMessages() throws {
        // Message 7 is announced shorter than it is: what follows is nonsense. All others come through.
        let capture = try capture(
            #"""
            answer([(b"INBOX", list(range(1, 21)))], lambda uid: b"Subject: %d\r\n\r\nbody body body\r\n" % uid,
                   literal=lambda uid, size: size - 5 if uid == 7 else size)
            """#)
        #expect(capture.facts.items == 19 && capture.summary.errors == 1, "\(capture.reports)")
        #expect(capture.reports.contains { $0.code == .protocolViolation })
    }

    @Test func aMessageAnnouncedAsHugeIsNotWaitedFor() throws {
        let error = failure {
            let capture = try capture(
                #"""
                answer([(b"INBOX", [1, 2, 3])], lambda uid: b"Subject: %d\r\n\r\n" % uid,
                       literal=lambda uid, size: 4000000000 if uid == 2 else size)
                """#)
            #expect(capture.facts.items == 2 && capture.summary.errors == 1)
        }
        #expect(error == nil)
    }

    @Test func unaskedAnswersAndRefusalsAreBorne() throws {
        let capture = try capture(
            #"""
            def odd(tag, line):
                for unasked in ["* 3 EXISTS", "* 99 EXPUNGE", "* OK [ALERT] careful", "* 1 FETCH (FLAGS (\\Seen) UID 1)", "* SEARCH 1 2", "* NONSENSE (1 2)",
                                "* 5 FETCH (UID 77 BODY[] {4}\r\nevil)"]:
                    say(unasked)
                if "BODY.PEEK" in line and "2:" in line or " 3 " in line and "BODY.PEEK" in line:
                    say(tag + " NO this one cannot be read"); return True
                return False
            answer([(b"INBOX", [1, 2, 3, 4, 5])], lambda uid: b"Subject: %d\r\n\r\n" % uid, odd)
            """#)
        #expect(capture.facts.items >= 4 && capture.facts.items <= 5)
        try capture.content.walk { path, node throws(HikaeError) in
            guard node.kind == .file, path.count > 1, path[path.count - 2] == Array("cur".utf8) else { return }
            let bytes = try capture.content.bytes(of: node, limit: 1000)
            #expect(String(decoding: bytes, as: UTF8.self).hasPrefix("Subject: "))
        }
    }

    @Test func aMailboxThatCannotBeOpenedLeavesTheOthers() throws {
        let capture = try capture(
            #"""
            def odd(tag, line):
                if line.startswith("EXAMINE") and "Closed" in line: say(tag + " NO [NOPERM] not yours"); return True
                return False
            answer([(b"INBOX", [1]), (b"Closed", [1]), (b"Closed/Open", [1])], lambda uid: b"x", odd) if False else None
            answer([(b"INBOX", [1]), (b"Closed", [1]), (b"Other", [1])], lambda uid: b"Subject: x\r\n\r\n", odd)
            """#)
        #expect(capture.facts.groups.map(\.name) == ["INBOX", "Other"])
        #expect(capture.summary.errors == 1 && capture.reports.contains { $0.code == .permission })
        #expect(capture.facts.notes.contains("1 mailbox was left out"))
    }

    @Test func sizesThatAreLiesDoNotCutMessages() throws {
        // RFC822.SIZE says 10 for all; the messages are longer, one of them larger than a piece.
        let capture = try capture(
            #"""
            bodies = {1: b"Subject: 1\r\n\r\n" + b"a" * 100, 2: b"Subject: 2\r\n\r\n" + b"b" * 5_000_000, 3: b""}
            def odd(tag, line):
                if "RFC822.SIZE" not in line: return False
                for uid in (1, 2, 3): say(f'* {uid} FETCH (UID {uid} FLAGS () INTERNALDATE "01-Jan-2020 00:00:00 +0000" RFC822.SIZE 10)')
                say(tag + " OK"); return True
            answer([(b"INBOX", [1, 2, 3])], lambda uid: bodies[uid], odd)
            """#)
        var sizes: [UInt64] = []
        try capture.content.walk { path, node throws(HikaeError) in
            if path.count == 3, path[1] == Array("cur".utf8), node.kind == .file { sizes.append(node.size) }
        }
        #expect(sizes == [114, 5_000_014, 0])
        #expect(capture.facts.bytes == 5_000_128)
    }

    @Test func gmailLabelsAreRecorded() throws {
        let capture = try capture(
            #"""
            def odd(tag, line):
                if "X-GM-LABELS" not in line: return False
                say('* 1 FETCH (X-GM-LABELS ("\\\\Inbox" &ToCBagDB- "big client") UID 1 FLAGS (\\Seen) INTERNALDATE "01-Jan-2020 00:00:00 +0000" RFC822.SIZE 14)')
                say(tag + " OK"); return True
            answer([(b"INBOX", [1])], lambda uid: b"Subject: 1\r\n\r\n", odd, capabilities="IMAP4rev1 X-GM-EXT-1")
            """#)
        let nodes = try capture.content.nodes(at: [Array("INBOX".utf8)]) ?? []
        let record = try #require(nodes.first { $0.displayName == ".hikae-mailbox.json" })
        let json = try JSONValue(String(decoding: try capture.content.bytes(of: record, limit: 10000), as: UTF8.self))
        #expect(json["labels"]?[0]?["words"]?.array.contains(.string("big client")) == true)
        #expect(json["labels"]?[0]?["words"]?.array.count == 3)
    }
}

extension String {
    /// `\\` as Python wants it in a literal that came through Swift.
    fileprivate var replacingDoubleBackslashes: String {
        split(separator: "\\\\", omittingEmptySubsequences: false).joined(separator: "\\")
    }
}

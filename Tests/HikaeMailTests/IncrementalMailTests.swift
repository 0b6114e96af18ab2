// A second capture fetches what is new, and notices all that has changed.

import HikaeArchive
import HikaeCore
import HikaeDestination
import HikaeFormat
import HikaeMail
import HikaeSource
import HikaeTesting
import Testing

@Suite(.serialized) struct IncrementalMailTests {
    static let rig = Result { try MailRig() }

    static let sample = #"""
        create("Box/Inner")
        for i in range(300): append("INBOX", f"Message-ID: <{i}@x>\r\n\r\nbody {i}\r\n")
        for i in range(5): append("Box/Inner", f"Message-ID: <b{i}@x>\r\n\r\nbody {i}\r\n")
        """#

    /// The names of a mailbox's messages in a capture, without UIDVALIDITY.
    func names(_ capture: CaptureRig.Capture, _ mailbox: String = "INBOX") throws -> [String] {
        let path = mailbox.split(separator: "/").map { Array($0.utf8) } + [Array("cur".utf8)]
        return try (capture.content.nodes(at: path) ?? []).map {
            String($0.displayName.drop { $0 != "U" }.dropFirst(1))
        }
    }

    @Test func nothingNewReadsNothingAndGivesTheSameTree() throws {
        let rig = try Self.rig.get()
        try rig.python(0, Self.sample)
        let vault = try CaptureRig()
        let first = try vault.capture(IMAPSource(rig.settings(0)))
        let second = try vault.capture(IMAPSource(rig.settings(0)))
        // The first one has made the server keep track of changes; from then on nothing at all differs.
        let third = try vault.capture(IMAPSource(rig.settings(0)))
        #expect(second.summary.filesNew == 0 && third.summary.filesNew == 0)
        #expect(third.content.tree == second.content.tree)
        #expect(third.facts == first.facts)
        #expect(third.facts.items == 305)
    }

    @Test(arguments: ["with QRESYNC", "without"])
    func newRemovedAndMarkedMailIsSeen(_ way: String) throws {
        let rig = try Self.rig.get()
        let user = way == "without" ? 2 : 1
        try rig.python(user, Self.sample)
        // A proxy that hides what the server can do makes it one of the old kind.
        let proxy =
            try way == "without"
            ? MailProxy(
                to: rig.server.port("starttls_port"), ["--hide", "CONDSTORE,QRESYNC,LIST-STATUS,LIST-EXTENDED"]) : nil
        let settings = rig.settings(user) { settings in
            guard let proxy else { return }
            (settings.port, settings.security, settings.host) = (proxy.port, .none, "127.0.0.1")
        }
        let source = IMAPSource(settings)
        let vault = try CaptureRig()
        _ = try vault.capture(source)
        try rig.python(
            user,
            #"""
            must(connection.select("INBOX"))
            must(connection.uid("STORE", "3", "+FLAGS", "(\\Deleted)")); must(connection.expunge())
            must(connection.uid("STORE", "10:20", "+FLAGS", "(\\Seen urgent)"))
            for i in range(7): append("INBOX", f"Message-ID: <new{i}@x>\r\n\r\nnew {i}\r\n")
            """#)
        let second = try vault.capture(source)
        #expect(second.summary.errors == 0, "\(second.reports)")
        let found = try names(second)
        #expect(found.count == 306)
        #expect(!found.contains { $0.hasPrefix("0000000003.") })
        #expect(found.count { $0.hasSuffix(":2,Sa") } == 11)
        // Of the messages only the seven new ones were read.
        #expect(second.summary.filesNew <= 8)
        #expect(second.facts.groups.first { $0.name == "INBOX" }?.items == 306)
        let folder = try TemporaryDirectory()
        try vault.restore(second, to: folder.path("out"))
        let digests = try Files.all(below: folder.path("out/INBOX/cur")).map {
            Digest.blobID(try Files.read(folder.path("out/INBOX/cur/\($0)"))).hex
        }
        #expect(digests.sorted() == (try rig.judge(user).filter { $0.mailbox == "INBOX" }.map(\.digest).sorted()))
    }

    @Test func onlyFlagsChangedIsSeenByTheNextCapture() throws {
        let rig = try Self.rig.get()
        try rig.python(3, "for i in range(20): append('INBOX', f'Subject: {i}\\r\\n\\r\\n')")
        let vault = try CaptureRig()
        _ = try vault.capture(IMAPSource(rig.settings(3)))
        for flags in ["\\Seen", "\\Flagged", "later"] {
            try rig.python(
                3, "must(connection.select('INBOX')); must(connection.uid('STORE', '7', 'FLAGS', sys.argv[1]))",
                ["(\(flags))"])
            let capture = try vault.capture(IMAPSource(rig.settings(3)))
            let letter = ["\\Seen": "S", "\\Flagged": "F", "later": "a"][flags] ?? "?"
            #expect(try names(capture)[6].hasSuffix(":2,\(letter)"))
            #expect(capture.summary.filesNew + capture.summary.filesChanged <= 2)
        }
    }

    @Test func aMailboxThatWasRenamedOrDeletedIsAsItIsNow() throws {
        let rig = try Self.rig.get()
        try rig.python(4, Self.sample)
        let vault = try CaptureRig()
        _ = try vault.capture(IMAPSource(rig.settings(4)))
        try rig.python(4, "must(connection.rename('Box/Inner', 'Box/Other'))")
        let renamed = try vault.capture(IMAPSource(rig.settings(4)))
        #expect(try names(renamed, "Box/Other").count == 5)
        #expect(try renamed.content.nodes(at: [Array("Box".utf8), Array("Inner".utf8)]) == nil)
        // Its bytes are known already, under another name.
        #expect(renamed.summary.dataBlobs <= 2)
        try rig.python(4, "must(connection.delete('Box/Other'))")
        let deleted = try vault.capture(IMAPSource(rig.settings(4)))
        #expect(deleted.facts.groups.map(\.name).contains("Box/Other") == false)
    }

    @Test func readingChangesNothing() throws {
        let rig = try Self.rig.get()
        try rig.python(5, "for i in range(20): append('INBOX', f'Subject: {i}\\r\\n\\r\\n')")
        let before = try rig.judge(5)
        _ = try CaptureRig().capture(IMAPSource(rig.settings(5)))
        #expect(try rig.judge(5) == before)
        let recent = try rig.python(
            5, "must(connection.select('INBOX')); show([len(must(connection.uid('SEARCH', 'RECENT'))[0].split())])")
        #expect(recent[0]?.number == 20)
    }

    @Test func patternsChooseMailboxes() throws {
        let rig = try Self.rig.get()
        try rig.python(6, "for n in ['Work/A', 'Work/B', 'Spam']: create(n); append(n, 'Subject: x\\r\\n\\r\\n')")
        let source = IMAPSource(
            rig.settings(6) { ($0.includeMailboxes, $0.excludeMailboxes) = (["/Work"], ["/Work/B"]) })
        let capture = try CaptureRig().capture(source)
        #expect(capture.facts.groups.map(\.name) == ["Work/A"])
        let nothing = IMAPSource(rig.settings(6) { $0.includeMailboxes = ["/None"] })
        #expect(failure { _ = try CaptureRig().capture(nothing) }?.code == .notFound)
    }

    @Test func mdboxIsReadAsMaildirIs() throws {
        let server = try MailRig(["--format", "mdbox"], users: 1)
        try server.python(0, Self.sample)
        let vault = try CaptureRig()
        let first = try vault.capture(IMAPSource(server.settings(0)))
        #expect(first.facts.items == 305 && first.summary.errors == 0, "\(first.facts) \(first.reports)")
        let second = try vault.capture(IMAPSource(server.settings(0)))
        #expect(second.summary.filesNew == 0)
    }
}

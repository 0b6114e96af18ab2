// Mail put back into a real Dovecot, judged by imaplib.

import HikaeArchive
import HikaeCore
import HikaeDestination
import HikaeFormat
import HikaeMail
import HikaeSource
import HikaeTesting
import Synchronization
import Testing

@Suite(.serialized) struct IMAPDestinationTests {
    static let rig = Result { try MailRig() }

    /// Errors that came back to be reported.
    final class Reports: Sendable {
        private let errors = Mutex<[HikaeError]>([])
        var all: [HikaeError] { errors.withLock { $0 } }
        var watch: ReturnWatch { ReturnWatch(report: { [self] error in errors.withLock { $0.append(error) } }) }
    }

    /// Captures one account and restores into another; what was captured, and what was done.
    func returned(from: Int, to: Int, _ options: ReturnOptions = ReturnOptions(), sample: String) throws
        -> (capture: CaptureRig.Capture, summary: ReturnSummary, destination: IMAPDestination)
    {
        let rig = try Self.rig.get()
        try rig.python(from, sample)
        let capture = try CaptureRig().capture(IMAPSource(rig.settings(from)))
        let destination = IMAPDestination(rig.settings(to))
        let summary = try destination.restore(capture.content, options, ReturnWatch())
        return (capture, summary, destination)
    }

    @Test func theOtherAccountHasTheSameBytesFlagsAndDates() throws {
        let rig = try Self.rig.get()
        let (capture, summary, destination) = try returned(from: 0, to: 1, sample: IMAPSourceTests.sample)
        #expect(summary.itemsWritten == 10 && summary.errors == 0 && summary.itemsSkipped == 0)
        #expect(try rig.judge(1) == rig.judge(0))
        #expect(try rig.mailboxNames(1) == rig.mailboxNames(0))
        let verification = try destination.verify(capture.content, facts: capture.facts, ReturnOptions(), ReturnWatch())
        #expect(verification.isWhole && verification.compared == 10 && verification.equal == 10, "\(verification)")
        // Again: everything is there, nothing is doubled.
        let again = try destination.restore(capture.content, ReturnOptions(), ReturnWatch())
        #expect(again.itemsWritten == 0 && again.itemsSkipped == 10)
        #expect(try rig.judge(1) == rig.judge(0))
        let preview = try destination.preview(capture.content, ReturnOptions(), ReturnWatch())
        #expect(preview.items == 0 && preview.present == 10 && preview.conflictCount == 0)
    }

    @Test func onlyWhatIsMissingComesBackAndNewMailStays() throws {
        let rig = try Self.rig.get()
        let many = #"""
            for i in range(200):
                append("INBOX", f"Message-ID: <{i}@x>\r\nSubject: {i}\r\n\r\n{'text ' * (i % 50)}\r\n", "(\\Seen)" if i % 2 else "")
            for i in range(3): append("INBOX", "Subject: twin\r\n\r\nno Message-ID\r\n")
            """#
        let (capture, _, destination) = try returned(from: 2, to: 3, sample: many)
        try rig.python(
            3,
            #"""
            must(connection.select("INBOX"))
            must(connection.uid("STORE", "5,17,100:120,202", "+FLAGS", "(\\Deleted)")); must(connection.expunge())
            must(connection.uid("STORE", "1", "+FLAGS", "(\\Answered)"))
            append("INBOX", "Message-ID: <new@x>\r\nSubject: new since\r\n\r\n")
            """#)
        let preview = try destination.preview(capture.content, ReturnOptions(), ReturnWatch())
        #expect(preview.items == 24 && preview.present == 179 && preview.conflictCount == 1)
        var options = ReturnOptions()
        options.onlyMissing = true
        let summary = try destination.restore(capture.content, options, ReturnWatch())
        #expect(summary.itemsWritten == 24 && summary.itemsSkipped == 179)
        let before = Set(try rig.judge(2).map(\.digest))
        let after = try rig.judge(3)
        #expect(after.count == 204)
        #expect(after.count { !before.contains($0.digest) } == 1)
        let verification = try destination.verify(capture.content, facts: capture.facts, options, ReturnWatch())
        #expect(verification.extra == 1 && verification.differenceCount == 1 && verification.compared == 203)
        #expect(verification.differences.first?.contains("\\Answered") == true)
        // Told to, it gives the flags back too.
        options = ReturnOptions()
        options.replaces = true
        _ = try destination.restore(capture.content, options, ReturnWatch())
        #expect(try destination.verify(capture.content, facts: nil, options, ReturnWatch()).isWhole)
    }

    @Test func theMailboxRebornKeepsTheOldMailAndMergesIt() throws {
        let rig = try Self.rig.get()
        let vault = try CaptureRig()
        try rig.python(
            4,
            #"""
            create("Orders")
            for i in range(20): append("Orders", f"Message-ID: <o{i}@x>\r\n\r\norder {i}\r\n", "(\\Seen kept)", "20-Jun-2012 16:00:00 +0900")
            """#)
        let source = IMAPSource(rig.settings(4))
        let old = try vault.capture(source)
        let before = try rig.judge(4)
        try rig.python(
            4,
            #"""
            must(connection.delete("Orders")); create("Orders")
            for i in range(5): append("Orders", f"Message-ID: <n{i}@x>\r\n\r\nnew {i}\r\n")
            """#)
        let reborn = try vault.capture(source)
        let identity = { (capture: CaptureRig.Capture) in capture.facts.groups.first { $0.name == "Orders" }?.identity }
        #expect(identity(old) != identity(reborn))
        #expect(reborn.facts.groups.first { $0.name == "Orders" }?.items == 5)
        #expect(reborn.summary.filesNew >= 5)
        let destination = IMAPDestination(rig.settings(4))
        let summary = try destination.restore(old.content, ReturnOptions(), ReturnWatch())
        #expect(summary.itemsWritten == 20)
        let after = try rig.judge(4)
        #expect(after.count == 25 && Set(before).isSubset(of: after))
    }

    @Test func aFullAccountSaysWhatIsInAndGoesOnWhenThereIsRoom() throws {
        let rig = try Self.rig.get()
        let small = try MailRig(["--quota", "300K"], users: 2)
        try rig.python(
            5,
            #"""
            for i in range(60): append("INBOX", f"Message-ID: <q{i}@x>\r\n\r\n".encode() + b"0123456789abcde\r\n" * 600)
            """#)
        let capture = try CaptureRig().capture(IMAPSource(rig.settings(5)))
        let destination = IMAPDestination(small.settings(0))
        let error = failure { _ = try destination.restore(capture.content, ReturnOptions(), ReturnWatch()) }
        #expect(error?.code == .quota)
        let there = try small.judge(0).count
        #expect(there > 20 && there < 60)
        #expect(
            error?.message.contains("\(there) of 60 messages are there, \(60 - there) are not") == true,
            "\(String(describing: error))")
        // No message came in twice or cut short.
        #expect(Set(try small.judge(0).map(\.digest)).isSubset(of: Set(try rig.judge(5).map(\.digest))))
    }

    @Test func aServerWithAnotherPrefixAndDelimiterGetsItsOwnNames() throws {
        let rig = try Self.rig.get()
        let other = try MailRig(["--layout", "Maildir++", "--separator", ".", "--prefix", "INBOX."], users: 2)
        try rig.python(
            6,
            #"""
            for name in ["Work/2012", "v1.2", "送信"]:
                create(name); append(name, f"Subject: {len(name)}\r\n\r\nx\r\n")
            append("INBOX", "Subject: i\r\n\r\nx\r\n")
            """#)
        let capture = try CaptureRig().capture(IMAPSource(rig.settings(6)))
        let reports = Reports()
        let destination = IMAPDestination(other.settings(0))
        _ = try destination.restore(capture.content, ReturnOptions(), reports.watch)
        #expect(
            try other.mailboxNames(0) == ["INBOX", "INBOX.Work", "INBOX.Work.2012", "INBOX.v1_2", "INBOX.&kAFP4Q-"])
        #expect(reports.all.contains { $0.message.contains("v1.2") })
        #expect(try destination.verify(capture.content, facts: capture.facts, ReturnOptions(), ReturnWatch()).isWhole)
        // And from there the names are the same as before.
        let back = try CaptureRig().capture(IMAPSource(other.settings(0)))
        let names = back.facts.groups.map(\.name).filter { $0 != "Work" }
        #expect(names.sorted() == ["INBOX", "Work/2012", "v1_2", "送信"].sorted())
    }

    @Test func aDifferenceIsNamed() throws {
        let rig = try Self.rig.get()
        let (capture, _, destination) = try returned(
            from: 7, to: 8,
            sample: #"""
                for i in range(4): append("INBOX", f"Message-ID: <d{i}@x>\r\n\r\n{i}\r\n")
                create("Gone"); append("Gone", "Subject: g\r\n\r\n")
                """#)
        try rig.python(
            8,
            #"""
            must(connection.delete("Gone")); must(connection.select("INBOX"))
            must(connection.uid("STORE", "2", "+FLAGS", "(\\Deleted)")); must(connection.expunge())
            append("INBOX", "Message-ID: <d1@x>\r\n\r\n?\r\n")
            """#)
        let verification = try destination.verify(capture.content, facts: capture.facts, ReturnOptions(), ReturnWatch())
        #expect(verification.differenceCount == 2 && verification.equal == 3 && verification.compared == 5)
        #expect(verification.differences.contains { $0.contains("Gone") })
        #expect(verification.differences.contains { $0.contains("message 2") })
    }

    /// A Maildir that another program made, with Dovecot's own way to name keywords.
    @Test func anybodysMaildirGoesBackToo() throws {
        let rig = try Self.rig.get()
        let folder = try TemporaryDirectory()
        try folder.write("INBOX/cur/1340178000.M1P2.host,S=30:2,FSa", "Message-ID: <m1@x>\r\n\r\none\r\n")
        try folder.write("INBOX/new/1340178001.M1P2.host", "Message-ID: <m2@x>\r\n\r\ntwo\r\n")
        try folder.write("INBOX/dovecot-keywords", "0 urgent\n")
        let content = try ForeignMaildir.content(of: folder.path)
        let summary = try IMAPDestination(rig.settings(9)).restore(content, ReturnOptions(), ReturnWatch())
        #expect(summary.itemsWritten == 2)
        #expect(
            try rig.judge(9).map(\.flags) == ["", "\\Flagged \\Seen urgent"]
                || rig.judge(9).map(\.flags) == ["\\Flagged \\Seen urgent", ""])
    }
}

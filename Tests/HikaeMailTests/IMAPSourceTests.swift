// What a capture of a real Dovecot holds.

import HikaeArchive
import HikaeCore
import HikaeFormat
import HikaeMail
import HikaeSource
import HikaeTesting
import Testing

@Suite(.serialized) struct IMAPSourceTests {
    static let rig = Result { try MailRig() }

    /// Mail of every kind that is hard to keep.
    static let sample = #"""
        for name in ["Work/2012", "送信済み", "送信済み/見積", "A&B 100%", "tempo"]: create(name)
        append("INBOX", b"From: a@example.jp\r\nMessage-ID: <1@x>\r\nSubject: one\r\n\r\nHello\r\n", "(\\Seen \\Flagged)", "20-Jun-2012 17:00:00 +0900")
        append("INBOX", b"From: b\r\nSubject: 8-bit\r\n\r\n" + bytes(range(128, 256)) * 3 + b"\r\n", "(\\Answered work $Forwarded)")
        append("INBOX", b"Subject: empty body\r\n\r\n", "(\\Draft \\Deleted)")
        append("INBOX", b"Subject: no end of line\r\n\r\nlast", "")
        append("INBOX", b"Subject: long\r\n\r\n" + b"x" * 900000 + b"\r\n", "")
        append("INBOX", b"Subject: large\r\n\r\n" + bytes((i * 7919 >> 5) % 255 + 1 for i in range(5_000_000)).replace(b"\r", b"r").replace(b"\n", b"n") + b"\r\n", "(\\Seen)")
        append("Work/2012", b"Subject: old\r\n\r\n.\r\n..\r\nFrom nobody\r\n", "(private)", "01-Jan-1999 00:00:00 +0000")
        append("送信済み/見積", "Subject: 見積\r\n\r\n御見積書\r\n", "(\\Seen)")
        append("A&B 100%", b"Subject: x\r\n\r\ny\r\n")
        append("tempo", b"Subject: in tempo\r\n\r\ny\r\n")
        """#

    @Test func everyMessageIsAFileByteForByteWithFlagsAndDate() throws {
        let rig = try Self.rig.get()
        try rig.python(0, Self.sample)
        let vault = try CaptureRig()
        let capture = try vault.capture(IMAPSource(rig.settings(0)))
        #expect(capture.summary.errors == 0, "\(capture.reports)")
        let judged = try rig.judge(0)
        #expect(judged.count == 10)
        #expect(capture.facts.items == 10)
        #expect(capture.facts.bytes == judged.reduce(0) { $0 + UInt64($1.size) })
        let folder = try TemporaryDirectory()
        try vault.restore(capture, to: folder.path("out"))
        let files = Files.all(below: folder.path("out")).filter { $0.contains("/cur/") }
        #expect(files.count == 10)
        // What a standard program makes of the Maildir is what the server has.
        var found: [String] = []
        for file in files {
            let content = try Files.read(folder.path("out/\(file)"))
            found.append(Digest.blobID(content).hex)
        }
        #expect(found.sorted() == judged.map(\.digest).sorted())
        #expect(files.contains { $0.hasPrefix("Work/2012/cur/") })
        #expect(files.contains { $0.hasPrefix("送信済み/見積/cur/") })
        #expect(files.contains { $0.hasPrefix("tempo/cur/") })
        #expect(files.contains { $0.hasPrefix("A&B 100%25/cur/") })
    }
}

// Connections that break at any moment: what was begun is finished all the same, or ends in a clear error.

import HikaeArchive
import HikaeCore
import HikaeDestination
import HikaeSource
import HikaeTesting
import Testing

@testable import HikaeMail

@Suite(.serialized) struct CutMailTests {
    static let rig = Result { try MailRig() }

    static let sample = #"""
        create("Other")
        for i in range(400): append("INBOX", f"Message-ID: <{i}@x>\r\n\r\nbody {i}\r\n{'filler ' * (i * 37 % 900)}\r\n", "(\\Seen)")
        for i in range(30): append("Other", f"Message-ID: <o{i}@x>\r\n\r\nbody {i}\r\n")
        append("Other", b"Subject: large\r\n\r\n" + b"0123456789abcdef\r\n" * 400000)
        """#

    func through(_ proxy: MailProxy, _ user: Int) throws -> IMAPSettings {
        try Self.rig.get().settings(user) { settings in
            (settings.port, settings.security, settings.host) = (proxy.port, .none, "127.0.0.1")
            settings.firstWait = 0.01
        }
    }

    @Test(arguments: 1...3)
    func aCaptureGoesOnWhereTheConnectionBroke(_ seed: Int) throws {
        let rig = try Self.rig.get()
        if seed == 1 { try rig.python(0, Self.sample) }
        let proxy = try MailProxy(
            to: rig.server.port("starttls_port"), ["--cut", "\(seed)", "1500000", "--cuts", "8"])
        do {
            let capture = try CaptureRig().capture(IMAPSource(try through(proxy, 0)))
            #expect(capture.summary.errors == 0, "\(capture.reports)")
            #expect(capture.facts.items == 431)
            let destination = IMAPDestination(rig.settings(0))
            let whole = try destination.verify(capture.content, facts: capture.facts, ReturnOptions(), ReturnWatch())
            #expect(whole.isWhole && whole.compared == 431, "\(whole.differences.prefix(5))")
        } catch let error as HikaeError {
            // The very first connection may be cut before anything is known.
            #expect(error.code == .unreachable && error.isRetryable)
        }
    }

    @Test(arguments: 1...2)
    func aRestoreGoesOnWithoutDoubling(_ seed: Int) throws {
        let rig = try Self.rig.get()
        if seed == 1 { try rig.python(1, Self.sample) }
        let capture = try CaptureRig().capture(IMAPSource(rig.settings(1)))
        #expect(capture.summary.errors == 0)
        let target = 10 + seed
        let proxy = try MailProxy(
            to: rig.server.port("starttls_port"), ["--cut", "\(seed)", "2500", "--cuts", "4"])
        let destination = IMAPDestination(try through(proxy, target))
        do {
            let summary = try destination.restore(capture.content, ReturnOptions(), ReturnWatch())
            #expect(summary.itemsWritten + summary.itemsSkipped == 431 && summary.errors == 0, "\(summary)")
        } catch {
            #expect(error.isRetryable)
            _ = try IMAPDestination(rig.settings(target)).restore(capture.content, ReturnOptions(), ReturnWatch())
        }
        #expect(try rig.judge(target) == rig.judge(1))
    }

    @Test func aServerThatStaysAwayIsSaidToBeUnreachable() throws {
        let rig = try Self.rig.get()
        try rig.python(2, Self.sample)
        // Every connection dies after about 3,000 bytes, for ever.
        let proxy = try MailProxy(to: rig.server.port("starttls_port"), ["--cut", "5", "3000"])
        let error = failure { _ = try CaptureRig().capture(IMAPSource(try through(proxy, 2))) }
        #expect(error?.code == .unreachable)
    }

    @Test func cancellingEndsSoon() throws {
        let rig = try Self.rig.get()
        let cancellation = Cancellation()
        cancellation.cancel()
        let error = failure {
            _ = try CaptureRig().capture(IMAPSource(rig.settings(3)), cancellation: cancellation)
        }
        #expect(error?.code == .cancelled)
    }
}

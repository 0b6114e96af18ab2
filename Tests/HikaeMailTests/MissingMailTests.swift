// A server whose listing lacks what it says it has: asked again, and then said and counted, never passed over.

import HikaeArchive
import HikaeCore
import HikaeDestination
import HikaeFormat
import HikaeMail
import HikaeSource
import HikaeTesting
import Testing

@Suite(.serialized) struct MissingMailTests {
    /// Captures 40 messages from a server that answers listings as `odd` says. `asked` counts the listings.
    func capture(_ odd: String, _ rig: CaptureRig? = nil, capabilities: String = "IMAP4rev1") throws
        -> CaptureRig.Capture
    {
        let server = try ScriptedServer(Self.script(odd, capabilities))
        return try (rig ?? CaptureRig()).capture(IMAPSource(server.settings))
    }

    static func script(_ odd: String, _ capabilities: String = "IMAP4rev1") -> String {
        let body = odd.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n")
        return #"""
            asked = [0]
            every = list(range(1, 41))
            def line_of(uid, size=14): return f'* {uid} FETCH (UID {uid} FLAGS () INTERNALDATE "01-Jan-2020 00:00:00 +0000" RFC822.SIZE {size})'
            def odd(tag, line):
                if not line.startswith("UID FETCH") or "BODY" in line: return False
                asked[0] += 1
            """# + "\n" + body + "\n" + #"""
                    say(tag + " OK done")
                    return True
                answer([(b"INBOX", every)], lambda uid: b"Subject: %02d\r\n\r\n" % uid, odd, capabilities="\#(capabilities)")
                """#
    }

    @Test func messagesThatAreNotListedAreReportedOneByOneAndWrittenDown() throws {
        let capture = try capture("for uid in every[:37]: say(line_of(uid))")
        #expect(capture.facts.items == 37)
        #expect(capture.summary.errors == 3, "\(capture.reports)")
        #expect(capture.reports.count == 3 && capture.reports.allSatisfy { $0.code == .incomplete })
        #expect(capture.reports.allSatisfy { $0.message.contains("/INBOX") })
        #expect(
            capture.facts.notes.contains { $0.contains("INBOX") && $0.contains("3 of 40 messages") },
            "\(capture.facts.notes)")
    }

    @Test func aListingThatWasShortOnceIsAskedForAgain() throws {
        let capture = try capture("for uid in every[:30] if asked[0] == 1 else every: say(line_of(uid))")
        #expect(capture.facts.items == 40 && capture.summary.errors == 0)
        #expect(!capture.facts.notes.contains { $0.contains("listing lacks") })
    }

    @Test(arguments: ["FLAGS ()", #"INTERNALDATE "01-Jan-2020 00:00:00 +0000""#, "RFC822.SIZE 14"])
    func aMessageListedWithoutWhatWasAskedForIsNamed(_ field: String) throws {
        let capture = try capture(
            "for uid in every: say(line_of(uid).replace('\(field)', 'X 1') if uid == 5 else line_of(uid))")
        #expect(capture.facts.items == 39 && capture.summary.errors == 1)
        #expect(capture.reports.first?.message.contains("message 5 ") == true, "\(capture.reports)")
    }

    @Test func whatIsToldOfAMessageInPartsIsPutTogether() throws {
        let capture = try capture(
            #"""
            for uid in every: say(f"* {uid} FETCH (UID {uid} FLAGS (\\Seen))")
            for uid in every: say(f'* {uid} FETCH (UID {uid} INTERNALDATE "01-Jan-2020 00:00:00 +0000" RFC822.SIZE 14)')
            """#)
        #expect(capture.facts.items == 40 && capture.summary.errors == 0, "\(capture.reports)")
        let seen = try (capture.content.nodes(at: [Array("INBOX".utf8), Array("cur".utf8)]) ?? []).filter {
            $0.displayName.hasSuffix(":2,S")
        }
        #expect(seen.count == 40)
    }

    @Test func messagesRemovedWhileTheyAreListedAreNotMissing() throws {
        let capture = try capture(
            "for uid in every[:38]: say(line_of(uid))\nsay('* 40 EXPUNGE')\nsay('* 39 EXPUNGE')")
        #expect(capture.facts.items == 38 && capture.summary.errors == 0, "\(capture.reports)")
    }

    /// Known messages are not taken for removed because a listing is short.
    @Test func aShortListingOfAKnownMailboxIsReportedToo() throws {
        let rig = try CaptureRig()
        #expect(try capture("for uid in every: say(line_of(uid))", rig).facts.items == 40)
        let again = try capture("for uid in every[:10]: say(line_of(uid))", rig)
        #expect(again.facts.items == 10 && again.summary.errors == 30)
        let whole = try capture("for uid in every: say(line_of(uid))", rig)
        #expect(whole.facts.items == 40 && whole.summary.errors == 0)
    }

    @Test func aServerThatHidesEndlesslyManyIsNotBelievedAtAll() throws {
        let script = Self.script("for uid in every: say(line_of(uid))").replacing(
            "def odd(tag, line):",
            with: """
                def odd(tag, line):
                    if line.startswith("EXAMINE"):
                        say("* 4000000 EXISTS"); say("* OK [UIDVALIDITY 7] ok"); say(tag + " OK [READ-ONLY] open"); return True
                """)
        let server = try ScriptedServer(script)
        let error = failure { _ = try CaptureRig().capture(IMAPSource(server.settings)) }
        #expect(
            error?.code == .protocolViolation && error?.message.contains("4000000") == true,
            "\(String(describing: error))")
    }
}

extension String {
    fileprivate func replacing(_ text: String, with other: String) -> String {
        split(separator: text, omittingEmptySubsequences: false).joined(separator: other)
    }
}

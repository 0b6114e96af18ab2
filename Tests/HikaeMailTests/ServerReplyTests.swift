// What servers say is understood as RFC 3501 and its extensions mean it.

import HikaeCore
import HikaeTesting
import Testing

@testable import HikaeMail

struct ServerReplyTests {
    func reply(_ text: String) throws -> ServerReply {
        try ServerReply(try #require(try ResponseFramerTests.frame(Array((text + "\r\n").utf8)).first))
    }

    func fetched(_ text: String) throws -> FetchReply {
        guard case .fetch(let message) = try reply(text) else { throw HikaeError(.notFound, "no FETCH") }
        return message
    }

    @Test func fetchIsReadInAnyOrderAndWithWhatIsNotKnown() throws {
        let message = try fetched(
            "* 12 FETCH (FLAGS (\\Seen \\Recent $Forwarded work) UID 9 X-NEW (1 (\"a\" NIL) {2}\r\n)( ) MODSEQ (624) "
                + "INTERNALDATE \" 1-Feb-2020 03:04:05 +0900\" RFC822.SIZE 4286 BODY[HEADER.FIELDS (Message-ID)]<0> \"x\\\"y\")"
        )
        #expect(message.sequence == 12 && message.uid == 9 && message.size == 4286)
        #expect(message.flags?.system == .seen)
        #expect(message.flags?.keywords == ["$Forwarded", "work"])
        #expect(message.date == Timestamp(seconds: 1_580_493_845))
        #expect(message.body?.section == "HEADER.FIELDS (MESSAGE-ID)")
        #expect(message.body?.bytes == Array("x\"y".utf8))
    }

    @Test func aMessageThatTheServerCannotReadIsNil() throws {
        #expect(try fetched("* 1 FETCH (UID 1 BODY[] NIL)").body?.bytes == nil)
    }

    @Test func gmailLabelsAreRead() throws {
        let message = try fetched("* 1 FETCH (X-GM-LABELS (\"\\\\Inbox\" \\Sent &ToCBagDB- \"a b\") UID 5)")
        #expect(message.labels == ["\\Inbox", "\\Sent", "a b", "送信"].sorted() || message.labels?.count == 4)
    }

    @Test func listingsHaveNamesOfAllForms() throws {
        for (text, name) in [("a", "a"), ("\"a b\"", "a b"), ("{3}\r\na\"b", "a\"b"), ("a[1]", "a[1]")] {
            guard case .mailbox(let mailbox) = try reply("* LIST (\\HasNoChildren \\Sent) \"/\" \(text)") else {
                Issue.record("no LIST")
                continue
            }
            #expect(mailbox.name == Array(name.utf8) && mailbox.delimiter == 0x2F && mailbox.specialUse == "\\Sent")
        }
        guard case .mailbox(let flat) = try reply("* LIST (\\NoSelect) NIL INBOX") else { return }
        #expect(flat.delimiter == nil && !flat.isSelectable)
    }

    @Test func statusAndCodesAreRead() throws {
        guard
            case .mailboxStatus(let name, let state) = try reply(
                "* STATUS \"a b\" (MESSAGES 231 UIDNEXT 44292 UIDVALIDITY 7 HIGHESTMODSEQ 7011231777 NEW (1))")
        else { throw HikaeError(.notFound, "no STATUS") }
        #expect(name == Array("a b".utf8))
        #expect(state.messages == 231 && state.uidNext == 44292 && state.uidValidity == 7)
        #expect(state.highestModSeq == 7_011_231_777)
        guard case .tagged(let tag, let status) = try reply("h3 NO [OVERQUOTA] full\u{1B}[31m") else { return }
        #expect(tag == "h3" && status.code == "OVERQUOTA" && !status.text.contains("\u{1B}"))
    }

    @Test func namespacesAndVanishedAreRead() throws {
        guard
            case .namespaces(let spaces) = try reply(
                "* NAMESPACE ((\"INBOX.\" \".\" X-PARAM (\"a\"))) ((\"~\" \".\")) NIL")
        else { throw HikaeError(.notFound, "no NAMESPACE") }
        #expect(spaces.personalPrefix == Array("INBOX.".utf8) && spaces.delimiter == 0x2E)
        guard case .vanished(let set) = try reply("* VANISHED (EARLIER) 41,43:116,118,210:211") else { return }
        #expect(set.contains(100) && !set.contains(117) && set.contains(211))
    }

    @Test func deepAndBrokenAnswersAreRefused() throws {
        let deep = String(repeating: "(", count: 10000)
        for text in [
            "* 1 FETCH (X \(deep)", "* 1 FETCH (UID 0)", "* 1 FETCH (UID 4294967296)", "* 1 FETCH (FLAGS", "* LIST",
            "* 99999999999999999999 EXISTS", "* 1 FETCH (INTERNALDATE \"yesterday\")", "h1", "* STATUS a (MESSAGES x)",
            "* 1 FETCH (BODY[ {5})",
        ] {
            #expect(failure { _ = try reply(text) }?.code == .protocolViolation, "\(text.prefix(40))")
        }
    }
}

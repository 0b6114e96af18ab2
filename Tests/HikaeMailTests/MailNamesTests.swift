// Names on the way between servers and folders: every one comes back, none leads out of its place.

import HikaeCore
import HikaeTesting
import Testing

@testable import HikaeMail

struct MailNamesTests {
    @Test func modifiedUTF7IsWhatTheStandardSays() {
        // RFC 3501, 5.1.3.
        #expect(ModifiedUTF7.encode("~peter/mail/台北/日本語") == Array("~peter/mail/&U,BTFw-/&ZeVnLIqe-".utf8))
        #expect(ModifiedUTF7.encode("A&B") == Array("A&-B".utf8))
        for broken in ["&", "&Jjo", "&Jjo!", "A&B-&", "&AGE-", "\u{7F}", "&2D3-", "\u{E9}"] {
            #expect(ModifiedUTF7.decode(Array(broken.utf8)) == nil, "\(broken)")
        }
    }

    @Test func everyNameComesBack() {
        var random = SeededGenerator()
        for _ in 0..<2000 {
            let scalars = (0..<Int.random(in: 1...12, using: &random)).map { _ in
                Unicode.Scalar(UInt32.random(in: 1...0x1F9FF, using: &random)) ?? "&"
            }
            let name = String(String.UnicodeScalarView(scalars))
            let coded = ModifiedUTF7.encode(name)
            #expect(coded.allSatisfy { (0x20...0x7E).contains($0) })
            #expect(ModifiedUTF7.decode(coded) == name)
            let folder = MailboxPath.folder(coded)
            #expect(
                folder != Array(".".utf8) && folder != Array("..".utf8) && !folder.contains(0x2F) && !folder.contains(0)
            )
            #expect(MailboxPath.level(folder) == coded)
        }
    }

    @Test func namesThatWouldLeadElsewhereAreMadeHarmless() {
        for (level, folder) in [
            ("..", "%2E."), (".", "%2E"), ("cur", "%63ur"), ("new", "%6Eew"), ("tmp", "%74mp"), ("a/b", "a%2Fb"),
            ("50%", "50%25"), (".hidden", "%2Ehidden"), ("dovecot-keywords", "%64ovecot-keywords"),
        ] {
            #expect(MailboxPath.folder(Array(level.utf8)) == Array(folder.utf8))
            #expect(MailboxPath.level(Array(folder.utf8)) == Array(level.utf8))
        }
        // Bytes that are in no encoding, and a lone ampersand.
        for level: [UInt8] in [[0xE9, 0x41], Array("R&D".utf8), [0x01], [0x0A, 0x2F]] {
            let folder = MailboxPath.folder(level)
            #expect(String(validating: folder, as: UTF8.self) != nil)
            #expect(MailboxPath.level(folder) == level)
        }
    }

    func folders(_ name: String, delimiter: String? = "/", prefix: String = "") -> [String]? {
        var mailbox = Self.listed(name, delimiter)
        mailbox.name = Array(name.utf8)
        return MailboxPath.folders(mailbox, personalPrefix: Array(prefix.utf8))?.map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    static func listed(_ name: String, _ delimiter: String?) -> ListedMailbox {
        let line = "* LIST () \(delimiter.map { "\"\($0)\"" } ?? "NIL") x\r\n"
        guard let response = try? ResponseFramerTests.frame(Array(line.utf8)).first,
            case .mailbox(let mailbox)? = try? ServerReply(response)
        else { preconditionFailure("no listing") }
        return mailbox
    }

    @Test func levelsAndPrefixesBecomeFolders() {
        #expect(folders("Work/2012") == ["Work", "2012"])
        #expect(folders("inbox") == ["INBOX"])
        #expect(folders("INBOX.Sent", delimiter: ".", prefix: "INBOX.") == ["Sent"])
        #expect(folders("INBOX.INBOX.x", delimiter: ".", prefix: "INBOX.") == ["INBOX", "INBOX", "x"])
        #expect(folders("INBOX.v1/2", delimiter: ".", prefix: "INBOX.") == ["v1%2F2"])
        #expect(folders("a//b") == nil)
        #expect(folders("/etc/passwd") == nil)
        #expect(folders("../../etc") == ["%2E.", "%2E.", "etc"])
        #expect(folders("a/b", delimiter: nil) == ["a%2Fb"])
    }

    @Test func aNameTooLongForAFolderKeepsApartFromOthers() {
        let one = MailboxPath.folder(Array(String(repeating: "x", count: 400).utf8))
        let other = MailboxPath.folder(Array((String(repeating: "x", count: 399) + "y").utf8))
        #expect(one.count <= 240 && other.count <= 240 && one != other)
    }

    @Test func messageNamesCarryEverything() {
        let name = MessageName(
            uidValidity: 1_340_000_000, uid: 42, system: [.seen, .flagged], letters: Array("bz".utf8))
        #expect(name.bytes == Array("1340000000.U0000000042.hikae:2,FSbz".utf8))
        #expect(MessageName(name.bytes) == name)
        #expect(MessageName(Array("1340000000.U0000000000.hikae:2,".utf8)) == nil)
        #expect(MessageName(Array("1234.M5P6.host:2,S".utf8)) == nil)
        #expect(MessageName.flags(Array("1234.M5P6.host,S=5:2,RSa".utf8)).system == [.answered, .seen])
    }

    @Test func keywordsKeepTheirLetters() {
        var table = KeywordTable(["work", "$Forwarded"])
        #expect(table.letters(for: ["$Forwarded", "new one"]).letters == Array("bc".utf8))
        #expect(KeywordTable(fileContent: table.fileContent).keyword(UInt8(ascii: "c")) == "new one")
        let many = (0..<30).map { "k\($0)" }
        #expect(table.letters(for: many).others == Array(many.suffix(7)))
    }

    @Test func datesGoBothWays() {
        for (text, seconds) in [
            ("17-Jul-1996 02:44:25 -0700", 837_596_665), (" 1-Feb-2020 03:04:05 +0900", 1_580_493_845),
            ("31-Dec-1969 23:59:59 +0000", -1),
        ] {
            let time = MessageDate.parse(Array(text.utf8))
            #expect(time?.seconds == Int64(seconds))
            #expect(time.map { MessageDate.text($0) }?.dropFirst() == text.dropFirst())
        }
        for broken in ["", "32-Jan-2020 00:00:00 +0000", "1-Foo-2020 00:00:00 +0000", "1-Jan-2020 00:00 +0000", "x"] {
            #expect(MessageDate.parse(Array(broken.utf8)) == nil)
        }
    }

    @Test func uidSetsAreShortAndExact() {
        #expect(UIDSet(rising: [1, 2, 3, 7, 9, 10]).text == "1:3,7,9:10")
        #expect(UIDSet(parsing: Array("9:7,1,2:3".utf8)[...])?.contains(8) == true)
        #expect(UIDSet(parsing: Array("1,,2".utf8)[...]) == nil)
        #expect(UIDSet(parsing: Array("0:4".utf8)[...]) == nil)
    }
}

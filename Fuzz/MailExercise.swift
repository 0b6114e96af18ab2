// What a mail server sends comes from a stranger: it must be understood or refused, in whatever pieces it arrives.

import HikaeCore

@testable import HikaeMailWire

enum MailExercise {
    /// The input is what a server sends; its first byte says how it is cut into pieces.
    static func breach(_ input: [UInt8]) -> String? {
        guard let step = input.first else { return nil }
        let bytes = Array(input.dropFirst())
        let whole = responses(bytes, step: max(1, bytes.count))
        let pieces = responses(bytes, step: Int(step) + 1)
        guard whole.found == pieces.found, whole.isRefused == pieces.isRefused else { return "the cuts show" }
        for response in whole.found {
            guard response.text.count <= 4096, response.literals.allSatisfy({ $0.bytes.count <= 8192 }) else {
                return "a bound that does not hold"
            }
            do throws(HikaeError) {
                if case .fetch(let message) = try ServerReply(response), let date = message.date {
                    _ = MessageDate.text(date)
                }
            } catch {
                if error.code != .protocolViolation { return "an error of code \(error.code)" }
            }
        }
        return names(bytes)
    }

    private static func responses(_ bytes: [UInt8], step: Int) -> (found: [FramedResponse], isRefused: Bool) {
        var limits = ResponseFramer.Limits()
        (limits.text, limits.literal, limits.literals) = (4096, 8192, 8)
        var framer = ResponseFramer(limits: limits)
        var found: [FramedResponse] = []
        do throws(HikaeError) {
            for start in stride(from: 0, to: bytes.count, by: step) {
                try Array(bytes[start..<min(start + step, bytes.count)]).withBytes { piece throws(HikaeError) in
                    var position = 0
                    while position < piece.count {
                        if let response = try framer.take(piece, from: &position) { found.append(response) }
                    }
                }
            }
        } catch {
            return (found, true)
        }
        return (found, false)
    }

    /// Any bytes as a mailbox's level and as a file's name.
    private static func names(_ bytes: [UInt8]) -> String? {
        let level = Array(bytes.prefix(100)).filter { $0 != 0 }
        if let name = ModifiedUTF7.decode(level), ModifiedUTF7.encode(name) != level { return "a name that changes" }
        if let name = MessageName(bytes), MessageName(name.bytes) != name { return "a file name that changes" }
        if let time = MessageDate.parse(bytes), MessageDate.parse(Array(MessageDate.text(time).utf8)) != time {
            return "a date that changes"
        }
        _ = UIDSet(parsing: bytes[...])
        _ = bytes.withUnsafeBytes { MessageHeader.messageID($0) }
        return nil
    }

    static var seeds: [[UInt8]] {
        [
            "* OK [CAPABILITY IMAP4rev1 LITERAL+] ready {5}\r\n",
            "* 1 FETCH (UID 7 FLAGS (\\Seen work) INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" RFC822.SIZE 12)\r\n",
            "* 2 FETCH (BODY[HEADER.FIELDS (MESSAGE-ID)]<0> {5}\r\na\r\nb) UID 8)\r\nh1 OK [APPENDUID 1 2] done\r\n",
            "* LIST (\\Noselect \\Sent) \"/\" {3+}\r\na\"b\r\n* STATUS x (MESSAGES 2 UIDNEXT 3 HIGHESTMODSEQ 9)\r\n",
            "* NAMESPACE ((\"INBOX.\" \".\" X (\"a\"))) NIL NIL\r\n* VANISHED (EARLIER) 1:5,9\r\n* ID (\"name\" \"x\")\r\n",
            "1340150400.U0000000042.hikae:2,FSab", "&U,BTFw-&ZeVnLIqe-", " 1-Feb-2020 03:04:05 +0900",
            "Message-ID:\r\n <a@b>\r\n\r\n",
        ].map { [7] + Array($0.utf8) }
    }
}

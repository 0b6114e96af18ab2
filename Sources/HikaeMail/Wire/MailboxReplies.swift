// What LIST, STATUS and NAMESPACE bring.

import HikaeCore

/// A mailbox as a listing has it.
struct ListedMailbox: Sendable, Equatable {
    /// As the server writes it: what SELECT takes.
    var name: [UInt8]
    /// What separates levels in the name; nil for a server or a mailbox without levels.
    var delimiter: UInt8?
    /// In upper case: "\\NOSELECT", "\\SENT".
    var attributes: Set<String>
    /// Whether the line came from LSUB.
    var isSubscription: Bool

    /// Whether it can be opened at all.
    var isSelectable: Bool { attributes.isDisjoint(with: ["\\NOSELECT", "\\NONEXISTENT"]) }

    /// What the mailbox is for, if the server says (RFC 6154).
    var specialUse: String? {
        ["\\Sent", "\\Drafts", "\\Trash", "\\Junk", "\\Archive", "\\All", "\\Flagged"].first {
            attributes.contains($0.uppercased())
        }
    }

    init(_ cursor: inout ResponseCursor, isSubscription: Bool) throws(HikaeError) {
        self.isSubscription = isSubscription
        var found: Set<String> = []
        try cursor.list { cursor throws(HikaeError) in found.insert(ResponseCursor.upper(try cursor.flag())) }
        attributes = found
        cursor.skipSpaces()
        let separator = try cursor.nullableString()
        guard separator.map({ $0.count == 1 }) ?? true else { throw cursor.violation("no delimiter") }
        delimiter = separator?.first
        cursor.skipSpaces()
        name = try cursor.name()
    }
}

/// A mailbox's figures.
struct MailboxStatus: Sendable, Equatable {
    var messages: UInt64?
    var uidNext: UInt64?
    var uidValidity: UInt32?
    /// Nil when the server keeps none; rises with every change in the mailbox.
    var highestModSeq: UInt64?

    init() {}

    init(_ cursor: inout ResponseCursor) throws(HikaeError) {
        var found = MailboxStatus()
        try cursor.list { cursor throws(HikaeError) in
            let name = try cursor.keyword()
            cursor.skipSpaces()
            switch name {
            case "MESSAGES": found.messages = try cursor.number()
            case "UIDNEXT": found.uidNext = try cursor.number()
            case "UIDVALIDITY": found.uidValidity = try cursor.number32()
            case "HIGHESTMODSEQ": found.highestModSeq = try cursor.number()
            default: try cursor.skipValue()
            }
        }
        self = found
    }

    /// Takes what an OK with a code says of the mailbox being opened.
    mutating func take(_ status: ServerReply.Status) {
        let number = UInt64(String(decoding: status.codeText, as: UTF8.self))
        switch status.code {
        case "UIDVALIDITY": uidValidity = number.flatMap { UInt32(exactly: $0) }
        case "UIDNEXT": uidNext = number
        case "HIGHESTMODSEQ": highestModSeq = number
        case "NOMODSEQ": highestModSeq = nil
        default: break
        }
    }
}

/// Where one's own mailboxes stand among all that are listed.
struct Namespaces: Sendable, Equatable {
    /// What the names of one's own mailboxes begin with: "" or "INBOX.".
    var personalPrefix: [UInt8]?
    var delimiter: UInt8?

    init() {}

    init(_ cursor: inout ResponseCursor) throws(HikaeError) {
        var found = Namespaces()
        guard cursor.peek == UInt8(ascii: "(") else {
            self = found
            return
        }
        try cursor.list { cursor throws(HikaeError) in
            var entry: ([UInt8], UInt8?)?
            try cursor.list { cursor throws(HikaeError) in
                if entry == nil {
                    let prefix = try cursor.string()
                    cursor.skipSpaces()
                    entry = (prefix, try cursor.nullableString()?.first)
                } else {
                    try cursor.skipValue()
                }
            }
            if found.personalPrefix == nil { (found.personalPrefix, found.delimiter) = (entry?.0, entry?.1) }
        }
        self = found
    }
}

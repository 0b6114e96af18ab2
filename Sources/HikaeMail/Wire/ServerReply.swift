// What a server's response means. The grammar of RFC 3501 and of the extensions that Hikae uses, nothing else.

import HikaeCore

/// One response, understood.
enum ServerReply: Sendable {
    /// How a command, or the server, fares.
    enum Condition: String, Sendable { case ok = "OK", no = "NO", bad = "BAD", bye = "BYE", preauth = "PREAUTH" }

    /// OK, NO, BAD, BYE, PREAUTH with what is said to it.
    struct Status: Sendable {
        var condition: Condition
        /// What stands in brackets: its name in upper case, and the rest.
        var code: String?
        var codeText: ArraySlice<UInt8> = []
        /// For people.
        var text: String
    }

    case tagged(String, Status)
    case status(Status)
    case continuation(String)
    case capabilities(Set<String>)
    case fetch(FetchReply)
    case mailbox(ListedMailbox)
    case mailboxStatus([UInt8], MailboxStatus)
    case namespaces(Namespaces)
    case exists(UInt32)
    case expunged
    case vanished(UIDSet)
    case identity([String: String])
    /// Known or not, of no use here.
    case other(String)

    /// Understands a response. Throws `.protocolViolation`.
    init(_ response: FramedResponse) throws(HikaeError) {
        var cursor = ResponseCursor(response)
        if cursor.take("+") {
            cursor.skipSpaces()
            self = .continuation(String(decoding: cursor.rest(), as: UTF8.self))
            return
        }
        if cursor.take("*") {
            cursor.skipSpaces()
            self = try Self.untagged(&cursor)
            return
        }
        let tag = String(decoding: try cursor.atom(), as: UTF8.self)
        cursor.skipSpaces()
        guard let condition = Condition(rawValue: try cursor.keyword()), condition != .bye, condition != .preauth else {
            throw cursor.violation("neither OK nor NO nor BAD")
        }
        self = .tagged(tag, try Self.status(condition, &cursor))
    }

    private static func untagged(_ cursor: inout ResponseCursor) throws(HikaeError) -> ServerReply {
        if (0x30...0x39).contains(cursor.peek) {
            let number = try cursor.number32()
            cursor.skipSpaces()
            let word = try cursor.keyword()
            cursor.skipSpaces()
            switch word {
            case "FETCH": return .fetch(try FetchReply(sequence: number, &cursor))
            case "EXISTS": return .exists(number)
            case "EXPUNGE": return .expunged
            default: return .other(word)
            }
        }
        let word = try cursor.keyword()
        cursor.skipSpaces()
        if let condition = Condition(rawValue: word) { return .status(try status(condition, &cursor)) }
        switch word {
        case "CAPABILITY": return .capabilities(words(cursor.rest()))
        case "LIST", "LSUB": return .mailbox(try ListedMailbox(&cursor, isSubscription: word == "LSUB"))
        case "STATUS":
            let name = try cursor.name()
            cursor.skipSpaces()
            return .mailboxStatus(name, try MailboxStatus(&cursor))
        case "NAMESPACE": return .namespaces(try Namespaces(&cursor))
        case "VANISHED":
            if cursor.peek == UInt8(ascii: "(") { try cursor.skipValue() }
            cursor.skipSpaces()
            guard let set = UIDSet(parsing: cursor.rest()) else { throw cursor.violation("no set of UIDs") }
            return .vanished(set)
        case "ID": return .identity(try identity(&cursor))
        default: return .other(word)
        }
    }

    private static func status(_ condition: Condition, _ cursor: inout ResponseCursor) throws(HikaeError) -> Status {
        cursor.skipSpaces()
        var status = Status(condition: condition, text: "")
        if cursor.take("[") {
            var inner = try cursor.upTo("]")
            let name = inner.prefix { $0 != 0x20 }
            inner = inner.dropFirst(name.count + 1)
            status.code = ResponseCursor.upper(name)
            status.codeText = inner
            cursor.skipSpaces()
        }
        status.text = ServerWords.printable(cursor.rest())
        return status
    }

    /// Words between spaces, in upper case.
    static func words(_ text: ArraySlice<UInt8>) -> Set<String> {
        Set(text.split(separator: 0x20).map { ResponseCursor.upper($0) })
    }

    private static func identity(_ cursor: inout ResponseCursor) throws(HikaeError) -> [String: String] {
        guard cursor.peek == UInt8(ascii: "(") else { return [:] }
        var values: [String: String] = [:]
        try cursor.list { cursor throws(HikaeError) in
            let key = String(decoding: try cursor.string(), as: UTF8.self).lowercased()
            cursor.skipSpaces()
            let value = try cursor.nullableString() ?? []
            if values.count < 32 { values[key] = ServerWords.printable(value[...], limit: 100) }
        }
        return values
    }
}

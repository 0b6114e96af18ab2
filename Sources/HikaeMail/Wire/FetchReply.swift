// What FETCH brings: of one message, the things that were asked for.

import HikaeCore

/// One message's part of an answer. What was not sent is nil.
struct FetchReply: Sendable {
    /// Bytes of a message or of a part of it.
    struct Body: Sendable {
        /// Upper case, what stood in the brackets: "" for the whole message.
        var section: String
        /// Where the bytes begin, for a partial fetch.
        var offset: UInt64?
        /// Nil when the server has `NIL`: it cannot read the message.
        var bytes: [UInt8]?
    }

    var sequence: UInt32
    var uid: UInt32?
    var flags: MessageFlags?
    var date: Timestamp?
    var size: UInt64?
    var labels: [String]?
    var body: Body?

    init(sequence: UInt32, _ cursor: inout ResponseCursor) throws(HikaeError) {
        self.sequence = sequence
        var fetched = self
        try cursor.list { cursor throws(HikaeError) in
            let name = try cursor.keyword()
            try fetched.take(name, &cursor)
        }
        self = fetched
    }

    /// The same with what an earlier answer said of the message, where this one says nothing.
    func completed(by earlier: FetchReply?) -> FetchReply {
        guard let earlier else { return self }
        var whole = self
        whole.flags = flags ?? earlier.flags
        whole.date = date ?? earlier.date
        whole.size = size ?? earlier.size
        whole.labels = labels ?? earlier.labels
        whole.body = body ?? earlier.body
        return whole
    }

    private mutating func take(_ name: String, _ cursor: inout ResponseCursor) throws(HikaeError) {
        if cursor.peek == UInt8(ascii: "[") { return try takeBody(name, &cursor) }
        cursor.skipSpaces()
        switch name {
        case "UID":
            let value = try cursor.number32()
            guard value > 0 else { throw cursor.violation("a UID is 0") }
            uid = value
        case "FLAGS":
            var found = MessageFlags()
            try cursor.list { cursor throws(HikaeError) in found.add(try cursor.flag()) }
            found.normalize()
            flags = found
        case "INTERNALDATE":
            guard let time = MessageDate.parse(try cursor.string()) else { throw cursor.violation("no date") }
            date = time
        case "RFC822.SIZE": size = try cursor.number()
        case "X-GM-LABELS":
            var found: [String] = []
            try cursor.list { cursor throws(HikaeError) in
                let isString = cursor.peek == UInt8(ascii: "\"") || cursor.peek == UInt8(ascii: "{")
                let label = isString ? try cursor.string() : Array(try cursor.flag())
                found.append(ModifiedUTF7.decode(label) ?? String(decoding: label, as: UTF8.self))
            }
            labels = found.sorted()
        default: try cursor.skipValue()
        }
    }

    private mutating func takeBody(_ name: String, _ cursor: inout ResponseCursor) throws(HikaeError) {
        try cursor.expect("[")
        let section = ResponseCursor.upper(try cursor.upTo("]"))
        var offset: UInt64?
        if cursor.take("<") {
            offset = try cursor.number()
            try cursor.expect(">")
        }
        cursor.skipSpaces()
        let bytes = try cursor.nullableString()
        if name == "BODY" { body = Body(section: section, offset: offset, bytes: bytes) }
    }
}

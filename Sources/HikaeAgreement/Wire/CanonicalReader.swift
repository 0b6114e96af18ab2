// Reads what CanonicalWriter writes, and nothing else: each count is bounded before anything is taken for it.

public import HikaeCore

/// Takes fields one behind the other. Errors are `.protocolViolation`: the bytes come from a stranger.
public struct CanonicalReader: Sendable {
    private let bytes: [UInt8]
    private var position = 0
    private let thing: StaticString

    /// Throws unless the bytes begin with the domain.
    public init(_ bytes: [UInt8], domain: StaticString, of thing: StaticString) throws(HikaeError) {
        self.bytes = bytes
        self.thing = thing
        let length = domain.utf8CodeUnitCount
        let isOurs =
            bytes.count > length && bytes[length] == 0
            && domain.withUTF8Buffer { bytes.prefix(length).elementsEqual($0) }
        guard isOurs else { throw fault("it is none, or of a version that is not known") }
        position = length + 1
    }

    /// The error "a THING that is none: REASON".
    public func fault(_ reason: String) -> HikaeError {
        HikaeError(.protocolViolation, "what was given as a \(thing) cannot be read: \(reason)")
    }

    private mutating func take(_ count: Int) throws(HikaeError) -> ArraySlice<UInt8> {
        guard count <= bytes.count - position else { throw fault("it ends too early") }
        defer { position += count }
        return bytes[position..<position + count]
    }

    /// A number of 64 bits.
    public mutating func number() throws(HikaeError) -> UInt64 { try take(8).reduce(0) { $0 << 8 | UInt64($1) } }

    /// A count of at most `limit`.
    public mutating func count(atMost limit: Int) throws(HikaeError) -> Int {
        let value = try take(4).reduce(0) { $0 << 8 | Int($1) }
        guard value <= limit else { throw fault("a part of it has \(value) where \(limit) are the most") }
        return value
    }

    /// At most `limit` bytes.
    public mutating func field(atMost limit: Int) throws(HikaeError) -> [UInt8] {
        let length = try count(atMost: limit)
        return Array(try take(length))
    }

    /// A text of at most `limit` bytes: UTF-8, and no control characters but line feeds.
    public mutating func text(atMost limit: Int) throws(HikaeError) -> String {
        let field = try field(atMost: limit)
        guard let text = String(validating: field, as: UTF8.self) else { throw fault("a text that is no UTF-8") }
        guard PlainText.isPlain(text) else { throw fault("a text with control characters") }
        return text
    }

    /// 32 bytes.
    public mutating func identifier<Kind>(_ kind: Kind.Type = Kind.self) throws(HikaeError) -> Identifier<Kind> {
        try Array(take(32)).withBytes { bytes in Identifier(bytes) }
    }

    /// At most `limit` identifiers, in rising order and each once: so that one set has one form.
    public mutating func identifiers<Kind>(atMost limit: Int) throws(HikaeError) -> [Identifier<Kind>] {
        let total = try count(atMost: limit)
        // Looked at before memory is taken: each needs 32 bytes that must be there.
        guard total <= (bytes.count - position) / 32 else { throw fault("it ends too early") }
        var ids: [Identifier<Kind>] = []
        ids.reserveCapacity(total)
        for _ in 0..<total {
            let id = try identifier(Kind.self)
            if let last = ids.last, last >= id { throw fault("a list that is not in order, or names one thing twice") }
            ids.append(id)
        }
        return ids
    }

    /// Refuses anything behind the last field.
    public func finish() throws(HikaeError) {
        guard position == bytes.count else { throw fault("something stands behind its end") }
    }
}

/// Texts that people wrote and that other people's terminals will show.
public enum PlainText {
    /// Whether there is no control character in it but line feeds, and none that turns the writing's direction.
    public static func isPlain(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            switch scalar.value {
            case 0x0A: true
            case 0..<0x20, 0x7F..<0xA0, 0x200B...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: false
            default: true
            }
        }
    }
}

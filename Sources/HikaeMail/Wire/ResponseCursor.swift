// The grammar's small pieces: atoms, numbers, strings, lists. Reads one framed response from left to right.

import HikaeCore

/// Pulls values out of a response. What is not as the grammar has it throws `.protocolViolation`.
struct ResponseCursor {
    /// Lists within lists that are passed over at most.
    static let maximumDepth = 64
    private let text: [UInt8]
    private var literals: [FramedResponse.Literal]
    private var nextLiteral = 0
    private(set) var position = 0

    init(_ response: FramedResponse) {
        text = response.text
        literals = response.literals
    }

    var isAtEnd: Bool { position >= text.count }

    /// The next byte, or 0 at the end.
    var peek: UInt8 { position < text.count ? text[position] : 0 }

    /// Takes `mark` if it comes next.
    mutating func take(_ mark: Unicode.Scalar) -> Bool {
        guard position < text.count, text[position] == UInt8(ascii: mark) else { return false }
        position += 1
        return true
    }

    /// Takes `mark`, which must come next.
    mutating func expect(_ mark: Unicode.Scalar) throws(HikaeError) {
        guard take(mark) else { throw violation("\"\(mark)\" is missing") }
    }

    /// Passes over spaces; servers put too many of them.
    mutating func skipSpaces() { while position < text.count, text[position] == 0x20 { position += 1 } }

    /// A word: everything up to a space, a bracket, a quote or the end; at least one byte.
    mutating func atom() throws(HikaeError) -> ArraySlice<UInt8> {
        let start = position
        while position < text.count, !Self.endsAtom(text[position]) { position += 1 }
        guard position > start else { throw violation("a word is missing") }
        return text[start..<position]
    }

    /// A word in upper case, for those that the protocol knows.
    mutating func keyword() throws(HikaeError) -> String { Self.upper(try atom()) }

    private static func endsAtom(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x00...0x20, 0x7F, 0x22, 0x28, 0x29, 0x5B, 0x5D, 0x7B, 0x3C, 0x3E: true
        default: false
        }
    }

    static func upper(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes.map { (0x61...0x7A).contains($0) ? $0 - 32 : $0 }, as: UTF8.self)
    }

    /// A flag, keyword or label as it stands: what an atom is, and brackets, backslashes and the rest that servers let
    /// into keywords.
    mutating func flag() throws(HikaeError) -> ArraySlice<UInt8> {
        let start = position
        while position < text.count, text[position] > 0x20, text[position] != 0x29, text[position] != 0x28 {
            position += 1
        }
        guard position > start else { throw violation("a flag is missing") }
        return text[start..<position]
    }

    /// A whole number of at most 64 bits.
    mutating func number() throws(HikaeError) -> UInt64 {
        let start = position
        var value: UInt64 = 0
        while position < text.count, (0x30...0x39).contains(text[position]) {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(text[position] - 0x30))
            guard !overflow, !carry else { throw violation("a number is too large") }
            value = sum
            position += 1
        }
        guard position > start else { throw violation("a number is missing") }
        return value
    }

    /// A whole number of at most 32 bits.
    mutating func number32() throws(HikaeError) -> UInt32 {
        guard let value = UInt32(exactly: try number()) else { throw violation("a number is too large") }
        return value
    }

    /// A quoted string or a literal.
    mutating func string() throws(HikaeError) -> [UInt8] {
        if peek == UInt8(ascii: "\"") { return try quoted() }
        _ = take("~")
        guard peek == UInt8(ascii: "{") else { throw violation("a string is missing") }
        guard nextLiteral < literals.count, literals[nextLiteral].mark == position else {
            throw violation("a literal is missing")
        }
        while position < text.count, text[position] != UInt8(ascii: "}") { position += 1 }
        position += 1
        defer { nextLiteral += 1 }
        // Handed out without a copy: a message is large.
        let bytes = literals[nextLiteral].bytes
        literals[nextLiteral].bytes = []
        return bytes
    }

    private mutating func quoted() throws(HikaeError) -> [UInt8] {
        position += 1
        var bytes: [UInt8] = []
        while position < text.count {
            let byte = text[position]
            position += 1
            if byte == UInt8(ascii: "\"") { return bytes }
            if byte == UInt8(ascii: "\\"), position < text.count {
                bytes.append(text[position])
                position += 1
            } else {
                bytes.append(byte)
            }
        }
        throw violation("a quotation has no end")
    }

    /// A string, or nil for `NIL`.
    mutating func nullableString() throws(HikaeError) -> [UInt8]? {
        if peek == UInt8(ascii: "\"") || peek == UInt8(ascii: "{") || peek == UInt8(ascii: "~") { return try string() }
        guard try keyword() == "NIL" else { throw violation("neither a string nor NIL") }
        return nil
    }

    /// A string, or a word that needs no quotes: a mailbox's name. Servers leave brackets and more unquoted.
    mutating func name() throws(HikaeError) -> [UInt8] {
        if peek == UInt8(ascii: "\"") || peek == UInt8(ascii: "{") || peek == UInt8(ascii: "~") { return try string() }
        let start = position
        while position < text.count, text[position] > 0x20 { position += 1 }
        guard position > start else { throw violation("a name is missing") }
        return Array(text[start..<position])
    }

    /// Calls `element` for each element of a list.
    mutating func list(_ element: (inout ResponseCursor) throws(HikaeError) -> Void) throws(HikaeError) {
        try expect("(")
        skipSpaces()
        while !take(")") {
            let before = position
            try element(&self)
            skipSpaces()
            guard position > before else { throw violation("a list has no end") }
        }
    }

    /// Passes over one value, whatever it is.
    mutating func skipValue(depth: Int = 0) throws(HikaeError) {
        guard depth < Self.maximumDepth else { throw violation("lists are nested too deeply") }
        switch peek {
        case UInt8(ascii: "("):
            try list { cursor throws(HikaeError) in try cursor.skipValue(depth: depth + 1) }
        case UInt8(ascii: "\""), UInt8(ascii: "{"): _ = try string()
        default:
            if peek == UInt8(ascii: "~"), position + 1 < text.count, text[position + 1] == UInt8(ascii: "{") {
                _ = try string()
            } else {
                _ = try flag()
            }
        }
    }

    /// Everything up to `mark`, which is taken too.
    mutating func upTo(_ mark: Unicode.Scalar) throws(HikaeError) -> ArraySlice<UInt8> {
        guard let end = text[position...].firstIndex(of: UInt8(ascii: mark)) else {
            throw violation("\"\(mark)\" is missing")
        }
        defer { position = end + 1 }
        return text[position..<end]
    }

    /// Everything that is left.
    mutating func rest() -> ArraySlice<UInt8> {
        defer { position = text.count }
        return text[min(position, text.count)...]
    }

    /// The error for a response that is not as it must be, with the beginning of its text.
    func violation(_ what: String) -> HikaeError {
        HikaeError(
            .protocolViolation, "the server's answer makes no sense, \(what): \(ServerWords.printable(text[...]))")
    }
}

/// What a server says in words, made fit to be shown.
enum ServerWords {
    /// The beginning of the text, with control characters replaced.
    static func printable(_ bytes: ArraySlice<UInt8>, limit: Int = 200) -> String {
        var shown = String.UnicodeScalarView()
        for scalar in String(decoding: bytes.prefix(limit), as: UTF8.self).unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            let isInvisible = [.format, .lineSeparator, .paragraphSeparator].contains(
                scalar.properties.generalCategory)
            shown.append(isControl || isInvisible ? "\u{FFFD}" : scalar)
        }
        return String(shown) + (bytes.count > limit ? "…" : "")
    }
}

// Strings of JSON: found eight bytes at a time, unescaped as Go's decoder does.

public import HikaeCore

/// Where a string's characters stand in the document.
struct JSONStringSpan {
    var start: Int
    var end: Int
    var hasEscapes = false
    var hasHighBytes = false

    var isPlain: Bool { !hasEscapes && !hasHighBytes }
}

extension JSONReader {
    /// A string's UTF-8; invalid UTF-8 and lone surrogates become U+FFFD.
    public mutating func string() throws(HikaeError) -> [UInt8] {
        try expect("\"", "no string where one must be")
        return try plainBytes(try scanString())
    }

    /// A string as text.
    @inline(__always)
    public mutating func text() throws(HikaeError) -> String {
        try expect("\"", "no string where one must be")
        let span = try scanString()
        if span.isPlain {
            return String(
                decoding: UnsafeBufferPointer(start: pointer(span.start), count: span.end - span.start), as: UTF8.self)
        }
        return String(decoding: try plainBytes(span), as: UTF8.self)
    }

    /// A string of base64, decoded.
    public mutating func base64() throws(HikaeError) -> [UInt8] {
        guard let value = Base64.decode(try string()) else { throw fault("no base64 where it must be") }
        return value
    }

    /// A string of 64 hexadecimal digits.
    @inline(__always)
    public mutating func identifier<Kind>(_ kind: Kind.Type = Kind.self) throws(HikaeError) -> Identifier<Kind> {
        try expect("\"", "no ID where one must be")
        guard bytes.count - position > 64, bytes[position + 64] == UInt8(ascii: "\""),
            let id = HexWords.identifier(pointer(position), as: kind)
        else { throw fault("no ID where one must be") }
        position += 65
        return id
    }

    /// Finds the end of a string whose opening quote was taken, and takes the closing one.
    @inline(__always)
    mutating func scanString() throws(HikaeError) -> JSONStringSpan {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        var span = JSONStringSpan(start: position, end: position)
        var high: UInt64 = 0
        while true {
            guard bytes.count - position >= 8 else { break }
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            let quote = word ^ ones &* 0x22
            let escape = word ^ ones &* 0x5C
            // The lowest marked byte is a true one: borrows only run upwards.
            let stop =
                ((quote &- ones) & ~quote | (escape &- ones) & ~escape | (word &- ones &* 0x20) & ~word) & highs
            if stop == 0 {
                high |= word & highs
                position += 8
                continue
            }
            let index = stop.trailingZeroBitCount >> 3
            high |= word & highs & ((1 << UInt64(index * 8)) &- 1)
            position += index
            if try takeStringStop(&span) {
                span.hasHighBytes = high != 0
                return span
            }
        }
        while position < bytes.count {
            let byte = bytes[position]
            if byte == 0x22 || byte == 0x5C || byte < 0x20 {
                if try takeStringStop(&span) {
                    span.hasHighBytes = high != 0
                    return span
                }
                continue
            }
            high |= UInt64(byte & 0x80)
            position += 1
        }
        throw fault("an unexpected end")
    }

    /// Takes a closing quote (true) or an escape's two first bytes (false).
    @inline(__always)
    private mutating func takeStringStop(_ span: inout JSONStringSpan) throws(HikaeError) -> Bool {
        let byte = bytes[position]
        if byte == UInt8(ascii: "\"") {
            span.end = position
            position += 1
            return true
        }
        guard byte == UInt8(ascii: "\\") else { throw fault("a control character in a string") }
        guard bytes.count - position >= 2 else { throw fault("an unexpected end") }
        span.hasEscapes = true
        position += 2
        return false
    }

    /// The characters of a string, unescaped and made valid UTF-8.
    @inline(__always)
    func plainBytes(_ span: JSONStringSpan) throws(HikaeError) -> [UInt8] {
        let characters = UnsafeBufferPointer(start: pointer(span.start), count: span.end - span.start)
        if !span.hasEscapes, !span.hasHighBytes || UTF8Scan.isValid(characters) { return Array(characters) }
        guard let bytes = JSONEscape.unescaped(characters) else { throw fault("a broken escape in a string") }
        return bytes
    }
}

extension JSONEscape {
    /// What the characters of a string mean, made valid UTF-8; nil when an escape is broken.
    @inline(never)
    static func unescaped(_ characters: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(characters.count)
        var index = 0
        while index < characters.count {
            // Everything up to the next escape in one piece.
            var end = index
            while end < characters.count, characters[end] != UInt8(ascii: "\\") { end += 1 }
            UTF8Scan.appendRepaired(UnsafeBufferPointer(rebasing: characters[index..<end]), to: &result)
            index = end
            guard index + 1 < characters.count else { break }
            let mark = characters[index + 1]
            index += 2
            switch mark {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(mark)
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0C)
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "u"):
                guard let scalar = scalar(characters, &index) else { return nil }
                UTF8Scan.append(scalar, to: &result)
            default: return nil
            }
        }
        return result
    }

    /// The scalar whose `\u` was taken, with the low surrogate that belongs to it; a lone surrogate stays one.
    private static func scalar(_ characters: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> UInt32? {
        guard let unit = hexUnit(characters, index) else { return nil }
        index += 4
        guard (0xD800...0xDBFF).contains(unit), index + 1 < characters.count,
            characters[index] == UInt8(ascii: "\\"), characters[index + 1] == UInt8(ascii: "u"),
            let low = hexUnit(characters, index + 2), (0xDC00...0xDFFF).contains(low)
        else { return unit }
        index += 6
        return 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
    }

    private static func hexUnit(_ characters: UnsafeBufferPointer<UInt8>, _ index: Int) -> UInt32? {
        guard characters.count - index >= 4 else { return nil }
        var value: UInt32 = 0
        for offset in 0..<4 {
            guard let digit = Hex.value(characters[index + offset]) else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}

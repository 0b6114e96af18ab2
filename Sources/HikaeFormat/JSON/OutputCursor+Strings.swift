// Strings through the cursor, escaped as Go's encoding/json (of Go 1.19, which restic 0.14 was built with) does.

import HikaeCore

/// Which bytes of a string JSON writes as they are.
enum JSONEscape {
    /// Printable ASCII without `"`, `&`, `<`, `>` and `\`: two words of flags, by byte.
    private static let low: UInt64 = 0xAFFF_FFBB_0000_0000
    private static let high: UInt64 = 0xFFFF_FFFF_EFFF_FFFF

    /// Whether the byte stands for itself. 0x7F does; bytes above it need a look at the sequence.
    @inline(__always)
    static func isPlain(_ byte: UInt8) -> Bool {
        byte < 0x80 && ((byte < 64 ? low : high) >> UInt64(byte & 63)) & 1 == 1
    }

    /// At most so many bytes are written for one byte of a string.
    static let growth = 6
}

extension OutputCursor {
    /// A string in quotes. Reserve `JSONEscape.growth` bytes a byte, and two.
    @inline(__always)
    mutating func put(string bytes: UnsafeBufferPointer<UInt8>) {
        put(UInt8(ascii: "\""))
        var index = 0
        while index < bytes.count, JSONEscape.isPlain(bytes[index]) { index += 1 }
        if index == bytes.count {
            put(bytes)
        } else {
            putEscaped(bytes)
        }
        put(UInt8(ascii: "\""))
    }

    @inline(__always)
    mutating func put(string bytes: [UInt8]) {
        bytes.withUnsafeBufferPointer { put(string: $0) }
    }

    @inline(__always)
    mutating func put(string text: String) {
        var text = text
        text.withUTF8 { put(string: $0) }
    }

    /// A string's characters, without quotes.
    @inline(never)
    mutating func putEscaped(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let base = bytes.baseAddress else { return }
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte < 0x80 {
                putEscaped(ascii: byte)
                index += 1
                continue
            }
            let (scalar, length) = UTF8Scan.scalar(base + index, bytes.count - index)
            switch scalar {
            case nil: put("\\ufffd")
            case 0x2028: put("\\u2028")
            case 0x2029: put("\\u2029")
            default: put(UnsafeBufferPointer(start: base + index, count: length))
            }
            index += length
        }
    }

    @inline(__always)
    mutating func putEscaped(ascii byte: UInt8) {
        if JSONEscape.isPlain(byte) {
            put(byte)
            return
        }
        switch byte {
        case UInt8(ascii: "\""): put("\\\"")
        case UInt8(ascii: "\\"): put("\\\\")
        case 0x0A: put("\\n")
        case 0x0D: put("\\r")
        case 0x09: put("\\t")
        default:
            put("\\u00")
            put(hexDigit(byte >> 4))
            put(hexDigit(byte & 15))
        }
    }

    @inline(__always)
    private func hexDigit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 + nibble : 0x57 + nibble }
}

extension Array where Element == UInt8 {
    /// Appends at most `capacity` bytes that `body` writes through a cursor.
    @inline(__always)
    mutating func appendThroughCursor(capacity: Int, _ body: (inout OutputCursor) -> Void) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Swift.max(capacity, 1)) { memory in
            guard let start = memory.baseAddress else { return }
            var cursor = OutputCursor(start, capacity: memory.count)
            body(&cursor)
            append(contentsOf: UnsafeBufferPointer(start: start, count: cursor.next - start))
        }
    }
}

// Node names go through Go's strconv.Quote before they go into JSON, so that any bytes survive.

import HikaeCore

enum QuotedName {
    /// Writes `name` quoted as Go does and then escaped for JSON, in quotes. Reserve `growth` bytes a byte, and two.
    @inline(__always)
    static func put(_ name: [UInt8], _ cursor: inout OutputCursor) {
        name.withUnsafeBufferPointer { bytes in
            cursor.put(UInt8(ascii: "\""))
            var index = 0
            // 0x7F stands for itself in JSON but not here.
            while index < bytes.count, JSONEscape.isPlain(bytes[index]), bytes[index] != 0x7F { index += 1 }
            if index == bytes.count {
                cursor.put(bytes)
            } else {
                putQuoted(bytes, &cursor)
            }
            cursor.put(UInt8(ascii: "\""))
        }
    }

    /// At most so many bytes are written for one byte of a name.
    static let growth = 7

    @inline(never)
    private static func putQuoted(_ bytes: UnsafeBufferPointer<UInt8>, _ cursor: inout OutputCursor) {
        guard let base = bytes.baseAddress else { return }
        var index = 0
        while index < bytes.count {
            let (scalar, length) = UTF8Scan.scalar(base + index, bytes.count - index)
            let byte = bytes[index]
            switch scalar {
            case nil: putHex(UInt32(byte), mark: "x", digits: 2, &cursor)
            case UInt32(UInt8(ascii: "\"")): cursor.put("\\\\\\\"")
            case UInt32(UInt8(ascii: "\\")): cursor.put("\\\\\\\\")
            case .some(0x20..<0x7F): cursor.putEscaped(ascii: byte)
            case 0x07: cursor.put("\\\\a")
            case 0x08: cursor.put("\\\\b")
            case 0x0C: cursor.put("\\\\f")
            case 0x0A: cursor.put("\\\\n")
            case 0x0D: cursor.put("\\\\r")
            case 0x09: cursor.put("\\\\t")
            case 0x0B: cursor.put("\\\\v")
            case .some(0..<0x80): putHex(UInt32(byte), mark: "x", digits: 2, &cursor)
            case .some(let value):
                if Printable.contains(value) {
                    cursor.put(UnsafeBufferPointer(start: base + index, count: length))
                } else if value < 0x10000 {
                    putHex(value, mark: "u", digits: 4, &cursor)
                } else {
                    putHex(value, mark: "U", digits: 8, &cursor)
                }
            }
            index += length
        }
    }

    /// `\xNN` and its like; the backslash itself is escaped for JSON.
    private static func putHex(
        _ value: UInt32, mark: Unicode.Scalar, digits: UInt32, _ cursor: inout OutputCursor
    ) {
        cursor.put("\\\\")
        cursor.put(UInt8(ascii: mark))
        for index in (0..<digits).reversed() {
            let nibble = UInt8(truncatingIfNeeded: value >> (index * 4) & 15)
            cursor.put(nibble < 10 ? 0x30 + nibble : 0x57 + nibble)
        }
    }

    /// What Go's strconv.Unquote makes of the text between quotes; nil when it refuses it.
    static func unquote(_ text: [UInt8]) -> [UInt8]? {
        guard text.contains(where: { $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\"") || $0 == 0x0A }) else {
            return text
        }
        var name: [UInt8] = []
        name.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            let byte = text[index]
            index += 1
            guard byte != UInt8(ascii: "\""), byte != 0x0A else { return nil }
            guard byte == UInt8(ascii: "\\") else {
                name.append(byte)
                continue
            }
            guard index < text.count else { return nil }
            let mark = text[index]
            index += 1
            switch mark {
            case UInt8(ascii: "a"): name.append(0x07)
            case UInt8(ascii: "b"): name.append(0x08)
            case UInt8(ascii: "f"): name.append(0x0C)
            case UInt8(ascii: "n"): name.append(0x0A)
            case UInt8(ascii: "r"): name.append(0x0D)
            case UInt8(ascii: "t"): name.append(0x09)
            case UInt8(ascii: "v"): name.append(0x0B)
            case UInt8(ascii: "\\"), UInt8(ascii: "\""): name.append(mark)
            case UInt8(ascii: "x"):
                guard let value = number(text, &index, digits: 2) else { return nil }
                name.append(UInt8(value))
            case UInt8(ascii: "u"):
                guard let value = number(text, &index, digits: 4), Unicode.Scalar(value) != nil else { return nil }
                UTF8Scan.append(value, to: &name)
            case UInt8(ascii: "U"):
                guard let value = number(text, &index, digits: 8), Unicode.Scalar(value) != nil else { return nil }
                UTF8Scan.append(value, to: &name)
            case UInt8(ascii: "0")...UInt8(ascii: "7"):
                guard let value = octal(text, &index) else { return nil }
                name.append(value)
            default: return nil
            }
        }
        return name
    }

    private static func number(_ text: [UInt8], _ index: inout Int, digits: Int) -> UInt32? {
        guard text.count - index >= digits else { return nil }
        var value: UInt32 = 0
        for _ in 0..<digits {
            guard let digit = Hex.value(text[index]) else { return nil }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }

    /// Three octal digits, the first taken already.
    private static func octal(_ text: [UInt8], _ index: inout Int) -> UInt8? {
        guard text.count - index >= 2 else { return nil }
        var value = 0
        for position in (index - 1)...(index + 1) {
            guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(text[position]) else { return nil }
            value = value * 8 + Int(text[position] - UInt8(ascii: "0"))
        }
        index += 2
        return UInt8(exactly: value)
    }
}

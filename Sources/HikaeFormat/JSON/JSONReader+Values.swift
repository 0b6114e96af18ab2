// Numbers, literals, times and skipping.

public import HikaeCore

extension JSONReader {
    /// Takes `null` if it is next. Go leaves a field as it was for `null`, whatever its type.
    @inline(__always)
    public mutating func takeNull() throws(HikaeError) -> Bool {
        guard try peek() == UInt8(ascii: "n") else { return false }
        try literal("null")
        return true
    }

    /// A whole number of at most 64 bits.
    @inline(__always)
    public mutating func unsigned() throws(HikaeError) -> UInt64 {
        let first = try peek()
        guard first >= 0x30, first <= 0x39 else { throw fault("no whole number where one must be") }
        let start = position
        var value: UInt64 = 0
        while position < bytes.count {
            let digit = bytes[position] &- 0x30
            guard digit < 10 else { break }
            // 19 digits always fit; only beyond them is overflow possible.
            if position - start < 19 {
                value = value &* 10 &+ UInt64(digit)
            } else {
                let (product, overflow) = value.multipliedReportingOverflow(by: 10)
                let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
                guard !overflow, !carry else { throw fault("too large a number") }
                value = sum
            }
            position += 1
        }
        guard first != 0x30 || position - start == 1 else { throw fault("a number with leading zeros") }
        if position < bytes.count {
            let next = bytes[position]
            guard next != UInt8(ascii: "."), next | 0x20 != UInt8(ascii: "e") else {
                throw fault("a fraction where a whole number must be")
            }
        }
        return value
    }

    /// A whole number of at most 32 bits.
    @inline(__always)
    public mutating func unsigned32() throws(HikaeError) -> UInt32 {
        guard let value = UInt32(exactly: try unsigned()) else { throw fault("too large a number") }
        return value
    }

    /// A whole number, perhaps negative.
    public mutating func signed() throws(HikaeError) -> Int64 {
        guard try peek() == UInt8(ascii: "-") else {
            guard let value = Int64(exactly: try unsigned()) else { throw fault("too large a number") }
            return value
        }
        position += 1
        guard position < bytes.count, (0x30...0x39).contains(bytes[position]) else {
            throw fault("no whole number where one must be")
        }
        let magnitude = try unsigned()
        guard magnitude <= UInt64(Int64.max) + 1 else { throw fault("too large a number") }
        return Int64(truncatingIfNeeded: 0 &- magnitude)
    }

    /// `true` or `false`.
    public mutating func bool() throws(HikaeError) -> Bool {
        if try peek() == UInt8(ascii: "t") {
            try literal("true")
            return true
        }
        try literal("false")
        return false
    }

    /// A string of RFC 3339.
    @inline(__always)
    public mutating func time() throws(HikaeError) -> Timestamp {
        try expect("\"", "no time where one must be")
        let span = try scanString()
        let characters = UnsafeBufferPointer(start: pointer(span.start), count: span.end - span.start)
        guard let time = TimeText.parse(characters) else { throw fault("no time where one must be") }
        return time
    }

    /// Passes over the next value, whatever it is.
    public mutating func skip() throws(HikaeError) {
        switch try peek() {
        case UInt8(ascii: "\""):
            position += 1
            _ = try scanString()
        case UInt8(ascii: "{"):
            try beginObject()
            while try nextKey() != nil { try skip() }
        case UInt8(ascii: "["):
            try beginArray()
            while try nextElement() { try skip() }
        case UInt8(ascii: "t"): try literal("true")
        case UInt8(ascii: "f"): try literal("false")
        case UInt8(ascii: "n"): try literal("null")
        default: try skipNumber()
        }
    }

    /// The next value's own bytes, unchanged.
    public mutating func rawValue() throws(HikaeError) -> [UInt8] {
        _ = try peek()
        let start = position
        try skip()
        return Array(UnsafeBufferPointer(start: pointer(start), count: position - start))
    }

    private mutating func literal(_ word: StaticString) throws(HikaeError) {
        let count = word.utf8CodeUnitCount
        guard bytes.count - position >= count else { throw fault("an unexpected end") }
        for index in 0..<count where bytes[position + index] != word.utf8Start[index] {
            throw fault("an unexpected value")
        }
        position += count
    }

    private mutating func skipNumber() throws(HikaeError) {
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        guard position < bytes.count, (0x30...0x39).contains(bytes[position]) else {
            throw fault("an unexpected value")
        }
        while position < bytes.count {
            switch bytes[position] {
            case 0x30...0x39, UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "+"),
                UInt8(ascii: "-"):
                position += 1
            default: return
            }
        }
    }
}

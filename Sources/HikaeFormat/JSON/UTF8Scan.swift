// UTF-8 as Go's unicode/utf8 sees it: one invalid byte at a time. No Unicode tables here.

/// Go-compatible walks over UTF-8.
enum UTF8Scan {
    /// The scalar at the start of `bytes`, which must not be empty, and its length; nil scalar and length 1 when the
    /// first byte starts no valid sequence.
    static func scalar(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> (value: UInt32?, length: Int) {
        let first = UInt32(bytes[0])
        if first < 0x80 { return (first, 1) }
        guard first >= 0xC2, first <= 0xF4, count >= 2 else { return (nil, 1) }
        let second = UInt32(bytes[1])
        guard second & 0xC0 == 0x80 else { return (nil, 1) }
        if first < 0xE0 { return ((first & 0x1F) << 6 | second & 0x3F, 2) }
        guard count >= 3 else { return (nil, 1) }
        let third = UInt32(bytes[2])
        guard third & 0xC0 == 0x80 else { return (nil, 1) }
        if first < 0xF0 {
            let value = (first & 0x0F) << 12 | (second & 0x3F) << 6 | third & 0x3F
            guard value >= 0x800, !(0xD800...0xDFFF).contains(value) else { return (nil, 1) }
            return (value, 3)
        }
        guard count >= 4 else { return (nil, 1) }
        let fourth = UInt32(bytes[3])
        guard fourth & 0xC0 == 0x80 else { return (nil, 1) }
        let value = (first & 0x07) << 18 | (second & 0x3F) << 12 | (third & 0x3F) << 6 | fourth & 0x3F
        guard (0x10000...0x10FFFF).contains(value) else { return (nil, 1) }
        return (value, 4)
    }

    /// Whether all of `bytes` is valid UTF-8.
    static func isValid(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let base = bytes.baseAddress else { return true }
        var position = 0
        while position < bytes.count {
            if base[position] < 0x80 {
                position += 1
                continue
            }
            let (value, length) = scalar(base + position, bytes.count - position)
            guard value != nil else { return false }
            position += length
        }
        return true
    }

    static func isValid(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBufferPointer { isValid($0) } }

    /// Appends `bytes`, each invalid byte replaced by U+FFFD, as Go's JSON decoder does.
    static func appendRepaired(_ bytes: UnsafeBufferPointer<UInt8>, to result: inout [UInt8]) {
        guard let base = bytes.baseAddress else { return }
        var position = 0
        while position < bytes.count {
            let (value, length) = scalar(base + position, bytes.count - position)
            if value == nil {
                result.append(contentsOf: [0xEF, 0xBF, 0xBD])
            } else {
                result.append(contentsOf: UnsafeBufferPointer(start: base + position, count: length))
            }
            position += length
        }
    }

    /// Appends one scalar value as UTF-8; what is no scalar value becomes U+FFFD.
    static func append(_ value: UInt32, to result: inout [UInt8]) {
        switch value {
        case 0..<0x80: result.append(UInt8(value))
        case 0x80..<0x800:
            result.append(UInt8(0xC0 | value >> 6))
            result.append(UInt8(0x80 | value & 0x3F))
        case 0xD800...0xDFFF, 0x110000...:
            result.append(contentsOf: [0xEF, 0xBF, 0xBD])
        case 0x800..<0x10000:
            result.append(UInt8(0xE0 | value >> 12))
            result.append(UInt8(0x80 | value >> 6 & 0x3F))
            result.append(UInt8(0x80 | value & 0x3F))
        default:
            result.append(UInt8(0xF0 | value >> 18))
            result.append(UInt8(0x80 | value >> 12 & 0x3F))
            result.append(UInt8(0x80 | value >> 6 & 0x3F))
            result.append(UInt8(0x80 | value & 0x3F))
        }
    }
}

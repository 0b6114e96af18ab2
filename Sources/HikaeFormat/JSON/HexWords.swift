// Hexadecimal identifiers eight digits at a time. The generic Identifier.init(hex:) is too slow for indexes.

import HikaeCore

enum HexWords {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highs: UInt64 = 0x8080_8080_8080_8080

    /// The four bytes that eight hexadecimal digits (either case) stand for, first digit most significant; nil when
    /// one is none. `digits` holds the text as loaded, first digit in the lowest byte.
    @inline(__always)
    static func half(_ digits: UInt64) -> UInt32? {
        let lower = digits | ones &* 0x20
        let isDigit = (digits &+ ones &* 0x50) & ~(digits &+ ones &* 0x46)
        let isLetter = (lower &+ ones &* 0x1F) & ~(lower &+ ones &* 0x19)
        // A byte above 0x7F would carry into its neighbour: refused before the two masks are believed.
        guard digits & highs == 0, (isDigit | isLetter) & highs == highs else { return nil }
        var nibbles = (digits & (ones &* 0x0F)) &+ (digits >> 6 & ones) &* 9
        nibbles = (nibbles << 4 | nibbles >> 8) & 0x00FF_00FF_00FF_00FF
        nibbles = (nibbles | nibbles >> 8) & 0x0000_FFFF_0000_FFFF
        return UInt32(truncatingIfNeeded: nibbles | nibbles >> 16).byteSwapped
    }

    /// The word that the sixteen digits at `text` stand for, or nil.
    @inline(__always)
    static func word(_ text: UnsafeRawPointer) -> UInt64? {
        guard let high = half(UInt64(littleEndian: text.loadUnaligned(as: UInt64.self))),
            let low = half(UInt64(littleEndian: text.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        else { return nil }
        return UInt64(high) << 32 | UInt64(low)
    }

    /// The identifier that the 64 digits at `text` stand for, or nil. Reads exactly 64 bytes.
    @inline(__always)
    static func identifier<Kind>(_ text: UnsafeRawPointer, as _: Kind.Type) -> Identifier<Kind>? {
        guard let w0 = word(text), let w1 = word(text + 16), let w2 = word(text + 32), let w3 = word(text + 48)
        else { return nil }
        return Identifier(words: w0, w1, w2, w3)
    }

    /// Eight lower-case digits of the upper 32 bits of `value`, first digit in the lowest byte.
    @inline(__always)
    private static func digits(_ value: UInt32) -> UInt64 {
        var spread = UInt64(value.byteSwapped)
        spread = (spread | spread << 16) & 0x0000_FFFF_0000_FFFF
        spread = (spread | spread << 8) & 0x00FF_00FF_00FF_00FF
        let nibbles = (spread >> 4 | spread << 8) & (ones &* 0x0F)
        // 0x30 for a digit, 0x57 for a letter: bit 4 of nibble + 6 says which.
        let letters = (nibbles &+ ones &* 6) >> 4 & ones
        return nibbles &+ ones &* 0x30 &+ letters &* 0x27
    }

    /// Writes the 16 lower-case digits of `word` at `text`.
    @inline(__always)
    static func write(_ word: UInt64, at text: UnsafeMutableRawPointer) {
        text.storeBytes(of: digits(UInt32(truncatingIfNeeded: word >> 32)).littleEndian, as: UInt64.self)
        text.storeBytes(
            of: digits(UInt32(truncatingIfNeeded: word)).littleEndian, toByteOffset: 8, as: UInt64.self)
    }

    /// Writes the 64 digits of `id` at `text`.
    @inline(__always)
    static func write<Kind>(_ id: Identifier<Kind>, at text: UnsafeMutableRawPointer) {
        write(id.w0, at: text)
        write(id.w1, at: text + 16)
        write(id.w2, at: text + 32)
        write(id.w3, at: text + 48)
    }
}

// Which characters Go's strconv.IsPrint calls printable. Node names depend on it, and so do tree IDs.

/// Go's idea of a printable character, as in Go 1.19 (Unicode 13), which Debian's restic 0.14 was built with.
enum Printable {
    /// Characters assigned by later versions of Unicode are escaped, as restic 0.14 does.
    private static let unicodeMajor = 13

    /// One bit for each character of the basic plane: looked up for every character that is no ASCII.
    private static let basicPlane: [UInt64] = {
        var bits = [UInt64](repeating: 0, count: 1024)
        for value in UInt32(0)..<0x10000 where isPrintableByProperties(value) {
            bits[Int(value >> 6)] |= 1 << UInt64(value & 63)
        }
        return bits
    }()

    /// Letters, marks, numbers, punctuation, symbols and the ASCII space.
    static func contains(_ value: UInt32) -> Bool {
        if value < 0x10000 { return basicPlane[Int(value >> 6)] >> UInt64(value & 63) & 1 == 1 }
        return isPrintableByProperties(value)
    }

    private static func isPrintableByProperties(_ value: UInt32) -> Bool {
        if value == 0x20 { return true }
        guard let scalar = Unicode.Scalar(value), let age = scalar.properties.age, age.major <= unicodeMajor else {
            return false
        }
        return switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            false
        default: true
        }
    }
}

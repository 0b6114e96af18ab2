// POSIX access lists: from the bytes that Linux keeps in an attribute to the text that tar archives carry.

/// An access list as text.
enum AccessList {
    /// `user::rw-`, `group:39:r-x` and so on, a line each, or nil when the bytes are no list of version 2.
    static func text(_ value: [UInt8]) -> [UInt8]? {
        guard value.count >= 4, (value.count - 4).isMultiple(of: 8), number(value, 0, 4) == 2 else { return nil }
        var text = ""
        for entry in stride(from: 4, to: value.count, by: 8) {
            let id = String(number(value, entry + 4, 4))
            switch number(value, entry, 2) {
            case 0x01: text += "user::"
            case 0x02: text += "user:\(id):"
            case 0x04: text += "group::"
            case 0x08: text += "group:\(id):"
            case 0x10: text += "mask::"
            case 0x20: text += "other::"
            default: return nil
            }
            let rights = number(value, entry + 2, 2)
            text += rights & 4 != 0 ? "r" : "-"
            text += rights & 2 != 0 ? "w" : "-"
            text += rights & 1 != 0 ? "x" : "-"
            text += "\n"
        }
        return Array(text.utf8)
    }

    /// A little-endian number.
    private static func number(_ bytes: [UInt8], _ offset: Int, _ width: Int) -> UInt32 {
        (0..<width).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
    }
}

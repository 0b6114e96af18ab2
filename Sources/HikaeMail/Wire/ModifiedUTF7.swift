// Mailbox names: modified UTF-7 (RFC 3501, 5.1.3), both ways.

import HikaeFormat

/// The encoding in which servers name mailboxes.
enum ModifiedUTF7 {
    /// The name at the server.
    static func encode(_ name: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var units: [UInt16] = []
        func flush(_ bytes: inout [UInt8], _ units: inout [UInt16]) {
            guard !units.isEmpty else { return }
            let wide = units.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }
            bytes.append(UInt8(ascii: "&"))
            for byte in Base64.encode(wide) where byte != UInt8(ascii: "=") {
                bytes.append(byte == UInt8(ascii: "/") ? UInt8(ascii: ",") : byte)
            }
            bytes.append(UInt8(ascii: "-"))
            units = []
        }
        for unit in name.utf16 {
            guard (0x20...0x7E).contains(unit) else {
                units.append(unit)
                continue
            }
            flush(&bytes, &units)
            bytes.append(UInt8(unit))
            if unit == 0x26 { bytes.append(UInt8(ascii: "-")) }
        }
        flush(&bytes, &units)
        return bytes
    }

    /// The name for people; nil when the bytes are not what `encode` makes of any name.
    static func decode(_ bytes: [UInt8]) -> String? {
        var units: [UInt16] = []
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            guard byte == UInt8(ascii: "&") else {
                guard (0x20...0x7E).contains(byte) else { return nil }
                units.append(UInt16(byte))
                index += 1
                continue
            }
            guard let end = bytes[index...].firstIndex(of: UInt8(ascii: "-")) else { return nil }
            if end == index + 1 {
                units.append(0x26)
            } else {
                var coded = bytes[index + 1..<end].map { $0 == UInt8(ascii: ",") ? UInt8(ascii: "/") : $0 }
                while !coded.count.isMultiple(of: 4) { coded.append(UInt8(ascii: "=")) }
                guard let wide = Base64.decode(coded), wide.count.isMultiple(of: 2) else { return nil }
                for pair in stride(from: 0, to: wide.count, by: 2) {
                    units.append(UInt16(wide[pair]) << 8 | UInt16(wide[pair + 1]))
                }
            }
            index = end + 1
        }
        guard let name = String(validating: units, as: UTF16.self), encode(name) == bytes else { return nil }
        return name
    }
}

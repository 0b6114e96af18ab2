// CRC-32 as zip has it, eight bytes at a time.

/// A CRC-32 that grows.
struct Checksum32 {
    private var state: UInt32 = .max

    /// The checksum of what was added.
    var value: UInt32 { ~state }

    mutating func add(_ bytes: [UInt8]) {
        var crc = state
        Self.tables.withUnsafeBufferPointer { tables in
            bytes.withUnsafeBytes { bytes in
                var index = 0
                while index + 8 <= bytes.count {
                    let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                    let mixed = word ^ UInt64(crc)
                    var next: UInt32 = 0
                    for byte in 0..<8 {
                        next ^= tables[(7 - byte) << 8 | Int(mixed >> UInt64(8 * byte) & 0xFF)]
                    }
                    crc = next
                    index += 8
                }
                while index < bytes.count {
                    crc = crc >> 8 ^ tables[Int((crc ^ UInt32(bytes[index])) & 0xFF)]
                    index += 1
                }
            }
        }
        state = crc
    }

    /// Table k gives the effect of a byte that k more bytes follow.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var value = UInt32(byte)
            for _ in 0..<8 { value = value >> 1 ^ (value & 1 == 1 ? 0xEDB8_8320 : 0) }
            tables[byte] = value
        }
        for index in 256..<tables.count {
            let before = tables[index - 256]
            tables[index] = before >> 8 ^ tables[Int(before & 0xFF)]
        }
        return tables
    }()
}

// Puts packets together, one behind the other, in a buffer that is sent.

/// Appends packets to bytes that wait to be sent.
struct PacketWriter {
    private(set) var bytes: [UInt8] = []
    private var start = 0

    var isEmpty: Bool { bytes.isEmpty }

    /// Begins a packet; its length is filled in by `end`.
    mutating func begin(_ type: UInt8) {
        start = bytes.count
        uint32(0)
        bytes.append(type)
    }

    /// Ends the packet begun last.
    mutating func end() {
        let length = UInt32(bytes.count - start - 4)
        for place in 0..<4 { bytes[start + place] = UInt8(truncatingIfNeeded: length >> UInt32(24 - 8 * place)) }
    }

    mutating func uint32(_ value: UInt32) { withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) } }

    mutating func uint64(_ value: UInt64) { withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) } }

    mutating func string(_ value: [UInt8]) {
        uint32(UInt32(value.count))
        bytes.append(contentsOf: value)
    }

    mutating func string(_ value: StaticString) {
        uint32(UInt32(value.utf8CodeUnitCount))
        value.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    mutating func string(_ value: UnsafeRawBufferPointer) {
        uint32(UInt32(value.count))
        bytes.append(contentsOf: value)
    }

    /// Drops the first `count` bytes: they were sent.
    mutating func drop(_ count: Int) {
        if count == bytes.count { bytes.removeAll(keepingCapacity: true) } else { bytes.removeFirst(count) }
    }
}

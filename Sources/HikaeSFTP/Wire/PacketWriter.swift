// Puts packets together, one behind the other, in a buffer that is sent.

/// Appends packets to bytes that wait to be sent.
struct PacketWriter {
    private(set) var bytes: [UInt8] = []
    private var start = 0
    /// Bytes at the beginning that were sent.
    private var sent = 0

    /// Sent bytes that are kept at most, unless more are left to send: moving those for every write would cost more than
    /// the sending.
    private static let slack = 4 << 20

    var isEmpty: Bool { sent == bytes.count }

    /// What waits to be sent.
    func withUnsent<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[sent...])) }
    }

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
        sent += count
        if isEmpty {
            bytes.removeAll(keepingCapacity: bytes.count <= Self.slack)
        } else if sent > Self.slack, sent > bytes.count / 2 {
            bytes.removeFirst(sent)
        } else {
            return
        }
        sent = 0
    }
}

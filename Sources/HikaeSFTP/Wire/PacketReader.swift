// Takes a packet's fields apart. Never reads behind the packet's end, whatever lengths are written in it.

import HikaeCore

/// A position in the bytes of one packet.
struct PacketReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    /// The bytes must stay valid while this is used.
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Bytes still to be read.
    var remaining: Int { bytes.count - position }

    mutating func byte() throws(HikaeError) -> UInt8 {
        guard remaining >= 1 else { throw Self.tooShort }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func uint32() throws(HikaeError) -> UInt32 {
        guard remaining >= 4 else { throw Self.tooShort }
        defer { position += 4 }
        return UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
    }

    mutating func uint64() throws(HikaeError) -> UInt64 {
        guard remaining >= 8 else { throw Self.tooShort }
        defer { position += 8 }
        return UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
    }

    /// A string: its length, then so many bytes.
    mutating func string() throws(HikaeError) -> UnsafeRawBufferPointer {
        let length = Int(try uint32())
        guard length <= remaining else {
            throw HikaeError(.protocolViolation, "the server sent a string longer than the packet that it is in")
        }
        defer { position += length }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<position + length])
    }

    /// Everything that is left.
    mutating func rest() -> UnsafeRawBufferPointer {
        defer { position = bytes.count }
        return UnsafeRawBufferPointer(rebasing: bytes[position...])
    }

    private static var tooShort: HikaeError {
        HikaeError(.protocolViolation, "the server sent a packet that ends before its fields do")
    }
}

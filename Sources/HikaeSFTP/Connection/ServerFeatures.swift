// What a server offers besides version 3, and how much it takes at a time.

import HikaeCore

/// Known once the server has greeted.
struct ServerFeatures: Sendable, Equatable {
    var version: UInt32 = 3
    var renamesOver = false
    var setsLinkStatus = false
    var linksHard = false
    var synchronizes = false
    var tellsSpace = false
    var tellsLimits = false
    /// Bytes that one read or write may have; 32 KiB is what every server must take.
    var readLength: UInt32 = 32 << 10
    var writeLength: UInt32 = 32 << 10
    /// Files that may be open at once.
    var handles = 64

    /// More extensions are none that a server has.
    private static let extensionLimit = 256

    init() {}

    /// Takes the greeting apart.
    init(greeting packet: UnsafeRawBufferPointer) throws(HikaeError) {
        var reader = PacketReader(packet)
        guard try reader.byte() == 2 else {
            throw HikaeError(.protocolViolation, "the server did not greet as an SFTP server does")
        }
        version = try reader.uint32()
        guard version >= 3 else {
            throw HikaeError(.unsupported, "the server speaks SFTP version \(version); Hikae needs version 3")
        }
        var count = 0
        while reader.remaining > 0 {
            let name = String(decoding: try reader.string(), as: UTF8.self)
            _ = try reader.string()
            switch name {
            case "posix-rename@openssh.com": renamesOver = true
            case "lsetstat@openssh.com": setsLinkStatus = true
            case "hardlink@openssh.com": linksHard = true
            case "fsync@openssh.com": synchronizes = true
            case "statvfs@openssh.com": tellsSpace = true
            case "limits@openssh.com": tellsLimits = true
            default: break
            }
            count += 1
            guard count <= Self.extensionLimit else {
                throw HikaeError(.protocolViolation, "the server greeted with more than \(count) extensions")
            }
        }
    }

    /// Takes over what the server says of its limits; 0 is none. Never more than fits into a packet.
    mutating func takeLimits(_ answer: UnsafeRawBufferPointer) throws(HikaeError) {
        var reader = PacketReader(answer)
        _ = try reader.uint64()
        let reading = try reader.uint64()
        let writing = try reader.uint64()
        let open = reader.remaining >= 8 ? try reader.uint64() : 0
        readLength = Self.bounded(reading)
        writeLength = Self.bounded(writing)
        if open > 0 { handles = Int(clamping: min(max(open / 2, 4), 256)) }
    }

    private static func bounded(_ length: UInt64) -> UInt32 {
        UInt32(clamping: min(max(length == 0 ? 255 << 10 : length, 4 << 10), 255 << 10))
    }
}

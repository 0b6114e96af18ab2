// The attributes of a file as SFTP version 3 has them: each may be missing.

import HikaeCore

/// What a server says of a file, or is asked to set.
struct FileAttributes: Equatable, Sendable {
    var size: UInt64?
    var uid: UInt32?
    var gid: UInt32?
    /// `st_mode`, with the type bits where the server sends them.
    var mode: UInt32?
    var accessTime: UInt32?
    var modificationTime: UInt32?

    /// What the type bits say.
    enum Kind: Equatable, Sendable {
        case file, directory, symlink, special
        /// No type bits.
        case unknown
    }

    var kind: Kind {
        switch (mode ?? 0) & 0o170000 {
        case 0: .unknown
        case 0o100000: .file
        case 0o040000: .directory
        case 0o120000: .symlink
        default: .special
        }
    }

    private enum Flag {
        static let size: UInt32 = 1
        static let owner: UInt32 = 2
        static let permissions: UInt32 = 4
        static let times: UInt32 = 8
        static let extended: UInt32 = 0x8000_0000
    }

    /// Extended attributes are passed over; more than this many are none that a server sends.
    private static let extensionLimit = 1024

    init() {}

    init(reading reader: inout PacketReader) throws(HikaeError) {
        let flags = try reader.uint32()
        if flags & Flag.size != 0 { size = try reader.uint64() }
        if flags & Flag.owner != 0 {
            uid = try reader.uint32()
            gid = try reader.uint32()
        }
        if flags & Flag.permissions != 0 { mode = try reader.uint32() }
        if flags & Flag.times != 0 {
            accessTime = try reader.uint32()
            modificationTime = try reader.uint32()
        }
        if flags & Flag.extended != 0 {
            let count = try reader.uint32()
            guard count <= Self.extensionLimit else {
                throw HikaeError(.protocolViolation, "the server sent \(count) extended attributes of one file")
            }
            for _ in 0..<count {
                _ = try reader.string()
                _ = try reader.string()
            }
        }
    }

    func write(to writer: inout PacketWriter) {
        var flags: UInt32 = 0
        if size != nil { flags |= Flag.size }
        if uid != nil, gid != nil { flags |= Flag.owner }
        if mode != nil { flags |= Flag.permissions }
        if accessTime != nil, modificationTime != nil { flags |= Flag.times }
        writer.uint32(flags)
        if let size { writer.uint64(size) }
        if let uid, let gid {
            writer.uint32(uid)
            writer.uint32(gid)
        }
        if let mode { writer.uint32(mode) }
        if let accessTime, let modificationTime {
            writer.uint32(accessTime)
            writer.uint32(modificationTime)
        }
    }
}

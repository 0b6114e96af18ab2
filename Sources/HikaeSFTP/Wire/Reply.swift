// What a server answers.

import HikaeCore

/// One entry of a directory as the server lists it.
struct RemoteName: Equatable, Sendable {
    var name: [UInt8]
    /// A line as `ls -l` has it, of which only the owners' names are of use.
    var longName: [UInt8]
    var attributes: FileAttributes
}

/// An answer that says how a request went.
struct ReplyStatus: Equatable, Sendable {
    var code: UInt32
    /// The server's words; unprintable characters are replaced, and it is cut at 200.
    var message: String

    static let ok: UInt32 = 0
    static let endOfFile: UInt32 = 1
    static let noSuchFile: UInt32 = 2
    static let permissionDenied: UInt32 = 3
    static let failure: UInt32 = 4
    static let badMessage: UInt32 = 5
    static let noConnection: UInt32 = 6
    static let connectionLost: UInt32 = 7
    static let unsupported: UInt32 = 8
    /// Of later versions; some servers send them in version 3, too.
    static let noSpace: UInt32 = 14
    static let quotaExceeded: UInt32 = 15
}

/// One answer. The bytes it shows are valid while it is handled only.
enum Reply {
    case status(ReplyStatus)
    case handle([UInt8])
    case data(UnsafeRawBufferPointer)
    case names([RemoteName])
    case attributes(FileAttributes)
    case extended(UnsafeRawBufferPointer)

    /// Longest handle that the protocol allows.
    static let longestHandle = 256
    /// The longest names that are taken; a line of `ls -l` is longer by a date and the like.
    static let longestName = 64 << 10

    /// Takes a packet apart, without its length. Throws `.protocolViolation` when it is none.
    static func decode(_ packet: UnsafeRawBufferPointer) throws(HikaeError) -> (id: UInt32, reply: Reply) {
        var reader = PacketReader(packet)
        let type = try reader.byte()
        let id = try reader.uint32()
        switch type {
        case 101:
            let code = try reader.uint32()
            // Version 3 demands a message; some servers leave it out.
            let message = reader.remaining >= 4 ? Printable.text(try reader.string()) : ""
            return (id, .status(ReplyStatus(code: code, message: message)))
        case 102:
            let handle = try reader.string()
            guard handle.count <= longestHandle else {
                throw HikaeError(.protocolViolation, "the server sent a handle of \(handle.count) bytes")
            }
            return (id, .handle(Array(handle)))
        case 103: return (id, .data(try reader.string()))
        case 104: return (id, .names(try names(&reader)))
        case 105: return (id, .attributes(try FileAttributes(reading: &reader)))
        case 201: return (id, .extended(reader.rest()))
        default:
            throw HikaeError(.protocolViolation, "the server sent a packet of the unknown type \(type)")
        }
    }

    private static func names(_ reader: inout PacketReader) throws(HikaeError) -> [RemoteName] {
        let count = Int(try reader.uint32())
        // Each takes two lengths and the attributes' flags at least.
        guard count <= reader.remaining / 12 else {
            throw HikaeError(.protocolViolation, "the server promised \(count) names in a packet that is shorter")
        }
        var names: [RemoteName] = []
        names.reserveCapacity(count)
        for _ in 0..<count {
            let name = try reader.string()
            let longName = try reader.string()
            let attributes = try FileAttributes(reading: &reader)
            guard name.count <= longestName, longName.count <= 2 * longestName else {
                throw HikaeError(.protocolViolation, "the server sent a name of \(name.count) bytes")
            }
            names.append(RemoteName(name: Array(name), longName: Array(longName), attributes: attributes))
        }
        return names
    }
}

/// Text that others wrote, made fit to be shown.
enum Printable {
    private static let limit = 200

    /// UTF-8 with control characters and what is no UTF-8 replaced; cut at 200 bytes.
    static func text(_ bytes: UnsafeRawBufferPointer) -> String {
        var text = ""
        for scalar in String(decoding: bytes.prefix(limit), as: UTF8.self).unicodeScalars {
            text.unicodeScalars.append(isControl(scalar) ? "\u{FFFD}" : scalar)
        }
        return text
    }

    /// A path for people: control characters are written as `\x1B`.
    static func path(_ bytes: some Collection<UInt8>) -> String {
        guard bytes.contains(where: { $0 < 0x20 || $0 >= 0x7F }) else { return String(decoding: bytes, as: UTF8.self) }
        var text = ""
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            if isControl(scalar) {
                text += "\\x" + Hex.encode([UInt8(truncatingIfNeeded: scalar.value)]).uppercased()
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || (0x202A...0x202E).contains(scalar.value)
            || (0x2066...0x2069).contains(scalar.value)
    }
}

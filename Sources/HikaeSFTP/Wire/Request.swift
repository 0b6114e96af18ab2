// What is asked of a server: the requests of SFTP version 3, and of OpenSSH's extensions.

/// One request. Paths are bytes as the server has them.
enum Request {
    case open(path: [UInt8], access: Access, attributes: FileAttributes)
    case close(handle: [UInt8])
    case read(handle: [UInt8], offset: UInt64, length: UInt32)
    case write(handle: [UInt8], offset: UInt64, bytes: UnsafeRawBufferPointer)
    case linkStatus(path: [UInt8])
    case status(path: [UInt8])
    case handleStatus(handle: [UInt8])
    case setStatus(path: [UInt8], attributes: FileAttributes)
    case setHandleStatus(handle: [UInt8], attributes: FileAttributes)
    case openDirectory(path: [UInt8])
    case readDirectory(handle: [UInt8])
    case remove(path: [UInt8])
    case makeDirectory(path: [UInt8], attributes: FileAttributes)
    case removeDirectory(path: [UInt8])
    case realPath(path: [UInt8])
    /// Fails when something stands at `to`.
    case rename(from: [UInt8], to: [UInt8])
    case readLink(path: [UInt8])
    case makeLink(path: [UInt8], target: [UInt8])
    /// Replaces what stands at `to`.
    case posixRename(from: [UInt8], to: [UInt8])
    case setLinkStatus(path: [UInt8], attributes: FileAttributes)
    case hardLink(from: [UInt8], to: [UInt8])
    case synchronize(handle: [UInt8])
    case space(path: [UInt8])
    case limits

    /// How a file is opened.
    struct Access: OptionSet, Sendable {
        let rawValue: UInt32
        static let read = Access(rawValue: 1)
        static let write = Access(rawValue: 2)
        static let create = Access(rawValue: 8)
        static let truncate = Access(rawValue: 16)
        static let exclusive = Access(rawValue: 32)
    }

    /// The packet that begins a conversation.
    static func writeGreeting(to writer: inout PacketWriter) {
        writer.begin(1)
        writer.uint32(3)
        writer.end()
    }

    /// Appends the packet.
    func write(id: UInt32, to writer: inout PacketWriter) {
        writer.begin(type)
        writer.uint32(id)
        switch self {
        case .open(let path, let access, let attributes):
            writer.string(path)
            writer.uint32(access.rawValue)
            attributes.write(to: &writer)
        case .close(let handle), .handleStatus(let handle), .readDirectory(let handle):
            writer.string(handle)
        case .read(let handle, let offset, let length):
            writer.string(handle)
            writer.uint64(offset)
            writer.uint32(length)
        case .write(let handle, let offset, let bytes):
            writer.string(handle)
            writer.uint64(offset)
            writer.string(bytes)
        case .linkStatus(let path), .status(let path), .openDirectory(let path), .remove(let path),
            .removeDirectory(let path), .realPath(let path), .readLink(let path):
            writer.string(path)
        case .setStatus(let name, let attributes), .setHandleStatus(let name, let attributes),
            .makeDirectory(let name, let attributes):
            writer.string(name)
            attributes.write(to: &writer)
        case .rename(let from, let to):
            writer.string(from)
            writer.string(to)
        case .makeLink(let path, let target):
            // OpenSSH has them the other way round than the specification, and the others followed it.
            writer.string(target)
            writer.string(path)
        case .posixRename(let from, let to):
            writer.string("posix-rename@openssh.com")
            writer.string(from)
            writer.string(to)
        case .hardLink(let from, let to):
            writer.string("hardlink@openssh.com")
            writer.string(from)
            writer.string(to)
        case .setLinkStatus(let path, let attributes):
            writer.string("lsetstat@openssh.com")
            writer.string(path)
            attributes.write(to: &writer)
        case .synchronize(let handle):
            writer.string("fsync@openssh.com")
            writer.string(handle)
        case .space(let path):
            writer.string("statvfs@openssh.com")
            writer.string(path)
        case .limits:
            writer.string("limits@openssh.com")
        }
        writer.end()
    }

    private var type: UInt8 {
        switch self {
        case .open: 3
        case .close: 4
        case .read: 5
        case .write: 6
        case .linkStatus: 7
        case .handleStatus: 8
        case .setStatus: 9
        case .setHandleStatus: 10
        case .openDirectory: 11
        case .readDirectory: 12
        case .remove: 13
        case .makeDirectory: 14
        case .removeDirectory: 15
        case .realPath: 16
        case .status: 17
        case .rename: 18
        case .readLink: 19
        case .makeLink: 20
        case .posixRename, .setLinkStatus, .hardLink, .synchronize, .space, .limits: 200
        }
    }
}

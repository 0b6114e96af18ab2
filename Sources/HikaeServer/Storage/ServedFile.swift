// A file of a repository while it is sent to a client.

internal import HikaeCore
internal import NIOCore

/// A file open for reading, closed when it is let go.
final class ServedFile: Sendable {
    let size: UInt64
    private let descriptor: Int32
    private let path: String

    /// Opens a file; `.notFound` when there is none.
    init(_ path: String) throws(HikaeError) {
        self.path = path
        (descriptor, size) = try Disk.openRegular(path)
    }

    deinit { Disk.close(descriptor) }

    /// `count` bytes at `offset`; `.damaged` when the file ends before.
    func read(at offset: UInt64, count: Int) throws(HikaeError) -> ByteBuffer {
        let bytes = try Disk.read(descriptor, at: offset, count: count, path)
        guard bytes.count == count else { throw HikaeError(.damaged, "\(path) has become shorter") }
        return ByteBuffer(bytes: bytes)
    }
}

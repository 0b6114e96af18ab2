// A file of a repository while it is sent to a client.

internal import HikaeCore
internal import HikaeStore
internal import NIOCore

/// A file open for reading, closed when it is let go.
final class ServedFile: Sendable {
    let size: UInt64
    private let file: SystemFile

    /// Opens a file; `.notFound` when there is none.
    init(_ path: String) throws(HikaeError) {
        file = try SystemFile.open(path)
        size = file.size
    }

    deinit { file.close() }

    /// `count` bytes at `offset`; `.damaged` when the file ends before.
    func read(at offset: UInt64, count: Int) throws(HikaeError) -> ByteBuffer {
        let bytes = try file.read(at: offset, count: count)
        guard bytes.count == count else { throw HikaeError(.damaged, "\(file.path) has become shorter") }
        return ByteBuffer(bytes: bytes)
    }
}

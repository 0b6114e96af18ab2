// Buffered writing of a segment or run. Owns the descriptor; entries are written as IndexSegment reads them.

import HikaeCore
import HikaeFormat

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A file being written through a buffer of 1 MiB. `finish` must be called for the bytes to be there.
struct SegmentOutput: ~Copyable {
    private let descriptor: Int32
    private let path: String
    private var buffer: [UInt8] = []
    private static let bufferSize = 1 << 20

    init(path: String) throws(HikaeError) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw HikaeError.system("create", path) }
        buffer.reserveCapacity(Self.bufferSize + 4096)
    }

    deinit { close(descriptor) }

    mutating func append(_ entry: IndexEntry) throws(HikaeError) {
        entry.id.withUnsafeBytes { buffer.append(contentsOf: $0) }
        var words = (entry.packAndType, entry.offset, entry.length, entry.uncompressedLength)
        withUnsafeBytes(of: &words) { buffer.append(contentsOf: $0) }
        if buffer.count >= Self.bufferSize { try flush() }
    }

    mutating func append(bytes: [UInt8]) throws(HikaeError) {
        buffer.append(contentsOf: bytes)
        if buffer.count >= Self.bufferSize { try flush() }
    }

    mutating func seek(to offset: Int) throws(HikaeError) {
        try flush()
        guard lseek(descriptor, off_t(offset), SEEK_SET) >= 0 else { throw HikaeError.system("seek in", path) }
    }

    private mutating func flush() throws(HikaeError) {
        var written = 0
        while written < buffer.count {
            let count = buffer.withUnsafeBytes { write(descriptor, $0.baseAddress! + written, $0.count - written) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw HikaeError.system("write", path) }
            written += count
        }
        buffer.removeAll(keepingCapacity: true)
    }

    /// Writes what is buffered; with a size, makes the file that long.
    mutating func finish(size: Int? = nil) throws(HikaeError) {
        try flush()
        guard let size else { return }
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw HikaeError.system("resize", path) }
    }
}

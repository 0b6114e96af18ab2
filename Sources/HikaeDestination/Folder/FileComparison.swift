// A file of this machine compared with a node, by the hashes that the node names: nothing is read from the repository.

import HikaeCore
import HikaeFormat
import HikaeRepository

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Compares files with what they should be, with a buffer that is used again.
struct FileComparison {
    private let index: BlobIndex
    private var buffer: [UInt8] = []

    init(_ repository: Repository) { index = repository.index }

    /// How what stands at `place` differs from the node, as a sentence; nil when it does not.
    mutating func difference(_ place: FolderPlace, _ node: Node) throws(HikaeError) -> String? {
        guard let found = place.status() else { return "\(place.path) is not there" }
        guard node.kind == .file else {
            return place.seemsToBe(node, found) ? nil : "\(place.path) is no longer what it was"
        }
        guard found.st_mode & S_IFMT == S_IFREG else { return "\(place.path) is no regular file" }
        guard UInt64(clamping: found.st_size) == node.size else {
            return "\(place.path) has \(found.st_size) bytes, not \(node.size)"
        }
        let descriptor = place.withPath { open($0, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK) }
        guard descriptor >= 0 else { throw .system("open", place.path) }
        defer { close(descriptor) }
        var offset: UInt64 = 0
        for id in node.content ?? [] {
            guard let blob = index.lookup(id, .data) else {
                throw HikaeError(.damaged, "the index has no data blob \(id.short) of \(place.path)")
            }
            let length = blob.plaintextLength
            guard try isBlob(id, length, descriptor, at: offset, place) else {
                return "\(place.path) has other bytes from byte \(offset) on"
            }
            offset += UInt64(length)
        }
        return nil
    }

    private mutating func isBlob(
        _ id: BlobID, _ length: Int, _ descriptor: Int32, at offset: UInt64, _ place: FolderPlace
    ) throws(HikaeError) -> Bool {
        if buffer.count < length { buffer = [UInt8](repeating: 0, count: length) }
        var done = 0
        while done < length {
            let count = buffer.withUnsafeMutableBytes {
                pread(
                    descriptor, $0.baseAddress.map { $0 + done }, length - done, off_t(clamping: offset) + off_t(done))
            }
            if count < 0, errno == EINTR { continue }
            if count < 0 { throw .system("read", place.path) }
            if count == 0 { return false }
            done += count
        }
        return buffer.withUnsafeBytes { Digest.blobID(UnsafeRawBufferPointer(rebasing: $0[..<length])) } == id
    }
}

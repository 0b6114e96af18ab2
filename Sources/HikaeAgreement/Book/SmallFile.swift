// Files of a book on the vault's own disk: read within a bound, replaced whole, or added to at the end. Links are not
// followed.

import HikaeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Small files, durable when a call returns.
enum SmallFile {
    /// A whole file of at most `limit` bytes. Throws `.notFound`.
    static func load(_ path: String, limit: Int, from offset: UInt64 = 0) throws(HikaeError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { throw .system("open", path) }
        defer { close(descriptor) }
        return try read(descriptor, path, limit: limit, from: offset)
    }

    /// What an open file holds from `offset` on.
    static func read(_ descriptor: Int32, _ path: String, limit: Int, from offset: UInt64) throws(HikaeError) -> [UInt8]
    {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw HikaeError(.refused, "\(path) is not a regular file")
        }
        let size = UInt64(status.st_size)
        guard size >= offset else { throw HikaeError(.damaged, "\(path) is shorter than it was") }
        guard size > offset else { return [] }
        guard size - offset <= UInt64(limit) else {
            throw HikaeError(.limit, "\(path) has \(size) bytes where \(limit) are the most")
        }
        var bytes = [UInt8](repeating: 0, count: Int(size - offset))
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeMutableBytes { buffer in
                buffer.baseAddress.map {
                    pread(descriptor, $0 + done, buffer.count - done, off_t(offset) + off_t(done))
                } ?? 0
            }
            if count < 0, errno == EINTR { continue }
            if count < 0 { throw .system("read", path) }
            if count == 0 { break }
            done += count
        }
        return Array(bytes[..<done])
    }

    /// Puts `bytes` at `path`, whole or not at all.
    static func replace(_ path: String, with bytes: [UInt8]) throws(HikaeError) {
        let temporary = "\(path).new-\(UInt64.random(in: 0...UInt64.max))"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .system("create", temporary) }
        do throws(HikaeError) {
            defer { close(descriptor) }
            try append(bytes, to: descriptor, temporary)
        } catch {
            unlink(temporary)
            throw error
        }
        guard rename(temporary, path) == 0 else {
            let error = HikaeError.system("rename", temporary)
            unlink(temporary)
            throw error
        }
        try syncFolder(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
    }

    /// Writes at the end of an open file and waits until the disk has it.
    static func append(_ bytes: [UInt8], to descriptor: Int32, _ path: String) throws(HikaeError) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                buffer.baseAddress.map { write(descriptor, $0 + done, buffer.count - done) } ?? 0
            }
            if count < 0, errno == EINTR { continue }
            if count < 0 { throw .system("write", path) }
            done += count
        }
        guard fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP else { throw .system("sync", path) }
    }

    static func syncFolder(_ path: String) throws(HikaeError) {
        let descriptor = open(path.isEmpty ? "/" : path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP else { throw .system("sync", path) }
    }

    /// Makes a folder and all above it that are missing.
    static func makeFolders(_ path: String) throws(HikaeError) {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/\(part)"
            if mkdir(made, 0o700) != 0, errno != EEXIST { throw .system("create folder", made) }
        }
    }

    static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }
}

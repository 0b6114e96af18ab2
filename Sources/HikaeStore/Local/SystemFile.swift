// The system calls on files of this machine, with errors that name the path: for the local store, the vault server and the
// book of agreement. Nothing here knows what a repository is.

package import HikaeCore

#if canImport(Glibc)
    package import Glibc
#else
    package import Darwin
#endif

/// A regular file open for reading. The opener closes it.
package struct SystemFile: Sendable {
    package let descriptor: Int32
    package let path: String
    /// In bytes, when it was opened.
    package let size: UInt64

    /// Opens a regular file. Neither a symbolic link nor a FIFO or device is followed or waited for: `.refused`.
    ///
    /// - Parameter followsLinks: for what a person names, and may have put elsewhere.
    package static func open(_ path: String, followsLinks: Bool = false) throws(HikaeError) -> SystemFile {
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (followsLinks ? 0 : O_NOFOLLOW)
        let descriptor = retrying { systemOpen(path, flags, 0) }
        guard descriptor >= 0 else {
            if errno == ELOOP { throw HikaeError(.refused, "\(path) is a symbolic link, and none is followed here") }
            throw .system("open", path)
        }
        do throws(HikaeError) {
            return SystemFile(descriptor: descriptor, path: path, size: try regularSize(descriptor, path))
        } catch {
            close(descriptor)
            throw error
        }
    }

    private static func regularSize(_ descriptor: Int32, _ path: String) throws(HikaeError) -> UInt64 {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system("examine", path) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw HikaeError(.refused, "\(path) is not a regular file") }
        return UInt64(status.st_size)
    }

    package func close() { Self.close(descriptor) }

    package static func close(_ descriptor: Int32) { _ = systemClose(descriptor) }

    /// Reads until `buffer` is full or the file ends; the number of bytes read.
    package func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(HikaeError) -> Int {
        guard let base = buffer.baseAddress else { return 0 }
        var done = 0
        while done < buffer.count {
            let count = pread(descriptor, base + done, buffer.count - done, off_t(offset) + off_t(done))
            if count == 0 { break }
            if count < 0 {
                if errno == EINTR { continue }
                throw .system("read", path)
            }
            done += count
        }
        return done
    }

    /// Up to `count` bytes at `offset`; fewer only at the file's end.
    package func read(at offset: UInt64, count: Int) throws(HikaeError) -> [UInt8] {
        var failure: HikaeError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(HikaeError) {
                filled = try read(at: offset, into: UnsafeMutableRawBufferPointer(buffer))
            } catch { failure = error }
        }
        if let failure { throw failure }
        return bytes
    }

    /// What an open regular file holds from `offset` on: `.limit` when that is more than `limit` bytes, `.damaged` when
    /// the file ends before.
    package static func read(
        _ descriptor: Int32, _ path: String, limit: Int, from offset: UInt64 = 0
    ) throws(HikaeError) -> [UInt8] {
        let file = SystemFile(descriptor: descriptor, path: path, size: try regularSize(descriptor, path))
        guard file.size >= offset else { throw HikaeError(.damaged, "\(path) is shorter than it was") }
        guard file.size - offset <= UInt64(limit) else {
            throw HikaeError(.limit, "\(path) has \(file.size) bytes where \(limit) are the most")
        }
        return try file.read(at: offset, count: Int(file.size - offset))
    }

    /// A whole regular file of at most `limit` bytes.
    package static func load(
        _ path: String, limit: Int, followsLinks: Bool = false
    ) throws(HikaeError) -> [UInt8] {
        let file = try open(path, followsLinks: followsLinks)
        defer { file.close() }
        return try read(file.descriptor, path, limit: limit)
    }
}

// Writing.
extension SystemFile {
    /// Creates a file that must not exist yet, open for writing.
    package static func createNew(_ path: String) throws(HikaeError) -> Int32 {
        let descriptor = retrying {
            systemOpen(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        }
        guard descriptor >= 0 else { throw .system("create", path) }
        return descriptor
    }

    /// Opens a file that is written to, made if missing; with `reading` also read.
    ///
    /// - Parameter flags: more of open(2)'s, as `O_APPEND`.
    package static func openWriting(_ path: String, flags: Int32, reading: Bool = false) throws(HikaeError) -> Int32 {
        let access = reading ? O_RDWR : O_WRONLY
        let descriptor = retrying { systemOpen(path, access | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, 0o600) }
        guard descriptor >= 0 else { throw .system("open", path) }
        return descriptor
    }

    /// Writes all of `content`, sets the mode, syncs if asked to, and closes. Closes also when it throws.
    package static func fill(
        _ descriptor: Int32, with content: UnsafeRawBufferPointer, mode: mode_t, path: String, synced: Bool = true
    ) throws(HikaeError) {
        do throws(HikaeError) {
            try write(content, to: descriptor, path)
        } catch {
            close(descriptor)
            throw error
        }
        try finish(descriptor, mode: mode, path: path, synced: synced)
    }

    /// Sets the mode of a file that is written, syncs it if asked to, and closes it. Closes also when it throws.
    package static func finish(
        _ descriptor: Int32, mode: mode_t, path: String, synced: Bool = true
    ) throws(HikaeError) {
        // Some filesystems know no modes; that is no reason to refuse a backup.
        _ = fchmod(descriptor, mode)
        do throws(HikaeError) {
            if synced { try sync(descriptor, path) }
        } catch {
            close(descriptor)
            throw error
        }
        // Some network filesystems report a full disk only here.
        guard systemClose(descriptor) == 0 || errno == EINTR else { throw .system("close", path) }
    }

    /// Writes all of `content` where the descriptor stands.
    package static func write(
        _ content: UnsafeRawBufferPointer, to descriptor: Int32, _ path: String
    ) throws(HikaeError) {
        guard let base = content.baseAddress else { return }
        var done = 0
        while done < content.count {
            let count = systemWrite(descriptor, base + done, content.count - done)
            if count < 0 {
                if errno == EINTR { continue }
                throw .system("write", path)
            }
            done += count
        }
    }

    package static func write(_ bytes: [UInt8], to descriptor: Int32, _ path: String) throws(HikaeError) {
        try bytes.withBytes { raw throws(HikaeError) in try write(raw, to: descriptor, path) }
    }

    /// Puts `bytes` at `path`, whole or not at all, durable on return; what was there is replaced.
    package static func replace(_ path: String, with bytes: [UInt8], mode: mode_t = 0o600) throws(HikaeError) {
        let temporary = "\(path).new-\(UInt64.random(in: 0...UInt64.max))"
        let descriptor = try createNew(temporary)
        do throws(HikaeError) {
            try bytes.withBytes { raw throws(HikaeError) in
                try fill(descriptor, with: raw, mode: mode, path: temporary)
            }
            guard rename(temporary, path) == 0 else { throw .system("rename", temporary) }
        } catch {
            _ = unlink(temporary)
            throw error
        }
        try syncFolder(parent(path))
    }

    /// Waits until the file is on the disk. A filesystem that cannot sync is taken as it is, as restic does.
    package static func sync(_ descriptor: Int32, _ path: String) throws(HikaeError) {
        if retrying({ fsync(descriptor) }) == 0 { return }
        if errno == EINVAL || errno == ENOTSUP || errno == ENOSYS { return }
        throw syncFailure(path)
    }

    /// The error for a failed sync. Never one to try again after: the system has forgotten what it could not write, and
    /// a second sync of the same file would succeed without it.
    static func syncFailure(_ path: String, errno number: Int32 = errno) -> HikaeError {
        var error = HikaeError.system("sync", path, errno: number)
        error.isRetryable = false
        return error
    }
}

// Folders and names.
extension SystemFile {
    /// Makes the names in a folder durable.
    package static func syncFolder(_ path: String) throws(HikaeError) {
        let descriptor = retrying { systemOpen(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0) }
        guard descriptor >= 0 else { throw .system("open", path) }
        defer { close(descriptor) }
        try sync(descriptor, path)
    }

    /// Makes a folder, or takes what is there; whether it was made.
    @discardableResult
    package static func makeFolder(_ path: String, mode: mode_t) throws(HikaeError) -> Bool {
        if mkdir(path, mode) == 0 { return true }
        guard errno == EEXIST else { throw .system("create folder", path) }
        return false
    }

    /// Makes a folder and all above it.
    package static func makeFolders(_ path: String, mode: mode_t) throws(HikaeError) {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/\(part)"
            if try kind(made) == nil { try makeFolder(made, mode: mode) }
        }
    }

    /// The type bits of what stands at `path`, links not followed; nil when nothing does.
    package static func kind(_ path: String) throws(HikaeError) -> mode_t? { try status(path)?.kind }

    /// Whether a folder stands there; a link to one is none.
    package static func isFolder(_ path: String) throws(HikaeError) -> Bool { try kind(path) == S_IFDIR }

    /// A regular file's size; nil when there is none.
    package static func size(_ path: String) throws(HikaeError) -> UInt64? {
        guard let status = try status(path), status.kind == S_IFREG else { return nil }
        return status.size
    }

    private static func status(_ path: String) throws(HikaeError) -> (kind: mode_t, size: UInt64)? {
        var status = stat()
        if lstat(path, &status) == 0 { return (status.st_mode & S_IFMT, UInt64(status.st_size)) }
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw .system("examine", path)
    }

    /// The names in a folder, without `.` and `..`; nil when there is no folder.
    package static func names(_ path: String) throws(HikaeError) -> [String]? {
        guard let folder = opendir(path) else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw .system("list", path)
        }
        defer { closedir(folder) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(folder) else { break }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        guard errno == 0 else { throw .system("list", path) }
        return names
    }

    /// The folder that a path's last part stands in.
    package static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The path from the root, without a slash at its end; the current folder is asked for only if it is needed.
    static func absolute(_ path: String) -> String {
        var text = path
        if !text.hasPrefix("/") {
            let current = getcwd(nil, 0)
            // getcwd allocated it; it is ours to free.
            defer { free(current) }
            text = (current.map { String(cString: $0) } ?? "") + "/" + text
        }
        while text.count > 1, text.hasSuffix("/") { text.removeLast() }
        return text == "/" ? "" : text
    }

    /// Repeats a call as long as a signal interrupts it.
    private static func retrying(_ call: () -> Int32) -> Int32 {
        while true {
            let result = call()
            if result >= 0 || errno != EINTR { return result }
        }
    }
}

// These names are also names of methods here; the C library's are meant.
private func systemOpen(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 { open(path, flags, mode) }
private func systemClose(_ descriptor: Int32) -> Int32 { close(descriptor) }
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}

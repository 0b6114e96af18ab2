// The system calls of the server, with errors that name the path. Nothing here knows what a repository is.

internal import HikaeCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Calls on files and folders, repeated when a signal interrupts them.
enum Disk {
    /// Opens for reading; neither a link nor a FIFO or device is followed or waited for.
    static func openRegular(_ path: String) throws(HikaeError) -> (descriptor: Int32, size: UInt64) {
        let descriptor = retrying { systemOpen(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0) }
        guard descriptor >= 0 else { throw .system("open", path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw HikaeError(.refused, "\(path) is not a regular file")
        }
        return (descriptor, UInt64(status.st_size))
    }

    /// Creates a file that must not exist yet, open for writing.
    static func createNew(_ path: String) throws(HikaeError) -> Int32 {
        let descriptor = retrying {
            systemOpen(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        }
        guard descriptor >= 0 else { throw .system("create", path) }
        return descriptor
    }

    /// Opens for adding at the end, made if missing.
    static func openAppending(_ path: String) throws(HikaeError) -> Int32 {
        let descriptor = retrying {
            systemOpen(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        }
        guard descriptor >= 0 else { throw .system("open", path) }
        return descriptor
    }

    static func close(_ descriptor: Int32) { _ = systemClose(descriptor) }

    /// Writes all of `bytes`.
    static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ path: String) throws(HikaeError) {
        guard let base = bytes.baseAddress else { return }
        var done = 0
        while done < bytes.count {
            let count = systemWrite(descriptor, base + done, bytes.count - done)
            if count < 0 {
                if errno == EINTR { continue }
                throw .system("write", path)
            }
            done += count
        }
    }

    static func write(_ bytes: [UInt8], to descriptor: Int32, _ path: String) throws(HikaeError) {
        try bytes.withBytes { raw throws(HikaeError) in try write(raw, to: descriptor, path) }
    }

    /// Up to `count` bytes at `offset`; fewer only at the file's end.
    static func read(_ descriptor: Int32, at offset: UInt64, count: Int, _ path: String) throws(HikaeError) -> [UInt8] {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count, let base = buffer.baseAddress {
                let got = pread(descriptor, base + filled, count - filled, off_t(offset) + off_t(filled))
                if got == 0 { break }
                if got < 0 {
                    if errno == EINTR { continue }
                    failure = errno
                    break
                }
                filled += got
            }
        }
        guard failure == 0 else { throw .system("read", path, errno: failure) }
        return bytes
    }

    /// Waits until the file or folder is on the disk. A filesystem that cannot sync is taken as it is.
    static func sync(_ descriptor: Int32, _ path: String) throws(HikaeError) {
        if retrying({ fsync(descriptor) }) == 0 { return }
        if errno == EINVAL || errno == ENOTSUP || errno == ENOSYS { return }
        // Never one to try again after: the system has forgotten what it could not write.
        var error = HikaeError.system("sync", path)
        error.isRetryable = false
        throw error
    }

    static func syncFolder(_ path: String) throws(HikaeError) {
        let descriptor = retrying { systemOpen(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0) }
        guard descriptor >= 0 else { throw .system("open", path) }
        defer { close(descriptor) }
        try sync(descriptor, path)
    }

    /// Makes a folder, or takes the one that is there; whether it was made.
    @discardableResult
    static func makeFolder(_ path: String) throws(HikaeError) -> Bool {
        if mkdir(path, 0o700) == 0 { return true }
        guard errno == EEXIST else { throw .system("create folder", path) }
        guard try isFolder(path) else { throw HikaeError(.refused, "\(path) is not a folder") }
        return false
    }

    /// Whether a folder stands there; a link to one is none.
    static func isFolder(_ path: String) throws(HikaeError) -> Bool { try kind(path) == S_IFDIR }

    /// The type bits of what stands at `path`, links not followed; nil when nothing does.
    static func kind(_ path: String) throws(HikaeError) -> mode_t? {
        var status = stat()
        if lstat(path, &status) == 0 { return status.st_mode & S_IFMT }
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw .system("examine", path)
    }

    /// A regular file's size; nil when there is none.
    static func size(_ path: String) throws(HikaeError) -> UInt64? {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw .system("examine", path)
        }
        return status.st_mode & S_IFMT == S_IFREG ? UInt64(status.st_size) : nil
    }

    /// The names in a folder, without `.` and `..`; nil when there is no folder.
    static func names(_ path: String) throws(HikaeError) -> [String]? {
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

    /// A whole file of at most `limit` bytes.
    static func load(_ path: String, limit: Int) throws(HikaeError) -> [UInt8] {
        let (descriptor, size) = try openRegular(path)
        defer { close(descriptor) }
        guard size <= UInt64(limit) else { throw HikaeError(.limit, "\(path) has \(size) bytes, at most \(limit)") }
        return try read(descriptor, at: 0, count: Int(size), path)
    }

    /// Puts `bytes` at `path`, whole or not at all, durable on return; what was there is replaced.
    static func replace(_ path: String, with bytes: [UInt8]) throws(HikaeError) {
        let temporary = "\(path).new-\(UInt64.random(in: 0...UInt64.max))"
        let descriptor = try createNew(temporary)
        do throws(HikaeError) {
            defer { close(descriptor) }
            try write(bytes, to: descriptor, temporary)
            try sync(descriptor, temporary)
        } catch {
            _ = unlink(temporary)
            throw error
        }
        guard rename(temporary, path) == 0 else {
            let error = HikaeError.system("rename", temporary)
            _ = unlink(temporary)
            throw error
        }
        try syncFolder(parent(path))
    }

    static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    static func retrying(_ call: () -> Int32) -> Int32 {
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

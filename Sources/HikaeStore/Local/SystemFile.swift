// The system calls of the local store, with errors that name the path. Nothing here knows what a repository is.

internal import HikaeCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A regular file open for reading. The opener closes it.
struct SystemFile {
    let descriptor: Int32
    let path: String
    /// In bytes, when it was opened.
    let size: UInt64

    /// Opens a regular file. Neither a symbolic link nor a FIFO or device is followed or waited for: `.refused`.
    static func open(_ path: String) throws(HikaeError) -> SystemFile {
        let descriptor = retrying { systemOpen(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0) }
        guard descriptor >= 0 else {
            if errno == ELOOP { throw HikaeError(.refused, "\(path) is a symbolic link, not a file of the repository") }
            throw .system("open", path)
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let error = HikaeError.system("examine", path)
            _ = systemClose(descriptor)
            throw error
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            _ = systemClose(descriptor)
            throw HikaeError(.refused, "\(path) is not a regular file")
        }
        return SystemFile(descriptor: descriptor, path: path, size: UInt64(status.st_size))
    }

    func close() { _ = systemClose(descriptor) }

    /// Reads until `buffer` is full or the file ends; the number of bytes read.
    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(HikaeError) -> Int {
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

    /// Creates a file that must not exist yet, open for writing.
    static func createNew(_ path: String) throws(HikaeError) -> Int32 {
        let descriptor = retrying {
            systemOpen(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        }
        guard descriptor >= 0 else { throw .system("create", path) }
        return descriptor
    }

    /// Writes all of `content`, sets the mode, syncs if asked to, and closes. Closes also when it throws.
    static func fill(
        _ descriptor: Int32, with content: UnsafeRawBufferPointer, mode: mode_t, path: String, synced: Bool = true
    ) throws(HikaeError) {
        do throws(HikaeError) {
            try write(content, to: descriptor, path)
            // Some filesystems know no modes; that is no reason to refuse a backup.
            _ = fchmod(descriptor, mode)
            if synced { try sync(descriptor, path) }
        } catch {
            _ = systemClose(descriptor)
            throw error
        }
        // Some network filesystems report a full disk only here.
        guard systemClose(descriptor) == 0 || errno == EINTR else { throw .system("close", path) }
    }

    private static func write(
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

    /// Waits until the file is on the disk. A filesystem that cannot sync is taken as it is, as restic does.
    private static func sync(_ descriptor: Int32, _ path: String) throws(HikaeError) {
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

    /// Makes the names in a folder durable.
    static func syncFolder(_ path: String) throws(HikaeError) {
        let descriptor = retrying { systemOpen(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0) }
        guard descriptor >= 0 else { throw .system("open", path) }
        defer { _ = systemClose(descriptor) }
        try sync(descriptor, path)
    }

    /// Makes a folder, or takes the one that is there.
    static func makeFolder(_ path: String, mode: mode_t) throws(HikaeError) {
        if mkdir(path, mode) == 0 || errno == EEXIST { return }
        throw .system("create folder", path)
    }

    /// Makes a folder and all above it.
    static func makeFolders(_ path: String, mode: mode_t) throws(HikaeError) {
        var made = ""
        for part in path.split(separator: "/") {
            made += "/\(part)"
            if try kind(made) == nil { try makeFolder(made, mode: mode) }
        }
    }

    /// The type bits of what stands at `path`, links not followed; nil when nothing does.
    static func kind(_ path: String) throws(HikaeError) -> mode_t? {
        var status = stat()
        if lstat(path, &status) == 0 { return status.st_mode & S_IFMT }
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw .system("examine", path)
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

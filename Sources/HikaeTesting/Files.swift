// What tests do to files behind the back of the code under test. Short, blunt, not for anything but tests.

public import HikaeCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Plain file operations for tests.
public enum Files {
    /// Writes a file, replacing one that is there; makes the folders above it.
    public static func write(_ path: String, _ content: [UInt8], mode: UInt32 = 0o644) throws(HikaeError) {
        if let slash = path.lastIndex(of: "/") { try makeFolders(String(path[..<slash])) }
        _ = unlink(path)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(mode))
        guard descriptor >= 0 else { throw .system("create", path) }
        defer { close(descriptor) }
        _ = fchmod(descriptor, mode_t(mode))
        var done = 0
        while done < content.count {
            let count = content.withUnsafeBytes { write64(descriptor, $0, from: done) }
            guard count > 0 else { throw .system("write", path) }
            done += count
        }
    }

    /// The bytes of a file.
    public static func read(_ path: String) throws(HikaeError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open", path) }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = buffer.withUnsafeMutableBytes { read64(descriptor, $0) }
            guard count >= 0 else { throw .system("read", path) }
            if count == 0 { return content }
            content += buffer[..<count]
        }
    }

    /// Makes a folder and those above it.
    public static func makeFolders(_ path: String) throws(HikaeError) {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/\(part)"
            guard mkdir(made, 0o755) == 0 || errno == EEXIST || errno == EROFS || errno == EACCES else {
                throw .system("create folder", made)
            }
        }
    }

    /// The names in a folder, sorted, without `.` and `..`; empty when there is no such folder.
    public static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
        while let entry = readdir(stream) {
            // The entry is valid until the next call, its name ends in a NUL.
            let name = String(cString: (UnsafeRawPointer(entry) + offset).assumingMemoryBound(to: CChar.self))
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// The paths of all files below a folder, relative to it, sorted; folders are not among them.
    public static func all(below folder: String) -> [String] {
        var found: [String] = []
        for name in names(in: folder) {
            if kind("\(folder)/\(name)") == S_IFDIR {
                found += all(below: "\(folder)/\(name)").map { "\(name)/\($0)" }
            } else {
                found.append(name)
            }
        }
        return found.sorted()
    }

    /// Permission bits; nil when nothing is there.
    public static func mode(_ path: String) -> UInt32? {
        var status = stat()
        return lstat(path, &status) == 0 ? UInt32(status.st_mode & 0o7777) : nil
    }

    /// Sets permission bits.
    public static func setMode(_ path: String, _ mode: UInt32) { _ = chmod(path, mode_t(mode)) }

    /// Whether anything stands at the path; links are not followed.
    public static func exists(_ path: String) -> Bool { kind(path) != nil }

    /// Sets the modification time, in seconds since 1970.
    public static func setModified(_ path: String, seconds: Int64) {
        let time = timespec(tv_sec: time_t(seconds), tv_nsec: 0)
        _ = utimensat(AT_FDCWD, path, [time, time], AT_SYMLINK_NOFOLLOW)
    }

    /// Removes a file.
    public static func remove(_ path: String) { _ = unlink(path) }

    /// Moves a file or folder.
    public static func move(_ path: String, to other: String) throws(HikaeError) {
        guard rename(path, other) == 0 else { throw .system("rename", path) }
    }

    /// Makes a symbolic link at `path` that points to `target`.
    public static func link(_ path: String, to target: String) throws(HikaeError) {
        guard symlink(target, path) == 0 else { throw .system("link", path) }
    }

    /// Removes a file, or a folder with all that is in it; never follows a link.
    public static func removeAll(_ path: String) {
        guard kind(path) == S_IFDIR else {
            _ = unlink(path)
            return
        }
        // A test may have taken away the right to look or to remove.
        _ = chmod(path, 0o700)
        for name in names(in: path) { removeAll("\(path)/\(name)") }
        _ = rmdir(path)
    }

    private static func kind(_ path: String) -> mode_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }
}

// The C library's calls, whose names are taken here.
private func write64(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, from: Int) -> Int {
    guard let base = bytes.baseAddress else { return 0 }
    return write(descriptor, base + from, bytes.count - from)
}
private func read64(_ descriptor: Int32, _ bytes: UnsafeMutableRawBufferPointer) -> Int {
    guard let base = bytes.baseAddress else { return 0 }
    return read(descriptor, base, bytes.count)
}

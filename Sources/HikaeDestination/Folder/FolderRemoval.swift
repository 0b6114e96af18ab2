// Removing what a snapshot does not hold (--delete). Stays inside: follows no symlink, crosses no mount point.

import HikaeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

enum FolderRemoval {
    /// The names in an open directory, in no order, without "." and "..".
    static func names(in directory: Int32, path: () -> String) throws(HikaeError) -> [[UInt8]] {
        // A descriptor of its own: the stream moves and closes it.
        let copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let stream = fdopendir(copy) else {
            let error = HikaeError.system("list the directory", path())
            if copy >= 0 { close(copy) }
            throw error
        }
        defer { closedir(stream) }
        let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 19
        var names: [[UInt8]] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw .system("list the directory", path()) }
                return names
            }
            // The entry's name ends in a NUL and is good until the next call.
            let bytes = UnsafeRawPointer(entry) + offset
            let name = Array(
                UnsafeRawBufferPointer(start: bytes, count: strlen(bytes.assumingMemoryBound(to: CChar.self))))
            if EntryName.isSafe(name) { names.append(name) }
        }
    }

    /// Removes an entry of an open directory, a directory with all that is in it. Returns how many entries went.
    static func remove(_ name: [UInt8], of directory: Int32, path: String) throws(HikaeError) -> Int {
        guard let status = EntryName.status(directory, name) else {
            if errno == ENOENT { return 0 }
            throw .system("read the metadata of", path)
        }
        var around = stat()
        guard fstat(directory, &around) == 0 else { throw .system("read the metadata of", path) }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            guard EntryName.with(name, { unlinkat(directory, $0, 0) }) == 0 else { throw .system("remove", path) }
            return 1
        }
        guard status.st_dev == around.st_dev else {
            throw HikaeError(.refused, "\(path) is not removed: another filesystem is mounted there")
        }
        let inner = EntryName.open(directory, name, O_RDONLY | O_DIRECTORY)
        guard inner >= 0 else { throw .system("open the directory", path) }
        defer { close(inner) }
        var count = 0
        for entry in try names(in: inner, path: { path }) {
            count += try remove(entry, of: inner, path: path + "/" + String(decoding: entry, as: UTF8.self))
        }
        guard EntryName.with(name, { unlinkat(directory, $0, AT_REMOVEDIR) }) == 0 else {
            throw .system("remove the directory", path)
        }
        return count + 1
    }
}

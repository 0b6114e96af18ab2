// Programs that were started here and still run when this one is told to stop: they are told as well.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// This process's children, as Linux lists them.
enum ChildPrograms {
    /// Asks every child to end, and all that it started where it leads a group of its own.
    static func end() {
        for child in children() {
            kill(getpgid(child) == child ? -child : child, SIGTERM)
        }
    }

    /// Each thread's children; none where the system does not tell.
    private static func children() -> [pid_t] {
        guard let threads = opendir("/proc/self/task") else { return [] }
        defer { closedir(threads) }
        var children: [pid_t] = []
        let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
        while let entry = readdir(threads) {
            // The entry is valid until the next call, its name ends in a NUL.
            let name = String(cString: (UnsafeRawPointer(entry) + offset).assumingMemoryBound(to: CChar.self))
            guard let list = try? TextFile.readRaw("/proc/self/task/\(name)/children") else { continue }
            let words = String(decoding: list, as: UTF8.self).split { !$0.isNumber }
            children += words.compactMap { pid_t($0) }
        }
        return children
    }
}

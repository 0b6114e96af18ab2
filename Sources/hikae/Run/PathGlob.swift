// Shell patterns of --files-from: `*`, `?`, `[a-z]` within one name. A leading dot is nothing special, as with restic.

import HikaeSource

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Paths that fit a pattern.
enum PathGlob {
    /// The paths that are there and fit, sorted; the pattern itself when it has no wildcard and is there.
    static func matches(_ pattern: [UInt8]) -> [[UInt8]] {
        guard hasWildcard(pattern) else { return exists(pattern) ? [pattern] : [] }
        var found: [[UInt8]] = pattern.first == UInt8(ascii: "/") ? [[UInt8(ascii: "/")]] : [[]]
        for name in pattern.split(separator: UInt8(ascii: "/")).map(Array.init) {
            var next: [[UInt8]] = []
            for folder in found {
                let names = hasWildcard(name) ? self.names(in: folder).filter { fits($0, name) } : [name]
                next += names.map { joined(folder, $0) }.filter(exists)
            }
            found = next
        }
        return found
    }

    private static func hasWildcard(_ bytes: [UInt8]) -> Bool { bytes.contains { "*?[\\".utf8.contains($0) } }

    private static func joined(_ folder: [UInt8], _ name: [UInt8]) -> [UInt8] {
        folder.isEmpty || folder.last == UInt8(ascii: "/") ? folder + name : folder + [UInt8(ascii: "/")] + name
    }

    private static func exists(_ path: [UInt8]) -> Bool {
        var status = stat()
        return lstat(text(path), &status) == 0
    }

    private static func fits(_ name: [UInt8], _ pattern: [UInt8]) -> Bool { fnmatch(text(pattern), text(name), 0) == 0 }

    private static func names(in folder: [UInt8]) -> [[UInt8]] {
        guard let stream = opendir(text(folder.isEmpty ? [UInt8(ascii: ".")] : folder)) else { return [] }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
        while let entry = readdir(stream) {
            // The entry is valid until the next call, its name ends in a NUL.
            let name = (UnsafeRawPointer(entry) + offset).assumingMemoryBound(to: UInt8.self)
            var count = 0
            while name[count] != 0 { count += 1 }
            let bytes = Array(UnsafeBufferPointer(start: name, count: count))
            if bytes != Array(".".utf8), bytes != Array("..".utf8) { names.append(bytes) }
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }

    private static func text(_ bytes: [UInt8]) -> [CChar] { bytes.map { CChar(bitPattern: $0) } + [0] }
}

// Where segments live on this machine. Everything here may be deleted at any time; it is made again.

import HikaeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Names and folders of the index cache.
enum IndexCache {
    /// The segment files in a repository's cache folder.
    static func segmentPaths(in directory: String) -> [String] {
        names(in: directory).filter { $0.hasPrefix("index-") && $0.hasSuffix(".segment") }.sorted()
            .map { "\(directory)/\($0)" }
    }

    private static func names(in directory: String) -> [String] {
        guard let handle = opendir(directory) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        return names
    }

    /// Where segments are built: the cache folder, made if it is not there, or the folder for temporary files when
    /// there is no cache or it cannot be used.
    static func workDirectory(_ cacheDirectory: String?) -> String {
        if let cacheDirectory, makeDirectories(cacheDirectory) { return cacheDirectory }
        return temporaryDirectory
    }

    private static var temporaryDirectory: String {
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? ""
        return folder.isEmpty ? "/tmp" : folder
    }

    /// Writes the builder's entries as a segment: kept in the cache folder, or without a name in the folder for
    /// temporary files when there is no cache or it cannot be used. A cache is a help, never a condition.
    static func build(_ builder: inout IndexSegmentBuilder, _ cacheDirectory: String?) throws(HikaeError)
        -> IndexSegment
    {
        let name = "index-\(builder.count)-\(Hex.encode(randomBytes())).segment"
        if let cacheDirectory, makeDirectories(cacheDirectory),
            let segment = try? builder.build(path: "\(cacheDirectory)/\(name)", unlink: false)
        {
            return segment
        }
        return try builder.build(path: "\(temporaryDirectory)/\(name)", unlink: true)
    }

    /// Removes what runs that died left behind more than a day ago.
    static func removeLeftovers(in directory: String) {
        let now = time(nil)
        for name in names(in: directory) where name.hasPrefix("run-") || name.hasSuffix(".tmp") {
            let path = "\(directory)/\(name)"
            var status = stat()
            guard lstat(path, &status) == 0, now - status.st_mtim.tv_sec > 86_400 else { continue }
            _ = remove(path)
        }
    }

    private static func randomBytes() -> [UInt8] { (0..<8).map { _ in UInt8.random(in: 0...255) } }

    /// Makes a folder and those above it, readable by its owner alone. Whether it is there afterwards.
    static func makeDirectories(_ path: String) -> Bool {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return true }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return false }
        guard makeDirectories(String(path[..<slash])) else { return false }
        return mkdir(path, 0o700) == 0 || errno == EEXIST
    }
}

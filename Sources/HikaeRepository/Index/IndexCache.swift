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
        guard let handle = opendir(directory) else { return [] }
        defer { closedir(handle) }
        var paths: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasPrefix("index-"), name.hasSuffix(".segment") { paths.append("\(directory)/\(name)") }
        }
        return paths.sorted()
    }

    /// Where segments are built: the cache folder, made if it is not there, or the folder for temporary files.
    static func workDirectory(_ cacheDirectory: String?) throws(HikaeError) -> String {
        guard let cacheDirectory else {
            guard let folder = getenv("TMPDIR") else { return "/tmp" }
            return String(cString: folder)
        }
        try makeDirectories(cacheDirectory)
        return cacheDirectory
    }

    /// Writes the builder's entries as a segment: kept in the cache folder, or without a name when there is none.
    static func build(_ builder: inout IndexSegmentBuilder, _ cacheDirectory: String?) throws(HikaeError)
        -> IndexSegment
    {
        let directory = try workDirectory(cacheDirectory)
        let name = "index-\(builder.count)-\(Hex.encode(randomBytes())).segment"
        return try builder.build(path: "\(directory)/\(name)", unlink: cacheDirectory == nil)
    }

    private static func randomBytes() -> [UInt8] { (0..<8).map { _ in UInt8.random(in: 0...255) } }

    /// Makes a folder and those above it, readable by its owner alone.
    static func makeDirectories(_ path: String) throws(HikaeError) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw HikaeError.system("make the folder", path)
        }
        try makeDirectories(String(path[..<slash]))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw HikaeError.system("make the folder", path) }
    }
}

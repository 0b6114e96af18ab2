// Where `init` may make a repository: in a folder that is new, empty, or holds what an unfinished `init` left there.
// Anything else is somebody's own, and a repository strewn among it would be hard to tell apart.

import HikaeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The folder of a repository that is to be made.
enum NewPlace {
    /// What a repository has at its top, and what a filesystem of its own has.
    private static let layout: Set<String> = ["config", "data", "index", "keys", "locks", "snapshots", "lost+found"]

    /// Throws `.refused` for a folder on this machine that holds anything else. One that is not there or cannot be
    /// listed is left to whoever makes the repository.
    static func check(_ folder: String) throws(HikaeError) {
        guard let listing = opendir(folder) else { return }
        defer { closedir(listing) }
        while let entry = readdir(listing) {
            let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            let name = ArgumentBytes.string(bytes)
            // A config that was being written when the program was stopped has more behind its name.
            if name == "." || name == ".." || layout.contains(name) || name.hasPrefix("config-tmp-") { continue }
            throw HikaeError(
                .refused, "\(folder) is not empty and no repository: \(Words.safe(bytes)) is in it",
                hint: "Nothing was changed. Choose an empty or new folder.")
        }
    }
}

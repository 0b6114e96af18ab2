// The locks that Hikae made on this very machine, as its cache folder remembers them. A host name and a process number
// alone do not tell: containers share host names, and number their processes anew.

import HikaeCore
import HikaeFormat
import HikaeStore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Saves and removes lock files, with a note of each in the local cache.
struct OwnLocks {
    private let repository: Repository
    private let folder: String?

    init(_ repository: Repository) {
        self.repository = repository
        folder = repository.cacheDirectory.map { "\($0)/locks" }
    }

    /// Saves a lock file and notes where it was made.
    func save(_ lock: LockFile) throws(HikaeError) -> FileID {
        let id = try repository.saveUnpacked(.lock, lock.encoded())
        if let folder, IndexCache.makeDirectories(folder), let note = fopen("\(folder)/\(id.hex)", "w") {
            fputs(Self.place, note)
            fclose(note)
        }
        return id
    }

    /// Removes a lock file and its note.
    func remove(_ id: FileID) throws(HikaeError) {
        if let folder { _ = unlink("\(folder)/\(id.hex)") }
        try repository.removeFile(.lock, id)
    }

    /// Whether Hikae made this lock on this machine, since it was started, in this process namespace: only then does
    /// a process number that is gone prove that the holder is.
    func madeHere(_ id: FileID) -> Bool {
        guard let folder, let note = fopen("\(folder)/\(id.hex)", "r") else { return false }
        defer { fclose(note) }
        var line = [CChar](repeating: 0, count: 256)
        guard fgets(&line, 256, note) != nil else { return false }
        let found = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return !found.isEmpty && found == Self.place
    }

    /// This start of this machine, and this namespace of process numbers.
    private static let place: String = {
        var boot = [CChar](repeating: 0, count: 64)
        if let file = fopen("/proc/sys/kernel/random/boot_id", "r") {
            _ = fgets(&boot, 40, file)
            fclose(file)
        }
        var namespace = stat()
        _ = stat("/proc/self/ns/pid", &namespace)
        let id = String(decoding: boot.prefix { $0 > 32 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return id.isEmpty ? "" : "\(id) \(namespace.st_ino)"
    }()
}

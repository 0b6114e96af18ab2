// The last of a disk is not for uploads: locks need some of it, so that one can restore from a full vault; the log, the book
// of agreement and the record of time need some, so that a veto can be written down however full somebody has made it.

internal import HikaeCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// How much of the vault's disk is kept free.
struct DiskRoom: Sendable {
    /// A path on the disk.
    let path: String
    /// Bytes that are kept free at most; a small disk keeps a sixty-fourth of itself.
    let most: UInt64

    /// Throws `.noSpace` when the disk is as full as it may become. For a lock it may become fuller.
    func check(forLock isLock: Bool = false) throws(HikaeError) {
        var status = statvfs()
        // Who cannot say how full the disk is finds out by writing.
        guard statvfs(path, &status) == 0 else { return }
        let unit = UInt64(status.f_frsize)
        let kept = min(most, UInt64(status.f_blocks) * unit / 64)
        guard UInt64(status.f_bavail) * unit >= (isLock ? kept / 2 : kept) else {
            throw .system("store in", path, errno: ENOSPC)
        }
    }
}

// Tells a file from the one that stood there before, without reading it.

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A file's identity on the disk; another one means another content, or other rights.
struct FileStamp: Equatable, Sendable {
    private var device: UInt64 = 0
    private var inode: UInt64 = 0
    private var size: Int64 = -1
    private var times: [Int] = []

    /// Of what stands at `path`, links followed; of nothing when nothing does.
    init(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return }
        (device, inode, size) = (UInt64(status.st_dev), UInt64(status.st_ino), Int64(status.st_size))
        times = [
            status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
        ]
    }
}

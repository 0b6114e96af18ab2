// A pipe that stays ours: a program started by another thread at the same moment never inherits an end of it, and so
// never keeps its reader waiting.

internal import CLinux

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The two ends of a pipe. Whoever made it closes them.
public struct SystemPipe: Sendable {
    /// Where what was written comes out.
    public let read: Int32
    /// Where to write.
    public let write: Int32

    /// Makes a pipe for `purpose`, which messages name. Throws `.inputOutput` when the system has none left.
    public init(for purpose: String) throws(HikaeError) {
        var ends: [Int32] = [-1, -1]
        #if canImport(Glibc)
            guard pipe2(&ends, O_CLOEXEC) == 0 else { throw .system("make a pipe for", purpose) }
        #else
            guard pipe(&ends) == 0 else { throw .system("make a pipe for", purpose) }
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        #endif
        (read, write) = (ends[0], ends[1])
    }
}

// How many files and connections the system lets this process have open. Each request may hold a connection and a file.

internal import HikaeCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The bound on open files.
enum OpenFiles {
    /// Files that the server has open for itself: logs, books, listeners.
    private static let own = 256

    /// Raises the bound for so many connections as far as the system allows. Returns the connections for which it is enough.
    static func makeRoom(forConnections wanted: Int) -> Int {
        var limit = rlimit()
        #if canImport(Glibc)
            let resource = __rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue))
        #else
            let resource = RLIMIT_NOFILE
        #endif
        guard getrlimit(resource, &limit) == 0 else { return wanted }
        let needed = rlim_t(2 * wanted + own)
        if limit.rlim_cur < needed {
            limit.rlim_cur = min(needed, limit.rlim_max)
            guard setrlimit(resource, &limit) == 0, getrlimit(resource, &limit) == 0 else { return wanted }
        }
        guard limit.rlim_cur < needed else { return wanted }
        return max(16, (Int(limit.rlim_cur) - own) / 2)
    }
}

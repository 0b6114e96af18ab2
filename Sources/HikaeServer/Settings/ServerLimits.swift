// The bounds on everything that a client can make the server do. None of them depends on what a client says.

/// What no client of a vault server may exceed.
public struct ServerLimits: Sendable {
    /// Bytes of a pack or a parity file. restic's packs are 4 to 128 MiB and a little.
    public var packBytes = 256 << 20
    /// Bytes of an index or a snapshot.
    public var indexBytes = 256 << 20
    /// Bytes of a key, a lock or the config.
    public var smallBytes = 1 << 20
    /// Locks that one repository holds at once.
    public var locks = 2000
    /// Keys that one repository holds. Clients try one after the other, and nobody removes any over the network.
    public var keys = 100
    /// Bytes of the disk that uploads leave free.
    public var freeBytes: UInt64 = 64 << 20
    /// Bytes that the requests of one tenant may hold in memory at once: bodies of routes, and lists.
    public var tenantMemoryBytes = 128 << 20
    /// Repositories of one tenant.
    public var repositories = 100
    /// Bytes of a request's path and query.
    public var pathBytes = 1024
    /// Bytes of all header fields together, and their number.
    public var headerBytes = 16 << 10
    public var headerFields = 64
    /// Connections at once, and from one address.
    public var connections = 2048
    public var connectionsPerAddress = 1024
    /// Seconds that a connection may be without a whole request head.
    public var idleSeconds = 60
    /// Seconds of waiting that any body may cost, beside what its bytes are worth.
    public var patienceSeconds = 30.0
    /// Bytes a second that a client must bring or take in the long run.
    public var bytesPerSecond = 4096.0
    /// Requests a second that one user may make in the long run, and in one burst.
    public var requestsPerSecond = 2000.0
    public var requestBurst = 6000.0
    /// Failed logins in a burst from one address for one user, and seconds until one is forgotten.
    public var failedLogins = 10
    public var failedLoginSeconds = 6.0
    /// Threads that read and write files.
    public var threads = 24
    /// Bytes of one file of the audit log before the next is begun.
    public var auditFileBytes = 64 << 20
    /// Seconds that requests under way have to end when the server is stopped.
    public var stopSeconds = 8.0

    /// The usual bounds.
    public init() {}
}

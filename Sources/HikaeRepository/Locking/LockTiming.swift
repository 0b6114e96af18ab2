// The delays of locking, in one place. restic uses the same ones; changing them alone would break the agreement.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Delays in seconds.
public struct LockTiming: Sendable {
    /// Between writing a lock and looking again whether another was written at the same time.
    public var settle = 0.2
    /// Between two renewals.
    public var refresh = 300.0
    /// Between a renewal that failed and the next try.
    public var refreshRetry = 30.0
    /// Without a renewal for this long, the work stops: others may soon call the lock stale.
    public var abandon = 1500.0
    /// Between two tries while waiting for others.
    public var retryPause = 1.0
    /// Age at which a lock counts as stale.
    public static let stale = 1800.0

    public init() {}
}

/// Sleeps, resuming when a signal interrupts.
func sleepSeconds(_ seconds: Double) {
    var left = timespec(tv_sec: Int(seconds), tv_nsec: Int((seconds - seconds.rounded(.down)) * 1e9))
    var rest = timespec()
    while nanosleep(&left, &rest) != 0, errno == EINTR { left = rest }
}

// Waiting, as something that tests can replace. Whatever pauses in this target pauses through it.

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A clock that only measures and waits; it knows no date. Times are nanoseconds since some fixed instant.
public protocol PaceClock: Sendable {
    /// Nanoseconds, never going back.
    func now() -> UInt64
    /// Returns when `nanoseconds` have passed.
    func sleep(nanoseconds: UInt64)
}

/// The machine's monotonic clock.
public struct SystemPaceClock: PaceClock {
    /// The machine has one such clock; all values are the same.
    public init() {}

    /// The time.
    public func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Waits.
    public func sleep(nanoseconds: UInt64) {
        var left = timespec(
            tv_sec: time_t(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        var rest = timespec()
        while nanosleep(&left, &rest) != 0, errno == EINTR { left = rest }
    }
}

// Time that only goes forward: for how long things take, never for when they were.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A clock that no one sets.
public enum MonotonicTime {
    /// Seconds since some moment that is the same for this boot of the machine.
    public static func seconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

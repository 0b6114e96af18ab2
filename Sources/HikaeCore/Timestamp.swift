// Points in time as restic's JSON holds them: seconds, nanoseconds and the zone they were written in.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A point in time, to the nanosecond, with the zone offset that it is written in. Compared by instant alone.
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Seconds since 1970-01-01T00:00:00Z; may be negative.
    public var seconds: Int64
    /// 0 to 999,999,999.
    public var nanoseconds: Int32
    /// Seconds east of UTC in which the time is shown.
    public var offset: Int32

    @inlinable
    public init(seconds: Int64, nanoseconds: Int32 = 0, offset: Int32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
        self.offset = offset
    }

    /// Go's zero time, 0001-01-01T00:00:00Z: what restic writes where no time is known.
    public static let zero = Timestamp(seconds: -62_135_596_800)

    @inlinable
    public static func == (left: Self, right: Self) -> Bool {
        left.seconds == right.seconds && left.nanoseconds == right.nanoseconds
    }

    @inlinable
    public static func < (left: Self, right: Self) -> Bool {
        left.seconds != right.seconds ? left.seconds < right.seconds : left.nanoseconds < right.nanoseconds
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(seconds)
        hasher.combine(nanoseconds)
    }

    /// The instant moved by `seconds`, in the same zone.
    public func adding(seconds delta: Int64) -> Timestamp {
        Timestamp(seconds: seconds &+ delta, nanoseconds: nanoseconds, offset: offset)
    }

    /// The same instant in this machine's time zone (`TZ`, `/etc/localtime`).
    public var inLocalZone: Timestamp {
        Timestamp(seconds: seconds, nanoseconds: nanoseconds, offset: LocalZone.offset(at: seconds))
    }

    /// Whether the year lies in 0 to 9999, all that RFC 3339 can write.
    public var isWritable: Bool { (-62_167_219_200...253_402_300_799).contains(seconds &+ Int64(offset)) }
}

/// This machine's time zone.
public enum LocalZone {
    /// Seconds east of UTC at the given instant.
    public static func offset(at seconds: Int64) -> Int32 {
        var time = time_t(seconds)
        var parts = tm()
        guard localtime_r(&time, &parts) != nil else { return 0 }
        return Int32(parts.tm_gmtoff)
    }
}

/// Where the time comes from. Tests set it; nothing else in Hikae may ask the system for it.
public protocol WallClock: Sendable {
    /// Now, in the zone that times are to be written in.
    func now() -> Timestamp
}

/// The machine's own clock, in its local zone.
public struct SystemClock: WallClock {
    public init() {}

    /// The time by the system's clock, in the local zone.
    public func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int32(time.tv_nsec)).inLocalZone
    }
}

// Clocks that stand still until a test moves them.

public import HikaeCore
public import HikaeStore
internal import Synchronization

/// A wall clock that shows what it was set to.
public final class FixedClock: WallClock {
    private let time: Mutex<Timestamp>

    /// Stands at `time`; by default on the day everything was lost, 2012-06-20T17:00:00+09:00.
    public init(_ time: Timestamp = Timestamp(seconds: 1_340_179_200, offset: 32400)) { self.time = Mutex(time) }

    /// The time.
    public func now() -> Timestamp { time.withLock { $0 } }

    /// Sets the clock, also back.
    public func set(_ new: Timestamp) { time.withLock { $0 = new } }

    /// Moves the clock by `seconds`.
    public func advance(seconds: Int64) { time.withLock { $0 = $0.adding(seconds: seconds) } }
}

/// A pace clock on which a pause takes no time and leaves a mark.
public final class ManualPaceClock: PaceClock {
    private let state = Mutex<(now: UInt64, pauses: [UInt64])>((0, []))

    /// Begins at 0.
    public init() {}

    /// The time.
    public func now() -> UInt64 { state.withLock { $0.now } }

    /// Moves the clock on at once and remembers the pause.
    public func sleep(nanoseconds: UInt64) {
        state.withLock {
            $0.now += nanoseconds
            $0.pauses.append(nanoseconds)
        }
    }

    /// Moves the clock on without a pause having been asked for.
    public func advance(nanoseconds: UInt64) { state.withLock { $0.now += nanoseconds } }

    /// All pauses so far, in nanoseconds.
    public var pauses: [UInt64] { state.withLock { $0.pauses } }
}

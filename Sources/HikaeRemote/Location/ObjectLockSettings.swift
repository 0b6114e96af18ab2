// The lock that a store puts on what it keeps: how hard it is, and how long it lasts.

/// Under which lock every object is written.
public struct ObjectLockSettings: Sendable, Equatable {
    /// Who may lift a lock before its time.
    public enum Mode: String, Sendable, CaseIterable {
        /// Whoever has the right to bypass it.
        case governance
        /// Nobody, not even the account's owner.
        case compliance
    }

    public var mode: Mode
    /// Days from the writing, or the last renewal; at least 1.
    public var days: Int

    /// Traps for less than a day, or more than a century.
    public init(mode: Mode, days: Int) {
        precondition((1...36_500).contains(days))
        (self.mode, self.days) = (mode, days)
    }
}

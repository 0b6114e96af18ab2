// When to try again and how long to wait first: a decision without I/O or clock.

/// Exponential backoff with jitter.
public struct RetryPolicy: Sendable, Hashable {
    /// Calls made in all, the first included; at least 1.
    public var attempts: Int
    /// The longest first pause, in nanoseconds.
    public var firstPause: UInt64
    /// What pauses grow to, in nanoseconds.
    public var longestPause: UInt64

    /// Traps unless there is at least one attempt, and a first pause of at least 1 and at most the longest.
    public init(attempts: Int, firstPause: UInt64, longestPause: UInt64) {
        precondition(attempts >= 1 && firstPause >= 1 && longestPause >= firstPause)
        (self.attempts, self.firstPause, self.longestPause) = (attempts, firstPause, longestPause)
    }

    /// Ten calls, pauses of up to half a second doubling to a minute: about four minutes before giving up.
    public static let standard = RetryPolicy(
        attempts: 10, firstPause: 500_000_000, longestPause: 60_000_000_000)

    /// Five calls within some ten seconds, for a place that has not answered yet: a mistyped host is told soon, and a
    /// server that is only just restarting is not given up.
    public static let contact = RetryPolicy(attempts: 5, firstPause: 500_000_000, longestPause: 8_000_000_000)

    /// Nanoseconds to wait before another call, when `failures` have failed so far; nil when it was the last.
    ///
    /// The pause is drawn from the upper half of its range, so that clients that failed together do not come back
    /// together.
    public func pause(
        after failures: Int, using generator: inout some RandomNumberGenerator
    ) -> UInt64? {
        precondition(failures >= 1)
        guard failures < attempts else { return nil }
        var longest = firstPause
        for _ in 1..<failures where longest < longestPause {
            longest = min(longest.addingClamped(longest), longestPause)
        }
        return UInt64.random(in: longest / 2...longest, using: &generator)
    }
}

extension UInt64 {
    fileprivate func addingClamped(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}

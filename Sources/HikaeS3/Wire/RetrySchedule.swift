// How often and how soon a request that failed is made again.

/// Delays between attempts: doubled each time, shortened by chance so that many clients do not come back at once.
package struct RetrySchedule: Sendable {
    /// Attempts in all.
    package var attempts = 7
    /// Seconds before the second attempt, at most.
    package var first = 0.5
    /// Seconds before any attempt, at most; also of what the server asks for.
    package var longest = 30.0

    package init(attempts: Int = 7, first: Double = 0.5, longest: Double = 30.0) {
        (self.attempts, self.first, self.longest) = (attempts, first, longest)
    }

    /// The schedule for a server that has never answered: a mistyped endpoint is told soon, and one that is only just
    /// restarting is not given up. Some three seconds at most, besides what the attempts themselves take.
    var contact: RetrySchedule {
        RetrySchedule(attempts: min(attempts, 5), first: min(first, 0.4), longest: min(longest, 1.2))
    }

    /// Seconds after which a server that has never answered is not asked again: one that swallows what is sent to it lets
    /// each attempt take its time.
    static let contactSeconds = 6.0

    /// Seconds to wait after the `attempt`th attempt failed, counted from 1; nil to give up.
    ///
    /// - Parameters:
    ///   - asked: what the server's `Retry-After` said, in seconds. It is honoured: never less, and when it is more
    ///     than `longest`, that.
    ///   - chance: from 0 to 1.
    func delay(after attempt: Int, asked: Double?, chance: Double) -> Double? {
        guard attempt < attempts else { return nil }
        var ceiling = first
        for _ in 1..<max(1, attempt) where ceiling < longest { ceiling *= 2 }
        let own = min(ceiling, longest) * (0.5 + chance / 2)
        return max(own, min(asked ?? 0, longest))
    }
}

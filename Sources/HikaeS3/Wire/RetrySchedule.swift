// How often and how soon a request that failed is made again.

/// Delays between attempts: doubled each time, shortened by chance so that many clients do not come back at once.
struct RetrySchedule: Sendable {
    /// Attempts in all.
    var attempts = 7
    /// Seconds before the second attempt, at most.
    var first = 0.5
    /// Seconds before any attempt, at most; also of what the server asks for.
    var longest = 30.0

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

/// How long a server may keep us waiting.
struct Patience: Sendable {
    /// Seconds until a connection stands.
    var connect = 15.0
    /// Seconds in which nothing comes.
    var silence = 60.0
    /// In so many seconds at least so many bytes of a body must come, or the connection counts as broken.
    var window = 60.0
    var windowBytes = 4096
}

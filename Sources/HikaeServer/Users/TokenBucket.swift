// So many a second in the long run, so many at once. Told the time; asks no clock.

/// A rate with a burst.
struct TokenBucket: Sendable {
    /// Tokens a second.
    let rate: Double
    /// Tokens at most.
    let burst: Double
    private var tokens: Double
    private var filled: Double?

    init(rate: Double, burst: Double) { (self.rate, self.burst, tokens) = (rate, burst, burst) }

    /// Takes a token if there is one.
    mutating func take(at now: Double) -> Bool {
        fill(now)
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }

    /// Seconds until there is a token; nil when there is one.
    mutating func secondsIfEmpty(at now: Double) -> Int? {
        fill(now)
        return tokens >= 1 ? nil : seconds(at: now)
    }

    /// Whether it is as full as at its beginning, so that it can be forgotten.
    mutating func isFull(at now: Double) -> Bool {
        fill(now)
        return tokens >= burst
    }

    /// Seconds until there is a token, at least one.
    mutating func seconds(at now: Double) -> Int {
        fill(now)
        return max(1, Int(((1 - tokens) / rate).rounded(.up)))
    }

    private mutating func fill(_ now: Double) {
        if let filled { tokens = min(burst, tokens + max(0, now - filled) * rate) }
        filled = now
    }
}

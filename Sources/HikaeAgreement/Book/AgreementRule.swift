// How many must agree and how long it takes. What makes it stricter holds at once; what makes it laxer waits as long as
// a removal would, so that nobody gets round the delay by first abolishing it.

/// So many approvals, so many seconds.
public struct AgreementRule: Sendable, Equatable {
    /// 30 days.
    public static let usualDelay: UInt64 = 30 * 86400
    /// Ten years: what is longer is a slip of the hand.
    public static let maximumDelay: UInt64 = 3650 * 86400
    /// More people than that are not asked.
    public static let maximumPeople = 100

    /// Approvals that are needed.
    public var threshold: Int
    /// Seconds of the vault's own time between a proposal and its effect.
    public var delay: UInt64

    /// A rule of these values.
    public init(threshold: Int, delay: UInt64) { (self.threshold, self.delay) = (threshold, delay) }

    /// Whether it is one that can be asked for.
    public var isSane: Bool { (1...Self.maximumPeople).contains(threshold) && delay <= Self.maximumDelay }
}

/// The rule in force, and the laxer one that waits.
struct RuleHistory: Sendable {
    private(set) var current: AgreementRule?
    private(set) var coming: (rule: AgreementRule, from: UInt64)?

    /// The rule at a time; nil before the first one was given.
    func rule(at time: UInt64) -> AgreementRule? {
        if let coming, time >= coming.from { return coming.rule }
        return current
    }

    mutating func ask(_ wanted: AgreementRule, at time: UInt64) {
        guard let now = rule(at: time) else {
            (current, coming) = (wanted, nil)
            return
        }
        let strict = AgreementRule(
            threshold: max(now.threshold, wanted.threshold), delay: max(now.delay, wanted.delay))
        current = strict
        // What waited before is void: who asks again means only what is asked now.
        coming = strict == wanted ? nil : (wanted, time.addingOrMaximum(now.delay))
    }

    /// All that waits begins to wait anew.
    mutating func restart(before: UInt64, at time: UInt64) {
        current = rule(at: before)
        guard let waiting = coming else { return }
        if before >= waiting.from {
            coming = nil
        } else {
            coming = (waiting.rule, time.addingOrMaximum(current?.delay ?? 0))
        }
    }
}

extension UInt64 {
    /// The sum, or the largest number there is.
    func addingOrMaximum(_ other: UInt64) -> UInt64 {
        let (sum, isOver) = addingReportingOverflow(other)
        return isOver ? .max : sum
    }
}

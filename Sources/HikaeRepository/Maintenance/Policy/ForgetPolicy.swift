// Which snapshots a retention policy keeps, and why. Pure: no store, no clock of its own.

public import HikaeCore
import HikaeFormat

/// How many of each kind a policy may still keep; shown beside restic's reasons.
public struct ForgetCounters: Sendable, Equatable {
    public var last, hourly, daily, weekly, monthly, yearly: Int

    public init(last: Int = 0, hourly: Int = 0, daily: Int = 0, weekly: Int = 0, monthly: Int = 0, yearly: Int = 0) {
        (self.last, self.hourly, self.daily) = (last, hourly, daily)
        (self.weekly, self.monthly, self.yearly) = (weekly, monthly, yearly)
    }
}

/// What a policy says of one snapshot.
public struct ForgetDecision: Sendable {
    public var entry: NamedSnapshot
    public var isKept: Bool
    /// restic's words for each rule that keeps the snapshot; empty when none does.
    public var reasons: [String]
    /// What was left of each count after this snapshot.
    public var counters: ForgetCounters
}

/// Which snapshots to keep, with restic's rules. Counts: 0 keeps none, -1 keeps all of its kind.
public struct ForgetPolicy: Sendable, Equatable {
    public var last = 0
    public var hourly = 0
    public var daily = 0
    public var weekly = 0
    public var monthly = 0
    public var yearly = 0
    /// Everything newer than this before the newest snapshot.
    public var within = CalendarDuration()
    public var withinHourly = CalendarDuration()
    public var withinDaily = CalendarDuration()
    public var withinWeekly = CalendarDuration()
    public var withinMonthly = CalendarDuration()
    public var withinYearly = CalendarDuration()
    /// Snapshots that bear all tags of any of these lists.
    public var tags: [TagList] = []
    /// Whether the oldest snapshot fills a count that is not used up, as restic does since 0.15; 0.14 did not.
    public var keepsOldest = true

    public init() {}

    /// Whether no rule is set. Such a policy keeps everything.
    public var isEmpty: Bool {
        var empty = ForgetPolicy()
        empty.keepsOldest = keepsOldest
        return self == empty
    }

    /// Refuses counts below -1 and negative durations.
    public func validate() throws(HikaeError) {
        guard [last, hourly, daily, weekly, monthly, yearly].allSatisfy({ $0 >= -1 }) else {
            throw HikaeError(.usage, "negative values other than -1 are not allowed for --keep-*")
        }
        let spans = [within, withinHourly, withinDaily, withinWeekly, withinMonthly, withinYearly]
        guard !spans.contains(where: \.isNegative) else {
            throw HikaeError(.usage, "durations containing negative values are not allowed for --keep-within*")
        }
    }

    /// What to keep of one group of snapshots, newest first.
    ///
    /// Spans count back from the newest snapshot that is not in the future of `now`. Calendar units are those of
    /// the zone that each snapshot was made in.
    public func apply(_ snapshots: [NamedSnapshot], now: Timestamp) -> [ForgetDecision] {
        let list = snapshots.sorted { left, right in
            left.snapshot.time != right.snapshot.time
                ? left.snapshot.time > right.snapshot.time : left.id < right.id
        }
        guard !isEmpty else {
            return list.map {
                ForgetDecision(entry: $0, isKept: true, reasons: ["policy is empty"], counters: ForgetCounters())
            }
        }
        var newest = Timestamp.zero
        for entry in list where entry.snapshot.time > newest && entry.snapshot.time < now {
            newest = entry.snapshot.time
        }
        var state = PolicyState(policy: self, newest: newest)
        return list.enumerated().map { number, entry in
            let reasons = state.reasons(for: entry.snapshot, number: number, isOldest: number == list.count - 1)
            return ForgetDecision(
                entry: entry, isKept: !reasons.isEmpty, reasons: reasons, counters: state.counters)
        }
    }
}

extension ForgetPolicy: CustomStringConvertible {
    public var description: String {
        var counts: [String] = []
        for (count, name) in [
            (last, "latest"), (hourly, "hourly"), (daily, "daily"), (weekly, "weekly"), (monthly, "monthly"),
            (yearly, "yearly"),
        ] {
            if count > 0 { counts.append("\(count) \(name)") } else if count == -1 { counts.append("all \(name)") }
        }
        var spans: [String] = []
        for (span, name) in [
            (withinHourly, "hourly"), (withinDaily, "daily"), (withinWeekly, "weekly"), (withinMonthly, "monthly"),
            (withinYearly, "yearly"),
        ] where !span.isZero {
            spans.append("\(name) snapshots within \(span)")
        }
        var text = counts.isEmpty ? "" : "\(counts.joined(separator: ", ")) snapshots"
        if !spans.isEmpty { text += (text.isEmpty ? "" : ", ") + spans.joined(separator: ", ") }
        if !tags.isEmpty {
            let lists = tags.map(\.description).joined(separator: " ")
            text += (text.isEmpty ? "" : " and ") + "all snapshots with tags [\(lists)]"
        }
        if !within.isZero { text += (text.isEmpty ? "" : " and ") + "all snapshots within \(within) of the newest" }
        return text.isEmpty ? "remove" : "keep \(text)"
    }
}

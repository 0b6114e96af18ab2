// The running state of a policy while it goes from the newest snapshot to the oldest.

import HikaeCore
import HikaeFormat

/// What a policy has used up so far. Fed snapshots newest first.
struct PolicyState {
    /// A calendar unit that snapshots are counted by.
    private enum Unit: CaseIterable {
        case each, hour, day, week, month, year

        /// A number that is equal for two snapshots in the same unit of their own zones' calendars.
        func number(of time: Timestamp, position: Int) -> Int {
            if self == .each { return position }
            let date = CivilDate(secondsSince1970: time.seconds &+ Int64(time.offset))
            switch self {
            case .each: return position
            case .hour: return date.year * 1_000_000 + date.month * 10_000 + date.day * 100 + date.hour
            case .day: return date.year * 10_000 + date.month * 100 + date.day
            case .week: return date.isoWeek
            case .month: return date.year * 100 + date.month
            case .year: return date.year
            }
        }
    }

    /// One `--keep-…` rule with a count.
    private struct CountRule {
        var left: Int
        let unit: Unit
        let name: String
        var last = -1
    }

    /// One `--keep-within-…` rule.
    private struct SpanRule {
        let span: CalendarDuration
        let after: Timestamp
        let unit: Unit
        let name: String
        var last = -1
    }

    private let policy: ForgetPolicy
    private let withinAfter: Timestamp
    private var counts: [CountRule]
    private var spans: [SpanRule]

    init(policy: ForgetPolicy, newest: Timestamp) {
        self.policy = policy
        withinAfter = policy.within.before(newest)
        counts = [
            CountRule(left: policy.last, unit: .each, name: "last snapshot"),
            CountRule(left: policy.hourly, unit: .hour, name: "hourly snapshot"),
            CountRule(left: policy.daily, unit: .day, name: "daily snapshot"),
            CountRule(left: policy.weekly, unit: .week, name: "weekly snapshot"),
            CountRule(left: policy.monthly, unit: .month, name: "monthly snapshot"),
            CountRule(left: policy.yearly, unit: .year, name: "yearly snapshot"),
        ]
        let named: [(CalendarDuration, Unit, String)] = [
            (policy.withinHourly, .hour, "hourly within"), (policy.withinDaily, .day, "daily within"),
            (policy.withinWeekly, .week, "weekly within"), (policy.withinMonthly, .month, "monthly within"),
            (policy.withinYearly, .year, "yearly within"),
        ]
        spans = named.filter { !$0.0.isZero }
            .map { SpanRule(span: $0.0, after: $0.0.before(newest), unit: $0.1, name: $0.2) }
    }

    var counters: ForgetCounters {
        ForgetCounters(
            last: counts[0].left, hourly: counts[1].left, daily: counts[2].left, weekly: counts[3].left,
            monthly: counts[4].left, yearly: counts[5].left)
    }

    /// The rules that keep the next snapshot, in restic's words and order; empty when none does.
    mutating func reasons(for snapshot: Snapshot, number: Int, isOldest: Bool) -> [String] {
        var reasons: [String] = []
        for list in policy.tags where list.matches(snapshot.tags) { reasons.append("has tags \(list)") }
        if !policy.within.isZero, snapshot.time > withinAfter { reasons.append("within \(policy.within)") }
        for index in counts.indices where counts[index].left > 0 || counts[index].left == -1 {
            let value = counts[index].unit.number(of: snapshot.time, position: number)
            let isNew = value != counts[index].last
            guard isNew || (isOldest && policy.keepsOldest) else { continue }
            counts[index].last = value
            if counts[index].left > 0 { counts[index].left -= 1 }
            reasons.append(isNew ? counts[index].name : "oldest \(counts[index].name)")
        }
        for index in spans.indices where snapshot.time > spans[index].after {
            let value = spans[index].unit.number(of: snapshot.time, position: number)
            let isNew = value != spans[index].last
            guard isNew || (isOldest && policy.keepsOldest) else { continue }
            spans[index].last = value
            reasons.append("\(isNew ? "" : "oldest ")\(spans[index].name) \(spans[index].span)")
        }
        return reasons
    }
}

extension CivilDate {
    /// The ISO 8601 week as year × 100 + week; the year is the week's, not the date's.
    var isoWeek: Int {
        let days = daysSince1970
        // 1970-01-01 was a Thursday; Monday is 0.
        let weekday = ((days + 3) % 7 + 7) % 7
        let thursday = days - weekday + 3
        let year = CivilDate(secondsSince1970: Int64(thursday) * 86400).year
        let week = (thursday - CivilDate(year: year, month: 1, day: 1).daysSince1970) / 7 + 1
        return year * 100 + week
    }
}

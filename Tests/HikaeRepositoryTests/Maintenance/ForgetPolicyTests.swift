// What a retention policy keeps and why.

import HikaeCore
import HikaeFormat
import HikaeTesting
import Testing

@testable import HikaeRepository

@Suite("A retention policy")
struct ForgetPolicyTests {
    private let now = Timestamp(seconds: 1_500_000_000)

    private func snapshots(_ times: [String], tags: [String: [String]] = [:]) throws -> [NamedSnapshot] {
        try times.enumerated().map { number, text in
            var snapshot = Snapshot(
                time: try #require(Timestamp(rfc3339: text)), tree: BlobID(words: 0, 0, 0, 1), paths: ["/"])
            snapshot.tags = tags[text] ?? []
            return NamedSnapshot(id: FileID(words: UInt64(number), 0, 0, 0), snapshot: snapshot)
        }
    }

    private func kept(
        _ times: [String], tags: [String: [String]] = [:], keepsOldest: Bool = false,
        _ set: (inout ForgetPolicy) throws -> Void
    ) throws -> [String] {
        var policy = ForgetPolicy()
        policy.keepsOldest = keepsOldest
        try set(&policy)
        return policy.apply(try snapshots(times, tags: tags), now: now).filter(\.isKept)
            .map { "\($0.entry.snapshot.time.rfc3339.prefix(16)) \($0.reasons.joined(separator: ", "))" }
    }

    private let days = [
        "2016-01-01T10:00:00Z", "2016-01-01T11:00:00Z", "2016-01-02T09:00:00Z", "2016-01-03T09:00:00Z",
        "2016-01-03T09:30:00Z", "2016-01-10T09:00:00Z", "2016-02-10T09:00:00Z", "2017-02-10T09:00:00Z",
    ]

    @Test("keeps the newest, whatever the order given")
    func last() throws {
        #expect(
            try kept(days.reversed()) { $0.last = 2 } == [
                "2017-02-10T09:00 last snapshot", "2016-02-10T09:00 last snapshot",
            ])
    }

    @Test("keeps the newest snapshot of an hour, day, week, month and year")
    func units() throws {
        #expect(
            try kept(days) { $0.hourly = 5 }.map { $0.prefix(16) } == [
                "2017-02-10T09:00", "2016-02-10T09:00", "2016-01-10T09:00", "2016-01-03T09:30", "2016-01-02T09:00",
            ])
        #expect(
            try kept(days) { $0.daily = 5 }.map { $0.prefix(16) } == [
                "2017-02-10T09:00", "2016-02-10T09:00", "2016-01-10T09:00", "2016-01-03T09:30", "2016-01-02T09:00",
            ])
        // Friday to Sunday, the 1st to the 3rd, are one week; the 10th is the Sunday of the next.
        #expect(
            try kept(days) { $0.weekly = 4 }.map { $0.prefix(16) } == [
                "2017-02-10T09:00", "2016-02-10T09:00", "2016-01-10T09:00", "2016-01-03T09:30",
            ])
        #expect(
            try kept(days) { $0.monthly = 9 }.map { $0.prefix(16) } == [
                "2017-02-10T09:00", "2016-02-10T09:00", "2016-01-10T09:00",
            ])
        #expect(
            try kept(days) { $0.yearly = 9 } == [
                "2017-02-10T09:00 yearly snapshot", "2016-02-10T09:00 yearly snapshot",
            ])
    }

    @Test("lets one snapshot serve several rules, and counts each")
    func severalRules() throws {
        var policy = ForgetPolicy()
        (policy.last, policy.daily, policy.yearly, policy.keepsOldest) = (1, 2, 1, false)
        let decisions = policy.apply(try snapshots(days), now: now)
        #expect(decisions[0].reasons == ["last snapshot", "daily snapshot", "yearly snapshot"])
        #expect(decisions[0].counters == ForgetCounters(last: 0, daily: 1, yearly: 0))
        #expect(decisions[1].reasons == ["daily snapshot"])
        #expect(decisions.filter(\.isKept).count == 2)
    }

    @Test("takes -1 for all of a kind")
    func unlimited() throws {
        #expect(try kept(days) { $0.last = -1 }.count == days.count)
        #expect(try kept(days) { $0.yearly = -1 }.count == 2)
    }

    @Test("keeps the oldest while a count is not used up, as newer restic does")
    func oldest() throws {
        #expect(
            try kept(days, keepsOldest: true) { $0.monthly = 9 }.last == "2016-01-01T10:00 oldest monthly snapshot")
        #expect(try kept(days, keepsOldest: true) { $0.monthly = 3 }.count == 3)
        #expect(try kept(days, keepsOldest: true) { $0.last = -1 }.last == "2016-01-01T10:00 last snapshot")
    }

    @Test("keeps what is within a span of the newest, which is not in the future")
    func within() throws {
        #expect(
            try kept(days) { $0.within = try CalendarDuration("1y1d") } == [
                "2017-02-10T09:00 within 1y1d", "2016-02-10T09:00 within 1y1d",
            ])
        let future = days + ["2030-01-01T00:00:00Z"]
        #expect(try kept(future) { $0.within = CalendarDuration(days: 1) }.count == 2)
        // Nothing but the future: the span counts from the year 1, so that all is kept.
        #expect(try kept(["2030-01-01T00:00:00Z"]) { $0.within = CalendarDuration(days: 1) }.count == 1)
    }

    @Test("thins out within a span")
    func withinUnits() throws {
        #expect(
            try kept(days) { $0.withinMonthly = try CalendarDuration("1y2m") } == [
                "2017-02-10T09:00 monthly within 1y2m", "2016-02-10T09:00 monthly within 1y2m",
                "2016-01-10T09:00 monthly within 1y2m",
            ])
        #expect(try kept(days) { $0.withinDaily = try CalendarDuration("1y13m") }.count == 6)
        #expect(try kept(days) { $0.withinYearly = try CalendarDuration("9y") }.count == 2)
        #expect(try kept(days) { $0.withinHourly = try CalendarDuration("9y") }.count == 7)
        #expect(try kept(days) { $0.withinWeekly = try CalendarDuration("9y") }.count == 4)
    }

    @Test("keeps what bears the tags, uncounted")
    func tags() throws {
        let tags = ["2016-01-02T09:00:00Z": ["keep", "mail"], "2016-01-03T09:00:00Z": ["keep"]]
        #expect(
            try kept(days, tags: tags) { $0.tags = [TagList("keep,mail"), TagList("mail")] } == [
                "2016-01-02T09:00 has tags [keep, mail], has tags [mail]"
            ])
    }

    @Test("counts days by the zone each snapshot was made in")
    func zones() throws {
        // The same instant but for an hour, on two sides of midnight in Tokyo, on one day in UTC.
        let times = ["2016-01-01T23:30:00+09:00", "2016-01-02T00:30:00+09:00"]
        #expect(try kept(times) { $0.daily = 9 }.count == 2)
        #expect(try kept(["2016-01-01T14:30:00Z", "2016-01-01T15:30:00Z"]) { $0.daily = 9 }.count == 1)
    }

    @Test("that is empty keeps everything")
    func empty() throws {
        #expect(ForgetPolicy().isEmpty)
        #expect(try kept(days) { _ in }.count == days.count)
    }

    @Test("says itself in restic's words")
    func description() throws {
        var policy = ForgetPolicy()
        (policy.daily, policy.weekly, policy.yearly) = (7, 4, -1)
        policy.withinDaily = CalendarDuration(days: 5)
        policy.within = CalendarDuration(hours: 2)
        policy.tags = [TagList("a,b"), TagList("c")]
        #expect(
            policy.description
                == "keep 7 daily, 4 weekly, all yearly snapshots, daily snapshots within 5d and all snapshots with "
                + "tags [[a, b] [c]] and all snapshots within 2h of the newest")
    }

    @Test("with senseless numbers is refused")
    func validation() {
        var policy = ForgetPolicy()
        policy.hourly = -2
        #expect(throws: HikaeError.self) { try policy.validate() }
        policy.hourly = -1
        #expect(throws: Never.self) { try policy.validate() }
        policy.withinWeekly = CalendarDuration(days: -1)
        #expect(throws: HikaeError.self) { try policy.validate() }
    }
}

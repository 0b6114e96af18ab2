// Spans as --keep-within takes them.

import HikaeCore
import HikaeTesting
import Testing

@testable import HikaeRepository

@Suite("A duration")
struct CalendarDurationTests {
    @Test(
        "is read as restic reads it",
        arguments: [
            ("2y5m7d3h", CalendarDuration(years: 2, months: 5, days: 7, hours: 3)),
            ("3h7d", CalendarDuration(days: 7, hours: 3)), ("  14d ", CalendarDuration(days: 14)),
            ("", CalendarDuration()), ("1d2d", CalendarDuration(days: 2)), ("-3h", CalendarDuration(hours: -3)),
            ("0y", CalendarDuration()),
        ])
    func reads(text: String, expected: CalendarDuration) throws {
        #expect(try CalendarDuration(text) == expected)
    }

    @Test("that makes no sense is refused", arguments: ["d", "7", "7x", "1y2", "--2d", "99999999999999999999d", "2 d"])
    func refuses(text: String) {
        #expect(throws: HikaeError.self) { try CalendarDuration(text) }
    }

    @Test("is written from the largest unit down, without zeros")
    func writes() {
        #expect(CalendarDuration(years: 1, days: 3).description == "1y3d")
        #expect(CalendarDuration(months: 6, hours: 12).description == "6m12h")
        #expect(CalendarDuration().description == "")
    }

    @Test(
        "counts back by the calendar, running over short months as Go does",
        arguments: [
            ("2016-03-31T12:00:00Z", "1m", "2016-03-02T12:00:00Z"),
            ("2015-03-31T12:00:00Z", "1m", "2015-03-03T12:00:00Z"),
            ("2016-02-29T00:00:00Z", "1y", "2015-03-01T00:00:00Z"),
            ("2016-01-01T00:00:00Z", "1h", "2015-12-31T23:00:00Z"),
            ("2016-01-15T00:00:00Z", "1m15d", "2015-11-30T00:00:00Z"),
            ("2012-06-20T17:00:00+09:00", "1y1m1d1h", "2011-05-19T16:00:00+09:00"),
            ("2016-05-01T00:00:00Z", "24m", "2014-05-01T00:00:00Z"),
            ("2016-05-01T00:00:00Z", "29m", "2013-12-01T00:00:00Z"),
            ("2016-05-01T00:00:00Z", "400d", "2015-03-28T00:00:00Z"),
        ])
    func countsBack(time: String, span: String, expected: String) throws {
        let start = try #require(Timestamp(rfc3339: time))
        #expect(try CalendarDuration(span).before(start) == Timestamp(rfc3339: expected))
    }

    @Test(
        "knows the ISO week, whose year is not always the date's",
        arguments: [
            (2016, 1, 1, 2015_53), (2016, 1, 4, 2016_01), (2014, 12, 29, 2015_01), (2012, 6, 20, 2012_25),
            (2021, 1, 3, 2020_53), (1969, 12, 31, 1970_01), (1969, 12, 28, 1969_52),
        ])
    func week(year: Int, month: Int, day: Int, expected: Int) {
        #expect(CivilDate(year: year, month: month, day: day).isoWeek == expected)
    }
}

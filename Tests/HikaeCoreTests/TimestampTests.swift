// Times as Go writes and reads them. The texts were printed by Go's time.Format(time.RFC3339Nano).

import HikaeCore
import HikaeTesting
import Testing

@Suite("A timestamp")
struct TimestampTests {
    static let written: [(seconds: Int64, nanoseconds: Int32, offset: Int32, text: String)] = [
        (0, 0, 0, "1970-01-01T00:00:00Z"),
        (1_340_179_200, 0, 32400, "2012-06-20T17:00:00+09:00"),
        (1_340_179_200, 500_000_000, 32400, "2012-06-20T17:00:00.5+09:00"),
        (-1, 999_999_999, 0, "1969-12-31T23:59:59.999999999Z"),
        (-62_135_596_800, 0, 0, "0001-01-01T00:00:00Z"),
        (951_782_400, 1, -12600, "2000-02-28T20:30:00.000000001-03:30"),
        (1_709_164_800, 120, 20700, "2024-02-29T05:45:00.00000012+05:45"),
        (253_402_300_799, 999_999_999, 0, "9999-12-31T23:59:59.999999999Z"),
        (4_102_444_800, 100, -43200, "2099-12-31T12:00:00.0000001-12:00"),
        (1_582_934_399, 123_456_789, 50400, "2020-02-29T13:59:59.123456789+14:00"),
        (-2_208_988_800, 0, -18000, "1899-12-31T19:00:00-05:00"),
        (-62_167_219_200, 0, 0, "0000-01-01T00:00:00Z"),
        (68_256_000, 7_000_000, 3600, "1972-03-01T01:00:00.007+01:00"),
    ]

    /// Zones with seconds, as local mean times have them: Go writes whole minutes, so the instant is not kept.
    static let oddZones: [(seconds: Int64, nanoseconds: Int32, offset: Int32, text: String)] = [
        (-3_155_673_600, 1000, 33539, "1870-01-01T09:18:59.000001+09:18"),
        (1_700_000_000, 0, 30, "2023-11-14T22:13:50+00:00"),
        (1_700_000_000, 0, -30, "2023-11-14T22:12:50+00:00"),
        (1_700_000_000, 0, -90, "2023-11-14T22:11:50-00:01"),
        (1_700_000_000, 10, 3599, "2023-11-14T23:13:19.00000001+00:59"),
    ]

    @Test("is written as Go writes it", arguments: written + oddZones)
    func writes(_ seconds: Int64, _ nanoseconds: Int32, _ offset: Int32, _ text: String) {
        let time = Timestamp(seconds: seconds, nanoseconds: nanoseconds, offset: offset)
        #expect(time.rfc3339 == text)
        #expect(time.isWritable)
    }

    @Test("reads as what was written", arguments: written)
    func reads(_ seconds: Int64, _ nanoseconds: Int32, _ offset: Int32, _ text: String) throws {
        let time = try #require(Timestamp(rfc3339: text))
        #expect(time.seconds == seconds)
        #expect(time.nanoseconds == nanoseconds)
        #expect(time.offset == offset)
    }

    @Test("survives writing and reading, whenever and wherever it is")
    func roundTrip() throws {
        var generator = SeededGenerator()
        for _ in 0..<2000 {
            let time = Timestamp(
                seconds: Int64.random(in: -62_167_000_000...253_402_000_000, using: &generator),
                nanoseconds: Int32.random(in: 0...999_999_999, using: &generator),
                offset: 60 * Int32.random(in: -14 * 60...14 * 60, using: &generator))
            let read = try #require(Timestamp(rfc3339: time.rfc3339))
            #expect(read == time)
            #expect(read.offset == time.offset)
        }
    }

    @Test("keeps nine digits of a longer fraction")
    func longFractions() throws {
        let time = try #require(Timestamp(rfc3339: "2012-06-20T17:00:00.1234567899+09:00"))
        #expect(time.nanoseconds == 123_456_789)
    }

    @Test(
        "is read from nothing else",
        arguments: [
            "", "2012-06-20", "2012-06-20T17:00:00", "2012-06-20T17:00:00.+09:00", "2012-06-20T17:00:00+0900",
            "2012-13-20T17:00:00Z", "2012-00-20T17:00:00Z", "2012-06-00T17:00:00Z", "2012-06-32T17:00:00Z",
            "2012-06-20T24:00:00Z", "2012-06-20T17:60:00Z", "2012-06-20T17:00:61Z", "2012-06-20T17:00:00Zx",
            "012-06-20T17:00:00Z", "2012-06-20T17:00:00+09:60", "-2012-06-20T17:00:00Z", "２012-06-20T17:00:00Z",
        ])
    func refuses(_ text: String) { #expect(Timestamp(rfc3339: text) == nil) }

    @Test("is compared by instant, in whatever zone")
    func comparison() throws {
        let tokyo = Timestamp(seconds: 100, nanoseconds: 5, offset: 32400)
        let utc = Timestamp(seconds: 100, nanoseconds: 5, offset: 0)
        #expect(tokyo == utc)
        #expect(Set([tokyo, utc]).count == 1)
        #expect(utc < Timestamp(seconds: 100, nanoseconds: 6, offset: -3600))
        #expect(Timestamp(seconds: 99, nanoseconds: 999_999_999) < utc)
        #expect(Timestamp.zero.rfc3339 == "0001-01-01T00:00:00Z")
    }

    @Test("knows when it cannot be written")
    func writable() {
        #expect(!Timestamp(seconds: 253_402_300_800).isWritable)
        #expect(!Timestamp(seconds: -62_167_219_201).isWritable)
        #expect(Timestamp(seconds: 253_402_300_800, offset: -3600).isWritable)
        #expect(!Timestamp(seconds: .max, offset: 3600).isWritable)
    }

    @Test("is shown to people in its own zone")
    func display() {
        #expect(Timestamp(seconds: 1_340_179_200, nanoseconds: 5, offset: 32400).display == "2012-06-20 17:00:00")
    }

    @Test("moves with a fixed clock, and only then")
    func fixedClock() {
        let clock = FixedClock()
        #expect(clock.now().rfc3339 == "2012-06-20T17:00:00+09:00")
        clock.advance(seconds: 86400)
        #expect(clock.now().rfc3339 == "2012-06-21T17:00:00+09:00")
        clock.set(.zero)
        #expect(clock.now() == .zero)
    }
}

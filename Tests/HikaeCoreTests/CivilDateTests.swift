// The calendar, against one that counts day by day.

import HikaeCore
import HikaeTesting
import Testing

@Suite("A civil date")
struct CivilDateTests {
    private func isLeap(_ year: Int) -> Bool {
        year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
    }

    private func days(_ month: Int, _ year: Int) -> Int {
        month == 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    @Test("is right for every day of eight centuries")
    func everyDay() {
        // 1600-01-01, counted on from there.
        var (year, month, day) = (1600, 1, 1)
        var wrong = 0
        for number in CivilDate(year: 1600, month: 1, day: 1)
            .daysSince1970...CivilDate(year: 2400, month: 1, day: 1)
            .daysSince1970
        {
            let date = CivilDate(secondsSince1970: Int64(number) * 86400 + 86399)
            if date.year != year || date.month != month || date.day != day || date.daysSince1970 != number {
                wrong += 1
            }
            day += 1
            if day > days(month, year) { (month, day) = (month + 1, 1) }
            if month > 12 { (year, month) = (year + 1, 1) }
        }
        #expect(wrong == 0)
        #expect(year == 2400 && month == 1 && day == 2)
        #expect(CivilDate(year: 1600, month: 1, day: 1).daysSince1970 == -135_140)
    }

    @Test("is the second it came from, also long before and after any year that people write")
    func roundTrip() {
        var generator = SeededGenerator()
        for _ in 0..<5000 {
            let seconds = Int64.random(in: -1_000_000_000_000...1_000_000_000_000, using: &generator)
            let date = CivilDate(secondsSince1970: seconds)
            #expect(date.secondsSince1970 == seconds)
            #expect((1...12).contains(date.month) && (1...days(date.month, date.year)).contains(date.day))
            #expect((0...23).contains(date.hour) && (0...59).contains(date.minute) && (0...59).contains(date.second))
        }
    }

    @Test(
        "knows the days that programs trip over",
        arguments: [
            (0, CivilDate(year: 1970, month: 1, day: 1)),
            (-1, CivilDate(year: 1969, month: 12, day: 31, hour: 23, minute: 59, second: 59)),
            (951_827_696, CivilDate(year: 2000, month: 2, day: 29, hour: 12, minute: 34, second: 56)),
            (4_107_542_400, CivilDate(year: 2100, month: 3, day: 1)),
            (2_147_483_648, CivilDate(year: 2038, month: 1, day: 19, hour: 3, minute: 14, second: 8)),
            (-62_135_596_800, CivilDate(year: 1, month: 1, day: 1)),
            (-62_135_596_801, CivilDate(year: 0, month: 12, day: 31, hour: 23, minute: 59, second: 59)),
        ] as [(Int64, CivilDate)])
    func knownDays(_ seconds: Int64, _ date: CivilDate) {
        #expect(CivilDate(secondsSince1970: seconds) == date)
        #expect(date.secondsSince1970 == seconds)
    }
}

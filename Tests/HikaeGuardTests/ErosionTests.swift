// What is taken away a few items at a time is noticed, each day's loss being small.

import HikaeCore
import HikaeSource
import Testing

@testable import HikaeGuard

@Suite struct ErosionTests {
    private static let day: Int64 = 86_400

    /// Captures, one a day, judged one after another; a suspect one is taken for good only where a person accepts it.
    private struct Diary {
        var lastGood: CaptureRecord?
        var thresholds = GuardThresholds()
        var today: Int64 = 0

        /// The rules that speak against a capture with so many items, after so many days.
        mutating func capture(_ items: UInt64, after days: Int64 = 1, accepts: Bool = false) -> [VerdictReason] {
            today += days * ErosionTests.day
            let facts = CaptureFacts(unit: .messages, items: items, bytes: 1_000_000)
            let time = Timestamp(seconds: 1_340_000_000 + today)
            var record = CaptureRecord(
                capture: "0123456789abcdef", name: Histories.mail, run: 1, address: "", started: time, finished: time,
                program: "", facts: facts, changes: CaptureRecord.Changes())
            record.reasons = VerdictRules(thresholds: thresholds).reasons(
                VerdictRules.Reading(facts: facts, changes: record.changes, time: time), lastGood: lastGood)
            record.verdict = record.reasons.isEmpty ? .good : .suspect
            record.notePeak(lastGood: lastGood)
            // As it is read back.
            if record.verdict == .good || accepts { lastGood = try? CaptureRecord(decoding: record.encoded()) }
            return record.reasons
        }
    }

    @Test func aLittleLessEachDayIsSuspectOnceItIsMuch() throws {
        var diary = Diary()
        var items: UInt64 = 1000
        #expect(diary.capture(items).isEmpty)
        while items > 700 {
            items -= 20
            #expect(diary.capture(items).isEmpty, "\(items)")
        }
        let reasons = diary.capture(690)
        #expect(reasons.map(\.rule) == [.eroded])
        let sentence = try #require(reasons.first).sentence
        for part in ["690 messages", "1,000 messages", "31%", "30%", "2012-06-19"] {
            #expect(sentence.contains(part), "\(sentence)")
        }
        // It stays so, whatever more goes.
        #expect(diary.capture(680).map(\.rule) == [.eroded])
    }

    @Test func whatAPersonAcceptsIsTheNewMeasure() {
        var diary = Diary()
        _ = diary.capture(1000)
        _ = diary.capture(850)
        #expect(diary.capture(690, accepts: true).map(\.rule) == [.eroded])
        #expect(diary.capture(680).isEmpty)
        #expect(diary.capture(600).isEmpty)
        #expect(diary.capture(482).map(\.rule) == [.eroded])
    }

    @Test func whatWasMoreThanAMonthAgoCountsNoMore() {
        var diary = Diary()
        _ = diary.capture(1000)
        _ = diary.capture(850, after: 15)
        #expect(diary.capture(690, after: 16).isEmpty)
        #expect(diary.capture(600).isEmpty)
    }

    @Test func aSawtoothIsNoErosion() {
        var diary = Diary()
        for _ in 0..<60 {
            #expect(diary.capture(1000).isEmpty)
            #expect(diary.capture(820).isEmpty)
            #expect(diary.capture(710).isEmpty)
        }
    }

    @Test func aGreatLossIsNamedOnceAsWhatItIs() {
        var diary = Diary()
        _ = diary.capture(1000)
        #expect(diary.capture(500).map(\.rule) == [.fewerItems])
    }

    @Test func theThresholdFollowsThePlans() {
        var diary = Diary(thresholds: GuardThresholds(shrinkPercent: 10))
        _ = diary.capture(1000)
        _ = diary.capture(920)
        #expect(diary.capture(851).isEmpty)
        #expect(diary.capture(849).map(\.rule) == [.eroded])
    }

    @Test func recordsOfOldThatCarryNoPeakAreMeasuredByThemselves() {
        var diary = Diary()
        _ = diary.capture(1000)
        diary.lastGood?.peak = nil
        #expect(diary.capture(850).isEmpty)
        #expect(diary.capture(690).map(\.rule) == [.eroded])
    }
}

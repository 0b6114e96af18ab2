import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeSource
import Testing

@testable import HikaeGuard

@Suite("What a capture is compared with") struct CaptureBaselineTests {
    private static func record(_ entry: CaptureEntry) -> CaptureRecord {
        CaptureRecord(
            capture: entry.capture, name: entry.name, run: entry.run, address: "", started: .zero, finished: .zero,
            program: "", facts: CaptureFacts(unit: .files, items: 100, bytes: 100_000),
            changes: CaptureRecord.Changes(unchanged: 100))
    }

    private static func baseline(
        _ list: Histories, lost: Set<String> = [], repaired: Set<String> = [], isComplete: Bool = true
    ) -> (CaptureBaseline, reported: Int) {
        let snapshots = list.snapshots.map { named in
            var snapshot = named.snapshot
            let isRepaired = repaired.contains { snapshot.tags.contains("capture:" + $0) }
            if isRepaired { snapshot.tags.append("repaired") }
            return NamedSnapshot(id: named.id, snapshot: snapshot)
        }
        var reported = 0
        let baseline = CaptureBaseline(
            SourceHistory.of(Histories.shop, in: snapshots), isComplete: isComplete,
            read: { entry throws(HikaeError) in
                if lost.contains(entry.capture) { throw HikaeError(.damaged, "the record is damaged") }
                return record(entry)
            }, report: { _ in reported += 1 })
        return (baseline, reported)
    }

    private static func reasons(
        _ baseline: CaptureBaseline, items: UInt64 = 100, language: ReasonLanguage = .english
    ) -> [VerdictReason] {
        let facts = CaptureFacts(unit: .files, items: items, bytes: items * 1000)
        let changes = CaptureRecord.Changes(unchanged: Int(items))
        return VerdictRules(language: language).reasons(
            VerdictRules.Reading(facts: facts, changes: changes), against: baseline)
    }

    @Test("is nothing for a first capture, which is good")
    func first() {
        let (baseline, _) = Self.baseline(Histories())
        #expect(baseline.record == nil && Self.reasons(baseline).isEmpty)
    }

    @Test("is the last good one, and no doubt comes of that")
    func lastGood() {
        var list = Histories()
        list.capture(.good, at: 1)
        let second = list.capture(.good, at: 2)
        list.capture(.suspect, at: 3)
        let (baseline, _) = Self.baseline(list)
        #expect(baseline.record?.capture == second && Self.reasons(baseline).isEmpty)
    }

    @Test(
        "is the one before when the record cannot be read, and then the capture is suspect",
        arguments: ReasonLanguage.allCases)
    func unreadable(_ language: ReasonLanguage) {
        var list = Histories()
        let first = list.capture(.good, at: 1)
        let second = list.capture(.good, at: 2)
        let (older, reported) = Self.baseline(list, lost: [second])
        #expect(older.record?.capture == first && reported == 1)
        let reasons = Self.reasons(older, language: language)
        #expect(reasons.map(\.rule) == [.baselineLost] && reasons[0].sentence.contains(first), "\(reasons)")
        let (none, _) = Self.baseline(list, lost: [first, second])
        #expect(none.record == nil)
        #expect(Self.reasons(none, language: language).map(\.rule) == [.baselineLost])
        // What can be compared is compared all the same.
        #expect(Self.reasons(older, items: 50).map(\.rule) == [.baselineLost, .fewerItems, .fewerBytes])
    }

    @Test(
        "is one that was repaired when there is no other, and then the capture is suspect",
        arguments: ReasonLanguage.allCases)
    func repaired(_ language: ReasonLanguage) {
        var list = Histories()
        let first = list.capture(.good, at: 1)
        let (baseline, _) = Self.baseline(list, repaired: [first])
        #expect(baseline.record?.capture == first)
        #expect(Self.reasons(baseline, language: language).map(\.rule) == [.baselineLost])
        #expect(Self.reasons(baseline, items: 0).map(\.rule) == [.baselineLost, .empty])
        let second = list.capture(.good, at: 2)
        #expect(Self.baseline(list, repaired: [second]).0.record?.capture == first)
    }

    @Test(
        "is uncertain when some snapshot could not be read: the capture is suspect",
        arguments: ReasonLanguage.allCases)
    func incomplete(_ language: ReasonLanguage) {
        var list = Histories()
        list.capture(.good, at: 1)
        let (baseline, _) = Self.baseline(list, isComplete: false)
        #expect(Self.reasons(baseline, language: language).map(\.rule) == [.historyIncomplete])
    }

    @Test(
        "lets a folder that held something and cannot be listed make the capture suspect",
        arguments: ReasonLanguage.allCases)
    func unlisted(_ language: ReasonLanguage) throws {
        let facts = CaptureFacts(unit: .files, items: 99, bytes: 99_000)
        var changes = CaptureRecord.Changes(unchanged: 99, unreadable: 1)
        changes.unlisted = 1
        let rules = VerdictRules(language: language)
        #expect(rules.reasons(VerdictRules.Reading(facts: facts, changes: changes), against: .none).isEmpty)
        (changes.unlistedFilled, changes.unlistedPaths) = (1, ["/photos/2011"])
        let reasons = rules.reasons(VerdictRules.Reading(facts: facts, changes: changes), against: .none)
        #expect(reasons.map(\.rule) == [.unlistedFolders] && reasons[0].sentence.contains("/photos/2011"))
    }
}

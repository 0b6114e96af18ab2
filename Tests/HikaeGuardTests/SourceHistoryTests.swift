import HikaeCore
import HikaeFormat
import HikaeRepository
import Testing

@testable import HikaeGuard

@Suite struct SourceHistoryTests {
    @Test func theLastGoodCaptureIsTheNewestThatIsGoodOrAccepted() {
        var list = Histories()
        #expect(list.history().lastGood == nil)
        let first = list.capture(.good, at: 100)
        #expect(list.history().lastGood?.capture == first)
        let doubted = list.capture(.suspect, at: 200)
        #expect(list.history().lastGood?.capture == first)
        list.decide(.accepted, on: doubted, at: 300)
        #expect(list.history().lastGood?.capture == doubted)
    }

    @Test func aRejectedCaptureNeverCountsEvenIfItWasGood() {
        var list = Histories()
        let first = list.capture(.good, at: 100)
        let second = list.capture(.good, at: 200)
        list.decide(.rejected, on: second, at: 300)
        #expect(list.history().lastGood?.capture == first)
        #expect(list.history().captures.map(\.decision) == [nil, .rejected])
    }

    @Test func theLastWordCounts() {
        var list = Histories()
        let only = list.capture(.suspect, at: 100)
        list.decide(.accepted, on: only, at: 200)
        list.decide(.rejected, on: only, at: 300)
        #expect(list.history().lastGood == nil)
        list.decide(.accepted, on: only, at: 400)
        #expect(list.history().lastGood?.capture == only)
    }

    @Test func ofTwoDecisionsOfOneMomentTheRejectionStands() {
        var list = Histories()
        let only = list.capture(.suspect, at: 100)
        list.decide(.rejected, on: only, at: 200)
        list.decide(.accepted, on: only, at: 200)
        #expect(list.history().lastGood == nil)
    }

    @Test func aDecisionSettlesTheSuspectCapturesBefore() {
        var list = Histories()
        list.capture(.good, at: 100)
        list.capture(.suspect, at: 200)
        let last = list.capture(.suspect, at: 300)
        #expect(list.history().undecided.count == 2)
        list.decide(.rejected, on: last, at: 400)
        #expect(!list.history().isSuspect)
        list.capture(.suspect, at: 500)
        #expect(list.history().undecided.count == 1)
    }

    @Test func aGoodCaptureDoesNotSettleASuspectOne() {
        var list = Histories()
        list.capture(.suspect, at: 100)
        list.capture(.good, at: 200)
        #expect(list.history().isSuspect)
    }

    @Test func aClockThatJumpsDoesNotChangeTheOrder() {
        var list = Histories()
        list.capture(.good, at: 4_000_000_000)
        let second = list.capture(.good, at: 1_000)
        #expect(list.history().newest?.capture == second)
        #expect(list.history().lastGood?.capture == second)
        #expect(list.history().nextRun == 3)
    }

    @Test func sourcesAndOtherSnapshotsAreKeptApart() {
        var list = Histories()
        list.capture(.good, at: 100)
        list.capture(.suspect, of: Histories.mail, at: 100)
        var other = Snapshot(time: .zero, tree: BlobID(words: 9, 9, 9, 9), paths: ["/home"])
        other.tags = ["system:shop", "source:site", "verdict:good", "capture:1"]
        let all = SourceHistory.all(
            list.snapshots + [NamedSnapshot(id: FileID(words: 7, 7, 7, 7), snapshot: other)])
        #expect(all.map(\.name) == [Histories.mail, Histories.shop])
        #expect(all.map(\.captures.count) == [1, 1])
    }

    @Test func aVerdictOfANewerVersionIsNoReasonToTrust() throws {
        var list = Histories()
        list.capture(.good, at: 100)
        var snapshot = try #require(list.snapshots.first).snapshot
        snapshot.tags = snapshot.tags.map { $0 == "verdict:good" ? "verdict:splendid" : $0 }
        let entry = CaptureEntry(NamedSnapshot(id: FileID(words: 1, 1, 1, 1), snapshot: snapshot))
        #expect(entry?.verdict == .suspect)
    }
}

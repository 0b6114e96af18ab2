import HikaeCore
import HikaeFormat
import HikaeGuard
import HikaeRepository
import Testing

@testable import HikaeOperations

@Suite("What one vault brings to another") struct CatchUpTests {
    private static let site = SourceName(organisation: "さくら商店", system: "shop", source: "site")

    private static func snapshot(_ serial: UInt64, host: String = "さくら商店", day: Int64, tags: [String]) -> NamedSnapshot
    {
        var snapshot = Snapshot(
            time: Timestamp(seconds: day * 86_400), tree: BlobID(words: serial, 0, 0, 0), paths: ["/shop/site"])
        snapshot.hostname = host
        snapshot.tags = tags
        return NamedSnapshot(id: FileID(words: serial, serial, 0, 0), snapshot: snapshot)
    }

    /// The capture of a day. Each vault has it under another ID.
    private static func capture(_ day: Int64, vault: UInt64, verdict: Verdict = .good, extra: [String] = [])
        -> NamedSnapshot
    {
        let name = "00000000000000" + (day < 10 ? "0\(day)" : "\(day)")
        let tags = CaptureTags.capture(name, of: site, verdict: verdict, run: UInt64(day))
        return snapshot(UInt64(day) * 10 + vault, day: day, tags: tags + extra)
    }

    private static func catchUp(last: Int? = nil) -> CatchUp {
        var policy: ForgetPolicy?
        if let last {
            policy = ForgetPolicy()
            policy?.last = last
        }
        return CatchUp(organisation: "さくら商店", policy: policy, context: WorkContext())
    }

    private static func days(_ snapshots: [NamedSnapshot]) -> [Int64] {
        snapshots.map { $0.snapshot.time.seconds / 86_400 }
    }

    @Test("is what the other lacks, oldest first, and no other organisation's")
    func lacking() {
        let theirs = (1...5).map { Self.capture($0, vault: 1) }
        let ours = [2, 4].map { Self.capture($0, vault: 2) }
        let foreign = Self.snapshot(
            999, host: "Anders GmbH", day: 3,
            tags: CaptureTags.capture(
                "f", of: SourceName(organisation: "Anders GmbH", system: "shop", source: "site"), verdict: .good, run: 1
            ))
        let plain = Self.snapshot(998, day: 3, tags: ["daily"])
        #expect(Self.days(Self.catchUp().missing(theirs + [foreign, plain], in: ours)) == [1, 3, 5])
        #expect(Self.catchUp().missing(ours, in: theirs).isEmpty)
    }

    @Test("is nothing that retention would remove again")
    func retention() {
        let theirs = (1...9).map { Self.capture($0, vault: 1) }
        #expect(Self.days(Self.catchUp(last: 2).missing(theirs, in: [])) == [8, 9])
        let ours = [Self.capture(9, vault: 2)]
        #expect(Self.days(Self.catchUp(last: 2).missing(theirs, in: ours)) == [8])
    }

    @Test("is everything of a source while a suspect capture waits")
    func frozen() {
        var theirs = (1...4).map { Self.capture($0, vault: 1) }
        theirs.append(Self.capture(5, vault: 1, verdict: .suspect))
        #expect(Self.days(Self.catchUp(last: 1).missing(theirs, in: [])) == [1, 2, 3, 4, 5])
    }

    @Test("is each decision once, as long as its capture is kept")
    func decisions() {
        let doubted = Self.capture(2, vault: 1, verdict: .suspect)
        func decision(_ serial: UInt64) -> NamedSnapshot {
            Self.snapshot(
                serial, day: 3, tags: CaptureTags.decision(.rejected, on: "0000000000000002", of: Self.site))
        }
        let theirs = [Self.capture(1, vault: 1), doubted, decision(501)]
        let ours = [Self.capture(1, vault: 2), Self.capture(2, vault: 2, verdict: .suspect)]
        #expect(Self.days(Self.catchUp().missing(theirs, in: ours)) == [3])
        #expect(Self.catchUp().missing(theirs, in: ours + [decision(502)]).isEmpty)
        let later = theirs + [Self.capture(8, vault: 1), Self.capture(9, vault: 1)]
        #expect(Self.days(Self.catchUp(last: 1).missing(later, in: [])) == [9])
    }

    @Test("is, of sources that another plan looks after, what is newer than what is there: nothing comes back")
    func unplanned() {
        let theirs = (1...9).map { Self.capture($0, vault: 1) }
        var policy = ForgetPolicy()
        policy.last = 1
        let catchUp = CatchUp(organisation: "さくら商店", planned: [], policy: policy, context: WorkContext())
        #expect(Self.days(catchUp.missing(theirs, in: [])) == Array(1...9), "this plan's retention is not for them")
        let ours = [3, 7].map { Self.capture($0, vault: 2) }
        #expect(Self.days(catchUp.missing(theirs, in: ours)) == [8, 9])
        func decision(_ serial: UInt64, on day: Int) -> NamedSnapshot {
            Self.snapshot(
                serial, day: 20, tags: CaptureTags.decision(.rejected, on: "000000000000000\(day)", of: Self.site))
        }
        let decided = [decision(501, on: 2), decision(502, on: 7), decision(503, on: 9)]
        let found = catchUp.missing(theirs + decided, in: ours).map(\.id)
        #expect(Set(found) == Set([theirs[7], theirs[8], decided[1], decided[2]].map(\.id)))
        let mine = CatchUp(organisation: "さくら商店", planned: [Self.site], policy: policy, context: WorkContext())
        #expect(Self.days(mine.missing(theirs, in: [])) == [9])
    }

    @Test("is a whole capture in place of one that lost something, never the other way round")
    func repaired() {
        let whole = Self.capture(1, vault: 1)
        let damaged = Self.capture(1, vault: 2, extra: ["repaired"])
        #expect(Self.catchUp().missing([whole], in: [damaged]).count == 1)
        #expect(Self.catchUp().missing([damaged], in: [whole]).isEmpty)
        #expect(Self.catchUp().missing([damaged], in: []).isEmpty)
    }
}

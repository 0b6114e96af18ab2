import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeTesting
import Testing

@testable import HikaeGuard

@Suite struct RetentionHoldTests {
    private func id(_ list: Histories, _ place: Int) -> FileID { list.snapshots[place].id }

    @Test func theLastGoodCaptureIsHeldAndOlderOnesAreNot() {
        var list = Histories()
        list.capture(.good, at: 100)
        list.capture(.good, at: 200)
        let holds = RetentionHolds(list.snapshots)
        #expect(holds.hold(on: id(list, 0)) == nil)
        #expect(holds.hold(on: id(list, 1)) == .lastGood(Histories.shop))
    }

    @Test func nothingOfASourceGoesWhileASuspectCaptureWaits() {
        var list = Histories()
        list.capture(.good, at: 100)
        list.capture(.good, at: 200)
        let doubted = list.capture(.suspect, at: 300)
        list.capture(.good, of: Histories.mail, at: 50)
        list.capture(.good, of: Histories.mail, at: 60)
        let holds = RetentionHolds(list.snapshots)
        #expect(holds.hold(on: id(list, 0)) == .undecided(Histories.shop, capture: doubted))
        #expect(holds.hold(on: id(list, 1)) == .lastGood(Histories.shop))
        #expect(holds.hold(on: id(list, 2)) != nil)
        // Another source is not held by it.
        #expect(holds.hold(on: id(list, 3)) == nil)
    }

    @Test func aDecisionStaysAsLongAsItsCapture() {
        var list = Histories()
        let first = list.capture(.suspect, at: 100)
        list.decide(.rejected, on: first, at: 150)
        list.capture(.good, at: 200)
        let holds = RetentionHolds(list.snapshots)
        #expect(holds.refused([id(list, 1)])[id(list, 1)] == .decides(Histories.shop, capture: first))
        #expect(holds.refused([id(list, 0), id(list, 1)]).isEmpty)
    }

    @Test func nothingIsForgottenWhenItIsNotKnownWhatIsThere() {
        var list = Histories()
        list.capture(.good, at: 100)
        list.capture(.good, at: 200)
        let holds = RetentionHolds(list.snapshots, isComplete: false)
        #expect(holds.hold(on: id(list, 0)) == .unknown(Histories.shop))
    }

    @Test func aSuspectCaptureOfAnotherVaultHoldsTheSourceInThisOne() {
        var here = Histories()
        here.capture(.good, at: 100)
        here.capture(.good, at: 200)
        here.capture(.good, of: Histories.mail, at: 50)
        here.capture(.good, of: Histories.mail, at: 60)
        var there = here
        let doubted = there.capture(.suspect, at: 300)
        let holds = RetentionHolds(here.snapshots, elsewhere: there.snapshots)
        #expect(holds.hold(on: id(here, 0)) == .undecided(Histories.shop, capture: doubted))
        #expect(holds.hold(on: id(here, 1)) == .lastGood(Histories.shop))
        #expect(holds.hold(on: id(here, 2)) == nil)
        #expect(RetentionHolds(here.snapshots).hold(on: id(here, 0)) == nil)
    }

    @Test func aRejectionOfAnotherVaultCountsInThisOne() {
        var here = Histories()
        here.capture(.good, at: 100)
        let wrong = here.capture(.good, at: 200)
        var there = here
        there.decide(.rejected, on: wrong, at: 300)
        let holds = RetentionHolds(here.snapshots, elsewhere: there.snapshots)
        #expect(holds.hold(on: id(here, 0)) == .lastGood(Histories.shop))
    }

    @Test func nothingGoesWhileAVaultCannotBeRead() {
        var list = Histories()
        list.capture(.good, at: 100)
        list.capture(.good, at: 200)
        let hold = RetentionHolds(list.snapshots, unread: "cloud").hold(on: id(list, 0))
        #expect(hold == .unread(Histories.shop, vault: "cloud"))
        #expect(hold?.reason.contains("cloud") == true && hold?.reason(in: .japanese).contains("cloud") == true)
    }

    @Test func whatIsNamedIsRefusedWithTheReason() {
        var list = Histories()
        list.capture(.good, at: 100)
        let error = #expect(throws: HikaeError.self) { try RetentionHolds(list.snapshots).check([id(list, 0)]) }
        #expect(error?.code == .refused)
        #expect(error?.message.contains("last good capture of shop/site") == true)
    }

    /// Random histories, clocks that jump, policies that keep next to nothing, and people who decide: after each
    /// forget the last good capture is the same one, and it is there.
    @Test func noPolicyAndNoClockEverRemovesTheLastGoodCapture() {
        var random = SeededGenerator()
        for _ in 0..<400 {
            var list = Histories()
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                for _ in 0..<Int.random(in: 1...8, using: &random) { Self.happen(&list, &random) }
                forget(&list, Self.policy(&random), now: Self.moment(&random))
            }
        }
    }

    private func forget(_ list: inout Histories, _ policy: ForgetPolicy, now: Timestamp) {
        let before = SourceHistory.all(list.snapshots)
        var removals: [FileID] = []
        for group in SnapshotGrouping().groups(list.snapshots) {
            removals += policy.apply(group.snapshots, now: now).filter { !$0.isKept }.map(\.entry.id)
        }
        let refused = RetentionHolds(list.snapshots).refused(removals)
        list.remove(Set(removals.filter { refused[$0] == nil }))
        for was in before {
            let now = SourceHistory.of(was.name, in: list.snapshots)
            #expect(now.lastGood?.capture == was.lastGood?.capture)
            if was.isSuspect { #expect(now.captures.count == was.captures.count) }
        }
    }

    private static func happen(_ list: inout Histories, _ random: inout SeededGenerator) {
        let name = Bool.random(using: &random) ? Histories.shop : Histories.mail
        let captures = list.history(name).captures
        let time = moment(&random).seconds
        if Int.random(in: 0..<4, using: &random) == 0, let entry = captures.randomElement(using: &random) {
            let word: Decision.Word = Bool.random(using: &random) ? .accepted : .rejected
            list.decide(word, on: entry.capture, of: name, at: time)
        } else {
            list.capture(Int.random(in: 0..<3, using: &random) == 0 ? .suspect : .good, of: name, at: time)
        }
    }

    private static func moment(_ random: inout SeededGenerator) -> Timestamp {
        Timestamp(seconds: Int64.random(in: 0...4_000_000_000, using: &random))
    }

    private static func policy(_ random: inout SeededGenerator) -> ForgetPolicy {
        var policy = ForgetPolicy()
        policy.last = Int.random(in: 0...2, using: &random)
        policy.daily = Int.random(in: 0...1, using: &random)
        policy.yearly = Int.random(in: 0...1, using: &random)
        if policy.isEmpty { policy.last = 1 }
        return policy
    }
}

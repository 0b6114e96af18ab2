// A retention that runs every day asks people once in a while: never twice for one thing, and never for what must stay.

import HikaeAgreement
import HikaeCore
import HikaeRepository
import HikaeStore
import HikaeTesting
import Testing

@testable import HikaeOperations
@testable import HikaeServer

@Suite(.serialized) struct RoutineProposalTests {
    @Test("sixty days of forget and prune every day: few proposals, nothing twice, no index files heaped up")
    func everyDay() throws {
        let vault = try VaultWork()
        var captures: [NamedSnapshot] = []
        var proposals: [Proposal] = []
        for day in 0..<60 {
            captures.append(try vault.capture())
            let old = captures.dropLast(3)
            guard !old.isEmpty else { continue }
            let there = Set(try vault.repository.snapshots().map(\.id))
            let indexes = try vault.repository.store.list(.index).count
            let outcome = try vault.propose(old.filter { there.contains($0.id) }, isRoutine: true)
            if case .proposed(let proposal, _, _) = outcome {
                proposals.append(proposal)
                // Everybody agrees with the first, nobody answers the others.
                if proposals.count == 1 { try vault.approve(proposal) }
            } else {
                #expect(try vault.repository.store.list(.index).count == indexes, "day \(day)")
            }
            if case .proposed = try vault.propose([], isRoutine: true) {
                Issue.record("a prune of its own, day \(day)")
            }
            vault.pass(days: 1)
            vault.rig.server.agreement.wake()
        }
        #expect((3...7).contains(proposals.count), "\(proposals.count) proposals")
        let report = try #require(try vault.client.report())
        #expect(report.proposals.count == proposals.count)
        #expect(report.proposals.count { !$0.standing.isOver } <= StandingProposals.routineProposals)
        let named = proposals.flatMap { $0.snapshots.map(\.id) }
        #expect(Set(named).count == named.count, "nothing is proposed twice")
        #expect(report.proposals.first?.standing.stage == .done)
        try vault.check()
    }

    @Test("the same again is told to be there already; a rule waits for more, what a person names is proposed at once")
    func again() throws {
        let vault = try VaultWork()
        let captures = try (0..<6).map { _ in
            defer { vault.pass(days: 20) }
            return try vault.capture()
        }
        guard case .proposed(let first, _, _) = try vault.propose([captures[0]], isRoutine: true) else {
            Issue.record("nothing was proposed")
            return
        }
        vault.pass(days: 2)
        for pruning in [true, false] {
            guard case .waiting(let waiting, let report) = try vault.propose([captures[0]], pruning: pruning) else {
                Issue.record("proposed again")
                return
            }
            #expect(waiting.items.map(\.id) == [first.id] && waiting.deferred == 0 && waiting.from == nil)
            #expect(report.vaultTime - (waiting.items.first?.submitted ?? 0) == UInt64(2 * VaultWork.day))
            #expect(waiting.items.first?.standing.approvals.isEmpty == true)
        }
        // By a rule: one more snapshot waits for a quarter of the delay. By name: at once.
        guard case .waiting(let waiting, _) = try vault.propose(Array(captures[0...1]), isRoutine: true) else {
            Issue.record("a rule proposed too soon")
            return
        }
        #expect(waiting.deferred == 1 && waiting.from == (waiting.items.first?.submitted ?? 0) + 30 * 86400 / 4)
        guard case .proposed(let second, _, _) = try vault.propose([captures[0], captures[1]]) else {
            Issue.record("what was named was not proposed")
            return
        }
        #expect(second.snapshots.map(\.id) == [captures[1].id])
        vault.pass(days: 8)
        guard case .proposed(let third, _, _) = try vault.propose(Array(captures[0...5]), isRoutine: true) else {
            Issue.record("a rule did not propose in time")
            return
        }
        // The newest good one stays, and what is proposed already is not proposed twice.
        #expect(Set(third.snapshots.map(\.id)) == Set(captures[2...4].map(\.id)))
        guard case .nothing = try vault.propose([captures[5]], isRoutine: true) else {
            Issue.record("a rule proposed what must stay")
            return
        }
        #expect(throws: HikaeError.self, "by name it is refused aloud") { _ = try vault.propose([captures[5]]) }
    }
}

// Who is asked to approve believes neither the proposer nor the server: whatever a proposal claims, the repository itself
// is looked at, and what is wrong with it is found. Nothing with a finding is signed.

import HikaeAgreement
import HikaeCore
import HikaeFormat
import HikaeGuard
import HikaeRepository
import HikaeStore
import HikaeTesting
import Testing

@testable import HikaeOperations
@testable import HikaeServer

@Suite(.serialized) struct ProposalReviewTests {
    /// Four good captures, the newest two younger than the delay.
    private func vault() throws -> (VaultWork, [NamedSnapshot]) {
        let vault = try VaultWork()
        var captures: [NamedSnapshot] = []
        for _ in 0..<4 {
            captures.append(try vault.capture())
            vault.pass(days: 20)
        }
        return (vault, captures)
    }

    private func proposed(_ outcome: ProposalMaking.Outcome) throws -> Proposal {
        guard case .proposed(let proposal, _, _) = outcome else {
            throw HikaeError(.refused, "nothing was proposed: \(outcome)")
        }
        return proposal
    }

    @Test("an honest proposal is sound, and carried out it leaves everything else whole")
    func honest() throws {
        let (vault, captures) = try vault()
        let proposal = try proposed(try vault.propose([captures[0], captures[1]]))
        #expect(!proposal.packs.isEmpty)
        let review = try ProposalReview(proposal, of: vault.repository)
        #expect(review.isSound, "\(review.findings)")
        #expect(review.going.map(\.id) == [captures[0].id, captures[1].id] && review.staying == 2)
        #expect(review.lastGood.map(\.time) == [captures[3].snapshot.time])
        try vault.approve(proposal)
        vault.pass(days: 31)
        vault.rig.server.agreement.wake()
        let left = Set(try vault.repository.store.list(.pack).map(\.id))
        #expect(left.isDisjoint(with: proposal.packs) && !left.isEmpty)
        #expect(try vault.repository.snapshots().map(\.id) == [captures[2].id, captures[3].id])
        try vault.check()
        // What the first has removed may stand in a second one that was made before.
        let later = try vault.lie([captures[2].id], packs: proposal.packs, indexes: proposal.indexes)
        #expect(try !ProposalReview(later, of: vault.repository).isSound)
        let known = Set(proposal.packs + proposal.indexes)
        #expect(try ProposalReview(later, of: vault.repository) { () throws(HikaeError) in known }.isSound)
    }

    @Test("a pack that a remaining snapshot needs: found")
    func neededPack() throws {
        let (vault, captures) = try vault()
        let packs = try vault.packs(of: captures[2])
        let lie = try vault.lie([captures[0].id], packs: Array(packs))
        #expect(try vault.findings(lie).contains { if case .losses = $0 { true } else { false } })
        // The same where every index that names them would go, and nothing that says the rest.
        let blind = try vault.lie([captures[0].id], indexes: vault.repository.store.list(.index).map(\.id))
        #expect(try vault.findings(blind).contains { if case .losses = $0 { true } else { false } })
        #expect(throws: HikaeError.self, "nor does the server take it") { _ = try vault.client.propose(lie) }
    }

    @Test(
        "a capture whose ledger entry says that it needs nothing: the server believes it, a person's machine does not")
    func entryThatLies() throws {
        let (vault, captures) = try vault()
        let new = try vault.capture(registers: false)
        let packs = try vault.packs(of: new)
        #expect(!packs.isEmpty)
        let lie = try vault.lie([], packs: Array(packs))
        #expect(throws: HikaeError.self, "while it says nothing no pack goes") { _ = try vault.client.propose(lie) }
        try vault.client.register(
            LedgerEntry(
                snapshot: new.id, source: SourceDigest(words: 7, 7, 7, 7), verdict: .good, run: 1, packs: []))
        for older in captures {
            let other = try vault.lie([], packs: Array(try vault.packs(of: older)))
            #expect(throws: HikaeError.self, "what older captures need stays") { _ = try vault.client.propose(other) }
            #expect(throws: HikaeError.self, "and their entries stand") {
                try vault.client.register(
                    LedgerEntry(
                        snapshot: older.id, source: SourceDigest(words: 7, 7, 7, 7), verdict: .good, run: 1, packs: []))
            }
        }
        _ = try vault.client.propose(lie)
        #expect(try vault.findings(lie).contains { if case .losses = $0 { true } else { false } })
    }

    @Test("a last good capture among the snapshots, called suspect in the ledger: found")
    func lastGood() throws {
        let (vault, captures) = try vault()
        let last = try vault.capture(registers: false)
        try vault.client.register(
            LedgerEntry(
                snapshot: last.id, source: SourceDigest(words: 7, 7, 7, 7), verdict: .suspect, run: 1,
                packs: Array(try PackNeeds(vault.repository, roots: [last.snapshot.tree]).packs())))
        let lie = try vault.lie([last.id], label: "an old draft")
        _ = try vault.client.propose(lie)
        #expect(try vault.findings(lie) == [.held(last.id, .lastGood(VaultWork.name))])
        #expect(throws: HikaeError.self, "one that registered truly is kept by the server") {
            _ = try vault.client.propose(try vault.lie([captures[3].id]))
        }
    }

    @Test("a snapshot, a pack or an index that is not there: found, and not taken by the server")
    func absent() throws {
        let (vault, captures) = try vault()
        let none = FileID(words: 1, 2, 3, 4)
        for (lie, finding) in [
            (try vault.lie([captures[0].id, none]), ProposalReview.Finding.absent(snapshots: 1, packs: 0, indexes: 0)),
            (try vault.lie([captures[0].id], packs: [none]), .absent(snapshots: 0, packs: 1, indexes: 0)),
            (try vault.lie([captures[0].id], indexes: [none]), .absent(snapshots: 0, packs: 0, indexes: 1)),
        ] {
            #expect(try vault.findings(lie) == [finding])
            #expect(throws: HikaeError.self) { _ = try vault.client.propose(lie) }
        }
    }

    @Test("everything at once, another repository, a capture that waits for a decision: found")
    func others() throws {
        let (vault, captures) = try vault()
        #expect(try vault.findings(try vault.lie(captures.map(\.id))).contains(.nothingLeft))
        var foreign = try vault.lie([captures[0].id])
        foreign.vault = VaultIdentity(book: foreign.vault.book, repository: FileID(words: 1, 2, 3, 4))
        #expect(try vault.findings(foreign) == [.otherRepository])
        try vault.capture(.suspect)
        let findings = try vault.findings(try vault.lie([captures[0].id]))
        #expect(findings.contains { if case .held(captures[0].id, .undecided) = $0 { true } else { false } })
    }

    @Test("what a person accepted or rejected counts in the vault's ledger, and frees nothing")
    func decisions() throws {
        let (vault, captures) = try vault()
        try vault.decide(.rejected, on: captures[3])
        vault.pass(days: 40)
        for kept in [captures[2], captures[3]] {
            #expect(throws: HikaeError.self) { _ = try vault.client.propose(try vault.lie([kept.id])) }
        }
        let suspect = try vault.capture(.suspect)
        try vault.decide(.accepted, on: suspect)
        vault.pass(days: 40)
        // The enemy's word, after it.
        try vault.decide(.rejected, on: suspect)
        vault.pass(days: 40)
        #expect(throws: HikaeError.self) { _ = try vault.client.propose(try vault.lie([suspect.id])) }
    }
}

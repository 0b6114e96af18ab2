// What a person is asked to sign, looked at on the person's own machine, from the repository itself. Neither the
// proposer nor the server is believed.

public import HikaeAgreement
public import HikaeCore
import HikaeFormat
public import HikaeGuard
public import HikaeRepository
import HikaeStore

/// A proposal, examined.
public struct ProposalReview: Sendable {
    /// What is wrong with it. Nothing with a finding should be signed.
    public enum Finding: Sendable, Equatable {
        /// It is not about this repository.
        case otherRepository
        /// Snapshots of the repository cannot be read, so that nobody knows what must stay.
        case unreadableSnapshots(Int)
        /// A snapshot that must stay would go.
        case held(FileID, RetentionHold)
        /// It names snapshots, packs or index files that are not there, so that nobody can look at them.
        case absent(snapshots: Int, packs: Int, indexes: Int)
        /// Blobs that remaining snapshots need would be gone.
        case losses(Int)
        /// Nothing would be left.
        case nothingLeft
        /// What it needs to be examined is damaged.
        case damaged(String)
    }

    public let proposal: Proposal
    /// Snapshots that go, as they are and not as they are told to be, the oldest first.
    public let going: [NamedSnapshot]
    /// Snapshots that it names and that are not there any more.
    public let gone: Int
    /// Snapshots that stay.
    public let staying: Int
    /// Of each source that loses something, its last good capture among those that stay.
    public let lastGood: [(name: SourceName, time: Timestamp)]
    /// Bytes of the packs that go.
    public let bytes: UInt64
    public let findings: [Finding]

    /// Examines a proposal. The repository's index is loaded anew.
    ///
    /// - Parameter removed: gives the files that other proposals have removed, asked for only when some are not there:
    ///   what two proposals name and the first has removed is no lie of the second.
    public init(
        _ proposal: Proposal, of repository: Repository,
        removed: () throws(HikaeError) -> Set<FileID> = { () throws(HikaeError) in [] }
    ) throws(HikaeError) {
        self.proposal = proposal
        var findings: [Finding] = []
        if Digest.fileID(try repository.store.load(.config)) != proposal.vault.repository {
            findings.append(.otherRepository)
        }
        var unreadable = 0
        let snapshots = try repository.snapshots { _, _ in unreadable += 1 }
        if unreadable > 0 { findings.append(.unreadableSnapshots(unreadable)) }
        let leaving = Set(proposal.snapshots.map(\.id))
        going = snapshots.filter { leaving.contains($0.id) }
        let remaining = snapshots.filter { !leaving.contains($0.id) }
        gone = leaving.count - going.count
        staying = remaining.count
        if remaining.isEmpty { findings.append(.nothingLeft) }
        let holds = RetentionHolds(snapshots, isComplete: unreadable == 0)
        let refused = holds.refused(going.map(\.id))
        findings += going.compactMap { snapshot in refused[snapshot.id].map { .held(snapshot.id, $0) } }
        let sources = Set(going.compactMap { CaptureEntry($0)?.name })
        lastGood = SourceHistory.all(remaining).filter { sources.contains($0.name) }.compactMap { history in
            history.lastGood.map { (history.name, $0.snapshot.snapshot.time) }
        }
        let packs = Set(proposal.packs)
        let there = try repository.store.list(.pack).filter { packs.contains($0.id) }
        bytes = there.reduce(0) { $0 + $1.size }
        let indexes = Set(proposal.indexes + proposal.newIndexes)
        var absentSnapshots = leaving.subtracting(going.map(\.id))
        var absentIndexes = indexes.subtracting(try repository.store.list(.index).map(\.id))
        var absentPacks = packs.subtracting(there.map(\.id))
        if !(absentSnapshots.isEmpty && absentIndexes.isEmpty && absentPacks.isEmpty) {
            let removed = try removed()
            absentSnapshots.subtract(removed)
            absentIndexes.subtract(removed)
            absentPacks.subtract(removed)
        }
        if absentSnapshots.count + absentPacks.count + absentIndexes.count > 0 {
            findings.append(
                .absent(
                    snapshots: absentSnapshots.count, packs: absentPacks.count, indexes: absentIndexes.count))
        }
        do throws(HikaeError) {
            try repository.loadIndex()
            let needs = try PackNeeds(repository, roots: remaining.map(\.snapshot.tree))
            let losses = try needs.losses(withoutPacks: packs, withoutIndexes: Set(proposal.indexes))
            if losses > 0 { findings.append(.losses(losses)) }
        } catch {
            guard error.code == .damaged else { throw error }
            findings.append(.damaged(error.message))
        }
        self.findings = findings
    }

    /// Whether it can be signed in good conscience.
    public var isSound: Bool { findings.isEmpty }
}

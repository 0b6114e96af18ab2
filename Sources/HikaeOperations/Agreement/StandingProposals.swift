// What is proposed already, and whether something new is worth a proposal of its own. A retention that runs every day
// finds a little more every day; people are asked once in a while, not every day, and never twice for one thing.

public import HikaeAgreement
public import HikaeCore

/// The proposals of a vault that something may still come of.
public struct StandingProposals: Sendable {
    /// Why nothing was proposed.
    public struct Waiting: Sendable {
        /// The proposals that come first, the oldest first.
        public let items: [AgreementReport.Item]
        /// What has become free since and is in none of them: snapshots, or packs where no snapshots were meant.
        public let deferred: Int
        /// Vault time from which on that is proposed; nil: when one of those above is over.
        public let from: UInt64?
    }

    /// Proposals by a rule that may wait at once.
    static let routineProposals = 4
    /// A rule proposes again when this share of the delay has passed since it last did: a quarter.
    static let delayShare: UInt64 = 4

    /// Snapshots that would go.
    public private(set) var snapshots: Set<FileID> = []
    /// Packs that would go.
    public private(set) var packs: Set<FileID> = []
    private var withSnapshots: [AgreementReport.Item] = []
    private var withPacks: [AgreementReport.Item] = []
    private let now: UInt64
    private let delay: UInt64

    /// - Parameter proposal: gives a proposal by its name.
    public init(
        _ report: AgreementReport, proposal: (ProposalID) throws(HikaeError) -> Proposal
    ) throws(HikaeError) {
        (now, delay) = (report.vaultTime, report.rule?.delay ?? AgreementRule.usualDelay)
        for item in report.proposals where !item.standing.isOver {
            let proposal = try proposal(item.id)
            if !proposal.snapshots.isEmpty { withSnapshots.append(item) }
            if !proposal.packs.isEmpty { withPacks.append(item) }
            snapshots.formUnion(proposal.snapshots.map(\.id))
            packs.formUnion(proposal.packs)
        }
    }

    /// Why so many new snapshots make no proposal now; nil when they should.
    public func waiting(snapshots count: Int, isRoutine: Bool) -> Waiting? {
        waiting(behind: withSnapshots, count, isRoutine)
    }

    /// Why so many new packs make no proposal now; nil when they should.
    public func waiting(packs count: Int, isRoutine: Bool) -> Waiting? { waiting(behind: withPacks, count, isRoutine) }

    private func waiting(behind items: [AgreementReport.Item], _ count: Int, _ isRoutine: Bool) -> Waiting? {
        guard let newest = items.map(\.submitted).max() else { return nil }
        if count == 0 { return Waiting(items: items, deferred: 0, from: nil) }
        guard isRoutine else { return nil }
        guard items.count < Self.routineProposals else { return Waiting(items: items, deferred: count, from: nil) }
        let (from, isOver) = newest.addingReportingOverflow(delay / Self.delayShare)
        return now < from || isOver ? Waiting(items: items, deferred: count, from: from) : nil
    }
}

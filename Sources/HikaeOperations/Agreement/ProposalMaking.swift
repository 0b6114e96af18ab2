// A forget and a prune, as a proposal: exactly which files would go, put together here, decided by others.

public import HikaeAgreement
public import HikaeCore
import HikaeFormat
import HikaeGuard
public import HikaeRepository
import HikaeStore

/// Makes proposals.
public enum ProposalMaking {
    /// What came of it.
    public enum Outcome: Sendable {
        /// There is nothing that could go.
        case nothing
        /// A new proposal was handed in: what it is, what the vault says since, and the bytes of the packs that would go.
        case proposed(Proposal, report: AgreementReport, bytes: UInt64)
        /// Proposals that wait already come first.
        case waiting(StandingProposals.Waiting, report: AgreementReport)
    }

    /// Proposes that some snapshots go, and with `pruning` every pack that no other needs. Under an exclusive lock.
    ///
    /// Snapshots that have not registered do so first; new index files are saved; then the proposal is handed in.
    ///
    /// - Parameter isRoutine: whether a rule chose what goes, as it does every day, and no person named it: then little
    ///   that came since the last proposal waits until there is more.
    public static func propose(
        removing snapshots: [NamedSnapshot], pruning: Bool, from repository: Repository, _ client: AgreementClient,
        reason: String, proposer: String, isRoutine: Bool, cancellation: Cancellation
    ) throws(HikaeError) -> Outcome {
        guard let report = try client.report() else {
            throw HikaeError(.unsupported, "\(client.address) knows nothing of agreement")
        }
        try repository.loadIndex()
        var failure: HikaeError?
        try LedgerRegistration.registerNew(repository, client, failed: { failure = failure ?? $0 })
        if let failure { throw failure }
        try cancellation.check()
        // What waits already is not proposed again: a forget or a prune that runs every day heaps nothing up.
        let standing = try StandingProposals(report) { id throws(HikaeError) in try client.proposal(id) }
        var snapshots = snapshots
        // What a rule chose and the vault keeps for now is chosen again tomorrow; a name that must stay is refused aloud.
        if isRoutine, !snapshots.isEmpty, let kept = try client.ledger()?.kept {
            snapshots = snapshots.filter { !kept.contains($0.id) }
            if snapshots.isEmpty { return .nothing }
        }
        let new = snapshots.filter { !standing.snapshots.contains($0.id) }
        if !snapshots.isEmpty, let waiting = standing.waiting(snapshots: new.count, isRoutine: isRoutine) {
            return .waiting(waiting, report: report)
        }
        let going = Set(new.map(\.id))
        if snapshots.isEmpty {
            guard pruning else { return .nothing }
            // Without saving index files yet: most days nothing comes of it.
            let packs = try RemovalSurvey(repository, without: [], isDryRun: true, cancellation: cancellation).packs
            guard !packs.isEmpty else { return .nothing }
            let newPacks = packs.filter { !standing.packs.contains($0) }.count
            if let waiting = standing.waiting(packs: newPacks, isRoutine: isRoutine) {
                return .waiting(waiting, report: report)
            }
        }
        var survey: RemovalSurvey?
        if pruning { survey = try RemovalSurvey(repository, without: going, cancellation: cancellation) }
        guard !going.isEmpty || survey?.packs.isEmpty == false else { return .nothing }
        let proposal = Proposal(
            vault: report.vault, snapshots: new.map { Proposal.Snapshot(id: $0.id, label: label($0)) },
            packs: survey?.packs ?? [], indexes: survey?.indexes ?? [], parity: survey?.parity ?? [],
            newIndexes: survey?.newIndexes ?? [], reason: reason, proposer: proposer, nonce: SecureRandom.bytes(16),
            vaultTime: report.vaultTime)
        return .proposed(proposal, report: try client.propose(proposal), bytes: survey?.bytes ?? 0)
    }

    /// A snapshot in words: its source, or its host and paths, and its time. At most 400 bytes.
    public static func label(_ snapshot: NamedSnapshot) -> String {
        let time = snapshot.snapshot.time.display
        let subject: String =
            if let capture = CaptureEntry(snapshot) {
                "\(capture.name) \(capture.verdict.rawValue)"
            } else if let decision = DecisionEntry(snapshot) {
                "\(decision.name) decision \(decision.word.rawValue)"
            } else {
                "\(snapshot.snapshot.hostname) \(snapshot.snapshot.paths.joined(separator: " "))"
            }
        let plain = String(
            String.UnicodeScalarView(subject.unicodeScalars.filter { PlainText.isPlain(String($0)) && $0 != "\n" }))
        var kept = plain
        while kept.utf8.count > 360 { kept.removeLast() }
        return "\(kept) \(time)"
    }
}

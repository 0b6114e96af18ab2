// Telling a vault that cannot read snapshots what each of them is and needs, so that it can keep the last good one of
// every source, and every pack that something needs, whatever anybody signs.

import HikaeAgreement
public import HikaeCore
import HikaeFormat
import HikaeGuard
public import HikaeRepository

/// Registers snapshots in a vault's ledger.
public enum LedgerRegistration {
    /// Registers every snapshot that has not registered yet; how many. The repository's index is loaded anew.
    ///
    /// - Parameters:
    ///   - isWanted: which snapshots; all without it.
    ///   - failed: told of snapshots that cannot be read or registered; the others are.
    @discardableResult
    public static func registerNew(
        _ repository: Repository, _ client: AgreementClient, where isWanted: (NamedSnapshot) -> Bool = { _ in true },
        failed: (HikaeError) -> Void = { _ in }
    ) throws(HikaeError) -> Int {
        guard let known = try client.ledger()?.registered else { return 0 }
        var unreadable: [HikaeError] = []
        let all = try repository.snapshots { unreadable.append($1) }
        for error in unreadable { failed(error) }
        let new = all.filter { !known.contains($0.id) && isWanted($0) }
        guard !new.isEmpty else { return 0 }
        // What others have written since may be needed, too.
        try repository.loadIndex()
        let naming = SourceNaming(repository.key)
        let captures = all.compactMap { CaptureEntry($0) }
        var count = 0
        for snapshot in new {
            do throws(HikaeError) {
                try client.register(try entry(snapshot, among: captures, in: repository, naming))
                count += 1
            } catch {
                if error.code == .cancelled { throw error }
                failed(error)
            }
        }
        return count
    }

    /// What a snapshot's ledger entry says.
    static func entry(
        _ snapshot: NamedSnapshot, among captures: [CaptureEntry], in repository: Repository, _ naming: SourceNaming
    ) throws(HikaeError) -> LedgerEntry {
        let packs = try PackNeeds(repository, roots: [snapshot.snapshot.tree]).packs()
        if let capture = CaptureEntry(snapshot) {
            let parts = [capture.name.organisation, capture.name.system, capture.name.source]
            return LedgerEntry(
                snapshot: snapshot.id, source: naming.digest(["capture"] + parts),
                verdict: capture.verdict == .good && !capture.isRepaired ? .good : .suspect, run: capture.run,
                packs: Array(packs))
        }
        if let decision = DecisionEntry(snapshot) {
            let parts = [decision.name.organisation, decision.name.system, decision.name.source]
            let about = captures.filter { $0.capture == decision.capture && $0.name == decision.name }
            // What was saved again with losses is meant only where the whole one is gone.
            let whole = about.filter { !$0.isRepaired }
            let subjects = Set((whole.isEmpty ? about : whole).map(\.snapshot.id)).sorted()
            return LedgerEntry(
                snapshot: snapshot.id, source: naming.digest(["capture"] + parts),
                verdict: subjects.isEmpty ? .decision : decision.word == .accepted ? .accepted : .rejected, run: 0,
                packs: Array(packs), subjects: Array(subjects.prefix(LedgerEntry.Limits.subjects)))
        }
        // A snapshot that no plan made: nothing speaks against it, and its host and paths are what it is of.
        return LedgerEntry(
            snapshot: snapshot.id,
            source: naming.digest(["paths", snapshot.snapshot.hostname] + snapshot.snapshot.paths), verdict: .good,
            run: 0, packs: Array(packs))
    }
}

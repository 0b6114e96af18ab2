// Keeps account during a check: counts, findings that wait for the files concerned, and which blobs are lost.

import HikaeCore
import HikaeFormat
import HikaeStore
import Synchronization

/// The account of one check. Safe to use from many threads.
final class CheckLedger: Sendable {
    /// Findings about single blobs that are kept; beyond this they are counted only.
    static let maximumBlobFindings = 10_000

    private struct State {
        var report = CheckReport()
        /// Findings held back until the files concerned are known.
        var pending: [CheckFinding] = []
        /// Which of them a blob's loss belongs to.
        var byBlob: [BlobID: [Int]] = [:]
        /// Which of them the loss of a pack's blobs belongs to, by the pack's number.
        var byPack: [Int: Int] = [:]
        var unlisted = 0
        var lastFile: [Int: Int] = [:]
        var needsIndexRepair = false
        var needsPrune = false
        var damagedPacks: Set<FileID> = []
        var hasLoss = false
    }

    private let state = Mutex(State())
    private let emit: @Sendable (CheckFinding) -> Void

    init(_ emit: @escaping @Sendable (CheckFinding) -> Void) { self.emit = emit }

    /// Reports a finding at once.
    func report(_ finding: CheckFinding) {
        state.withLock { Self.count(finding, &$0.report) }
        emit(finding)
    }

    private static func count(_ finding: CheckFinding, _ report: inout CheckReport) {
        if finding.severity == .error { report.errors += 1 } else { report.hints += 1 }
    }

    /// Reports a finding about a pack whose blobs may be lost, once the files concerned are known.
    func hold(_ finding: CheckFinding, pack: Int) {
        state.withLock { state in
            state.byPack[pack] = state.pending.count
            state.pending.append(finding)
            state.hasLoss = true
        }
    }

    /// Reports a finding about a blob, once the files concerned are known.
    func hold(_ finding: CheckFinding, blob: BlobID) {
        state.withLock { state in
            state.hasLoss = true
            guard state.pending.count < Self.maximumBlobFindings else {
                state.unlisted += 1
                return
            }
            state.byBlob[blob, default: []].append(state.pending.count)
            state.pending.append(finding)
        }
    }

    func noteIndexTrouble() { state.withLock { $0.needsIndexRepair = true } }
    func noteWaste() { state.withLock { $0.needsPrune = true } }
    func noteDamaged(pack: FileID) { state.withLock { _ = $0.damagedPacks.insert(pack) } }
    func update(_ change: (inout CheckReport) -> Void) { state.withLock { change(&$0.report) } }

    /// Whether something was found that makes it worth looking for the files concerned.
    var hasLoss: Bool { state.withLock { $0.hasLoss } }

    /// Whether this blob was reported missing already.
    func isHeld(_ blob: BlobID) -> Bool { state.withLock { $0.byBlob[blob] != nil } }

    /// Notes that a file of a snapshot needs a lost blob that stands in `packs`. `file` tells files apart.
    func concern(
        path: @autoclosure () -> String, of snapshot: FileID?, file: Int, blob: BlobID, packs: [Int]
    ) {
        state.withLock { state in
            let findings = (state.byBlob[blob] ?? []) + packs.compactMap { state.byPack[$0] }
            for finding in findings where state.lastFile[finding] != file {
                state.lastFile[finding] = file
                state.pending[finding].pathCount += 1
                if let snapshot, state.pending[finding].snapshots.last != snapshot {
                    state.pending[finding].snapshots.append(snapshot)
                }
                if state.pending[finding].paths.count < CheckFinding.maximumPaths {
                    state.pending[finding].paths.append(path())
                }
            }
        }
    }

    /// Reports what was held back and gives the account.
    func finish() -> CheckReport {
        let (pending, unlisted) = state.withLock { ($0.pending, $0.unlisted) }
        for finding in pending { report(finding) }
        if unlisted > 0 {
            report(CheckFinding(.error, .blobDamaged, "\(unlisted) more blobs are damaged or missing"))
        }
        return state.withLock { state in
            state.report.damagedPacks = state.damagedPacks.sorted()
            state.report.suggestions = Self.suggestions(state)
            return state.report
        }
    }

    private static func suggestions(_ state: State) -> [String] {
        var lines: [String] = []
        if state.needsIndexRepair {
            lines.append("Run `hikae repair index` to bring the index in line with the packs.")
        }
        if !state.damagedPacks.isEmpty {
            let names = state.damagedPacks.sorted().prefix(20).map(\.hex).joined(separator: " ")
            lines.append("Run `hikae repair packs \(names)` to save what is whole in the damaged packs.")
        }
        if state.hasLoss {
            lines.append(
                "Then back up the same files again, which heals snapshots whose content is still there, and run "
                    + "`hikae repair snapshots --forget` for the rest.")
        }
        if state.needsPrune { lines.append("Run `hikae prune` to remove what is stored for nothing.") }
        return lines
    }
}

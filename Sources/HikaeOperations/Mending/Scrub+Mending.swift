// The mending half of a scrub: parity first, since it puts a pack right byte for byte; then what others have, in the pack
// itself where that comes out byte for byte, else in new ones.

import HikaeCore
import HikaeFormat
import HikaeParity
import HikaeRepository
import HikaeStore

extension Scrub {
    /// Mends what can be mended. Why the others could not be, by pack.
    func mend(
        _ outcome: inout ScrubOutcome, _ findings: [CheckFinding], _ parity: ParityRound,
        _ others: () throws(HikaeError) -> [Other]
    ) throws(HikaeError) -> [FileID: String] {
        var because: [FileID: String] = [:]
        var rest: [FileID] = []
        for pack in outcome.damaged {
            try cancellation.check()
            do throws(HikaeError) {
                if try isWhole(pack) {
                    // Read wrongly once. What its own bytes have wrong is another matter: no parity mends that.
                    let kinds = Set(findings.filter { $0.pack == pack }.map(\.kind))
                    if !kinds.isSubset(of: [.packUnreadable, .packDamaged, .tree]) { rest.append(pack) }
                    continue
                }
                if let bytes = try parity.mended(pack) {
                    try put(bytes, pack)
                    outcome.mendedByParity.append(pack)
                    continue
                }
            } catch {
                if error.code == .cancelled { throw error }
                because[pack] = error.message
            }
            rest.append(pack)
        }
        guard !rest.isEmpty else { return because }
        let others = try others()
        try rebuild(&rest, from: others, &outcome, &because)
        if !rest.isEmpty { try replace(rest, from: others, &outcome, &because) }
        return because
    }

    private func isWhole(_ pack: FileID) throws(HikaeError) -> Bool {
        do throws(HikaeError) {
            return Digest.fileID(try repository.store.load(StoredFile(.pack, pack))) == pack
        } catch {
            guard [.notFound, .damaged, .inputOutput].contains(error.code) else { throw error }
            return false
        }
    }

    /// Puts the right bytes of a pack where the damaged ones are.
    private func put(_ bytes: [UInt8], _ pack: FileID) throws(HikaeError) {
        try repository.store.save(StoredFile(.pack, pack), bytes)
        try repository.store.flush()
    }

    /// Makes packs again as they were; takes those out of `packs` that came out.
    private func rebuild(
        _ packs: inout [FileID], from others: [Other], _ outcome: inout ScrubOutcome, _ because: inout [FileID: String]
    ) throws(HikaeError) {
        guard !others.isEmpty else { return }
        do throws(HikaeError) {
            // A server that keeps restic's files only takes no pack in the place of another, and one pack that is refused
            // ends the uploads behind it.
            _ = try repository.store.list(.parity)
        } catch {
            if error.code == .cancelled { throw error }
            return
        }
        let repairer = Repairer(repository: repository, cancellation: cancellation)
        var left: [FileID] = []
        for pack in packs {
            do throws(HikaeError) {
                let bytes = try repairer.rebuilt(pack) { id, type throws(HikaeError) in
                    for other in others {
                        let forms = try other.repository.unsealed(id, type)
                        if !forms.isEmpty { return forms }
                    }
                    return []
                }
                if let bytes {
                    try put(bytes, pack)
                    outcome.mendedInPlace.append(pack)
                    because[pack] = nil
                    continue
                }
            } catch {
                if error.code == .cancelled { throw error }
                because[pack] = error.message
            }
            left.append(pack)
        }
        packs = left
    }

    /// Puts new packs in the place of damaged ones.
    private func replace(
        _ packs: [FileID], from others: [Other], _ outcome: inout ScrubOutcome, _ because: inout [FileID: String]
    ) throws(HikaeError) {
        do throws(HikaeError) {
            let repairer = Repairer(repository: repository, progress: progress, cancellation: cancellation)
            let summary = try repairer.mendPacks(packs) { id, type throws(HikaeError) in
                try Self.blob(id, type, of: others)
            }
            outcome.mendedByContent = summary.mended
            outcome.outlived = summary.outlived
            outcome.rescued = summary.rescued
            for (pack, blobs) in summary.lost {
                let names = others.map(\.name).joined(separator: ", ")
                because[pack] =
                    "\(blobs.count) of its blobs are whole nowhere"
                    + (others.isEmpty ? ": no other vault could be asked" : ", nor in \(names)")
            }
            for (pack, error) in summary.failures { because[pack] = error.message }
        } catch {
            try note(error, &outcome)
            for pack in packs { because[pack] = "it could not be mended: \(error.message)" }
        }
    }

    /// What others have under the name: the first whole copy; nil where none has one.
    private static func blob(_ id: BlobID, _ type: BlobType, of others: [Other]) throws(HikaeError) -> [UInt8]? {
        for other in others {
            do throws(HikaeError) {
                return try other.repository.blob(id, type)
            } catch {
                if error.code == .cancelled { throw error }
            }
        }
        return nil
    }

    private func note(_ error: HikaeError, _ outcome: inout ScrubOutcome) throws(HikaeError) {
        if error.code == .cancelled { throw error }
        outcome.troubles.append(error)
    }

    // MARK: Parity

    /// Makes damaged parity anew, and what is missing when the repository is to have some.
    func keepParity(_ outcome: inout ScrubOutcome, _ parity: ParityRound) throws(HikaeError) {
        do throws(HikaeError) {
            let there = outcome.damagedParity.isEmpty ? [] : try Set(repository.store.list(.pack).map(\.id))
            for pack in outcome.damagedParity {
                // Parity of a pack that went has gone with it.
                let isRight =
                    there.contains(pack)
                    ? try parity.renew(pack, usual: options.parity ?? Self.usualParity) : true
                if isRight { outcome.renewedParity.append(pack) }
            }
            if options.parity != nil || !outcome.mendedByContent.isEmpty || !outcome.outlived.isEmpty {
                _ = try parity.follow(share: options.parity, progress: progress)
            }
        } catch {
            if error.code != .unsupported || options.parity != nil { try note(error, &outcome) }
        }
    }

    // MARK: What is still not whole

    /// Sorts errors by pack and looks up the snapshots that they concern.
    func judge(
        _ outcome: inout ScrubOutcome, _ errors: [CheckFinding], because: [FileID: String]
    ) throws(HikaeError) {
        var messages: [FileID: [String]] = [:]
        var snapshots: [FileID: Set<FileID>] = [:]
        let outlived = Set(outcome.outlived)
        for error in errors {
            if let pack = Self.damagedPack(error), outlived.contains(pack), error.snapshots.isEmpty { continue }
            guard let pack = Self.damagedPack(error) else {
                outcome.others.append(error)
                continue
            }
            messages[pack, default: []].append(error.message)
            snapshots[pack, default: []].formUnion(error.snapshots)
        }
        guard !messages.isEmpty else { return }
        let named = try repository.snapshots { _, _ in }
        outcome.broken = messages.sorted { $0.key < $1.key }.map { pack, reasons in
            ScrubOutcome.Broken(
                pack: pack, reasons: reasons + (because[pack].map { ["pack \(pack.hex): \($0)"] } ?? []),
                snapshots: named.filter { snapshots[pack, default: []].contains($0.id) }
                    .sorted { $0.snapshot.time < $1.snapshot.time })
        }
    }
}

// Repairing snapshots: new ones without what is lost, so that all the rest can be restored.

public import HikaeCore
import HikaeFormat
import HikaeStore

extension Repairer {
    /// Makes a new snapshot for each that needs something which is lost: files lose the missing pieces, directories
    /// that cannot be read become empty. Repair the index and the packs first.
    ///
    /// - Parameters:
    ///   - unreadable: snapshots that could not be read; looked at again here. Those whose file is damaged are removed
    ///     with `forget`, else only named.
    ///   - forget: removes the damaged snapshots. Otherwise the new ones bear the tag `repaired`.
    ///   - keeping: snapshots that stay although they are damaged, for what can still be read of them.
    ///   - marking: snapshots whose new ones bear the tag `repaired` in any case: what lost something must not pass for
    ///     what was captured, nor keep a whole copy from coming back.
    /// - Throws: the error of anything that could not be read but may be whole. Then no snapshot is gone.
    public func repairSnapshots(
        _ snapshots: [NamedSnapshot], unreadable: [FileID] = [], forget: Bool, keeping: Set<FileID> = [],
        marking: Set<FileID> = []
    ) throws(HikaeError) -> SnapshotRepairSummary {
        try repository.loadIndexAnew(progress: progress)
        var summary = SnapshotRepairSummary()
        for id in unreadable { try checkDamaged(id) }
        var options = BlobWriter.Options()
        options.isDryRun = self.options.dryRun
        var rewritten: [(NamedSnapshot, BlobID?)] = []
        progress?.begin(phase: "repairing snapshots", files: snapshots.count)
        try BlobWriter.session(repository, options: options) { saver throws(HikaeError) in
            var rewriter = try TreeRewriter(repository, saver: saver, cancellation: cancellation, note: note)
            for snapshot in snapshots {
                note("snapshot \(snapshot.id.short) of [\(snapshot.snapshot.paths.joined(separator: " "))]")
                rewritten.append((snapshot, try rewriter.rewrite(snapshot.snapshot.tree)))
                progress?.add(files: 1)
            }
        }
        for id in unreadable { try dropUnreadable(id, "the snapshot file", forget: forget, &summary) }
        for (snapshot, tree) in rewritten {
            try cancellation?.check()
            summary.checked += 1
            let mayForget = forget && !keeping.contains(snapshot.id)
            if forget, !mayForget, tree != snapshot.snapshot.tree {
                note("snapshot \(snapshot.id.short) is damaged and stays: it must not be forgotten")
            }
            guard let tree else {
                try dropUnreadable(snapshot.id, "the root", forget: mayForget, &summary)
                continue
            }
            if tree != snapshot.snapshot.tree {
                let isMarked = !mayForget || marking.contains(snapshot.id)
                try replace(snapshot, tree, forget: mayForget, isMarked: isMarked, &summary)
            }
        }
        try repository.store.flush()
        return summary
    }

    /// Returns only when the file of a snapshot that could not be read is damaged, and not merely out of reach.
    private func checkDamaged(_ id: FileID) throws(HikaeError) {
        do throws(HikaeError) {
            _ = try repository.snapshot(id)
        } catch {
            guard error.isLoss else { throw error }
            return
        }
        throw HikaeError(
            .refused, "snapshot \(id.short) could not be read at first, and can be now: nothing was changed",
            hint: "Run the command again.")
    }

    private func dropUnreadable(
        _ id: FileID, _ what: String, forget: Bool, _ summary: inout SnapshotRepairSummary
    ) throws(HikaeError) {
        summary.unreadable.append(id)
        guard forget else {
            note("\(what) of snapshot \(id.hex) is unreadable; `repair snapshots --forget` removes it")
            return
        }
        note("\(options.dryRun ? "would remove" : "removed") unreadable snapshot \(id.hex)")
        if !options.dryRun { try repository.removeFile(.snapshot, id) }
    }

    private func replace(
        _ old: NamedSnapshot, _ tree: BlobID, forget: Bool, isMarked: Bool,
        _ summary: inout SnapshotRepairSummary
    ) throws(HikaeError) {
        var snapshot = old.snapshot
        snapshot.tree = tree
        snapshot.original = old.id
        if isMarked, !snapshot.tags.contains("repaired") { snapshot.tags.append("repaired") }
        guard !options.dryRun else {
            note("would save new snapshot")
            if forget { note("would remove old snapshot \(old.id.short)") }
            summary.changed.append(SnapshotRepairSummary.Change(old: old.id, new: nil))
            return
        }
        let id = try repository.save(snapshot)
        note("saved new snapshot \(id.short)")
        summary.changed.append(SnapshotRepairSummary.Change(old: old.id, new: id))
        if forget {
            try repository.removeFile(.snapshot, old.id)
            note("removed old snapshot \(old.id.short)")
        }
    }
}

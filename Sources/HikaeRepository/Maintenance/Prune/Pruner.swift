// Removes what no snapshot needs. Plans first; then writes before it removes, so that a cut at any point loses nothing.

public import HikaeCore
import HikaeFormat
import HikaeStore

/// Prunes a repository. The caller holds an exclusive lock from the plan to the end.
public final class Pruner: Sendable {
    private let repository: Repository
    private let options: PruneOptions
    private let progress: Progress?
    private let cancellation: Cancellation?
    private let report: @Sendable (HikaeError) -> Void

    /// - Parameter report: told of trouble that does not stop the prune, such as a pack that cannot be removed now.
    public init(
        repository: Repository, options: PruneOptions = PruneOptions(), progress: Progress? = nil,
        cancellation: Cancellation? = nil, report: @escaping @Sendable (HikaeError) -> Void = { _ in }
    ) {
        self.repository = repository
        self.options = options
        self.progress = progress
        self.cancellation = cancellation
        self.report = report
    }

    /// Finds out what is needed and decides what to do with each pack. Touches nothing.
    ///
    /// - Parameter snapshots: snapshots to take for gone, as after a `forget --dry-run`.
    /// - Throws: `.damaged` when a snapshot, an index or a tree cannot be read, or data that is needed is missing:
    ///   without knowing all that is needed nothing may be removed.
    public func plan(ignoring snapshots: Set<FileID> = []) throws(HikaeError) -> PrunePlan {
        guard !options.repackUncompressed || repository.config.version >= 2 else {
            throw HikaeError(.usage, "compression requires at least repository format version 2")
        }
        guard !options.repackUncompressed || repository.options.compression != .off else {
            throw HikaeError(.usage, "disabled compression and --repack-uncompressed exclude each other")
        }
        try repository.loadIndexAnew(progress: progress)
        let roots = try loadRoots(ignoring: snapshots)
        progress?.begin(phase: "finding data that is still in use for \(roots.count) snapshots")
        let used = try UsedBlobs(repository, roots: roots, threads: options.threads, cancellation: cancellation)
        progress?.begin(phase: "searching used packs")
        let index = repository.index
        let table = PackTable(index)
        let stored = try repository.store.list(.pack)
        let counter = try countPacks(index, table, used, stored)
        let selector = PackSelector(
            options: options, packSize: UInt64(repository.options.packSize),
            repositoryVersion: repository.config.version)
        let selection = try selector.select(
            ids: table.ids, usage: counter.packs, stored: stored, statistics: counter.statistics)
        var positions = try repackPositions(index, table, used, selection)
        positions += try KeptCopies(
            repository: repository.uncached, index: index, table: table, threads: options.threads, progress: progress,
            cancellation: cancellation
        ).rescues(used, selection.fates)
        let repeated = table.ids.indices.filter { selection.fates[$0] == .keep && table.namings[$0] > 1 }
        return PrunePlan(
            statistics: selection.statistics, removePacksFirst: selection.unreferenced,
            repackPacks: selection.packs(.repack, table), removePacks: selection.packs(.remove, table),
            forgetPacks: selection.packs(.forget, table),
            repeatedPacks: try index.blobs(of: Set(repeated.map { table.ids[$0] }), table),
            repacks: PackExtract.grouping(positions, index, table))
    }

    private func loadRoots(ignoring ignored: Set<FileID>) throws(HikaeError) -> [BlobID] {
        do throws(HikaeError) {
            return try repository.snapshots().filter { !ignored.contains($0.id) }.map(\.snapshot.tree)
        } catch {
            guard error.code == .damaged else { throw error }
            throw HikaeError(
                .damaged, "a snapshot cannot be read, so that nobody knows what it needs: \(error.message)",
                hint: "Nothing was removed. Forget that snapshot by its ID, or repair it.")
        }
    }

    private func countPacks(
        _ index: BlobIndex, _ table: PackTable, _ used: UsedBlobs, _ stored: [StoredFileInfo]
    ) throws(HikaeError) -> PackUsageCounter {
        let totals = try PackTotals.all(index, table)
        var isStored = [Bool](repeating: false, count: table.count)
        for info in stored { if let number = table.number(of: info.id) { isStored[number] = true } }
        var counter = PackUsageCounter(headerBytes: totals.map(\.headerBytes), isStored: isStored)
        try index.forEachBlob(table) { primary, copies in
            counter.count(copies.lazy.map(BlobCopy.init), isUsed: used.bits.contains(primary))
        }
        guard counter.hasDuplicates else { return counter }
        try index.forEachBlob(table) { primary, copies in
            if copies.count > 1 {
                counter.settle(copies.lazy.map(BlobCopy.init), isUsed: used.bits.contains(primary))
            }
        }
        return counter
    }

    /// The copies to write again: of each blob in use that stands in no pack that is kept, one.
    private func repackPositions(
        _ index: BlobIndex, _ table: PackTable, _ used: UsedBlobs, _ selection: PackSelection
    ) throws(HikaeError) -> [Int] {
        guard selection.fates.contains(.repack) else { return [] }
        var positions: [Int] = []
        try index.forEachBlob(table) { primary, copies throws(HikaeError) in
            guard used.bits.contains(primary) else { return }
            if copies.contains(where: { selection.fates[$0.pack] == .keep }) { return }
            guard let copy = copies.first(where: { selection.fates[$0.pack] == .repack }) else {
                throw HikaeError(.refused, "the plan would lose the blob \(copies[0].blob.id.hex): nothing was removed")
            }
            positions.append(copy.position)
        }
        return positions
    }

    /// Carries a plan out.
    ///
    /// New packs and their index come first, then the old indexes are replaced, and only then packs go. Stopped at any
    /// point, the repository is whole, and the next prune removes what is left over.
    public func execute(_ plan: PrunePlan) throws(HikaeError) {
        try cancellation?.check()
        try removeLeftovers()
        try remove(plan.removePacksFirst, phase: "deleting unreferenced packs")
        if !plan.repacks.isEmpty {
            progress?.begin(phase: "repacking packs", files: plan.repacks.count)
            let repacker = Repacker(
                from: repository, to: repository, threads: options.threads, progress: progress,
                cancellation: cancellation, compressesAnew: options.repackUncompressed)
            try repacker.copy(plan.repacks, index: repository.index)
        }
        let gone = Set(plan.removePacks + plan.repackPacks + plan.forgetPacks)
        guard !gone.isEmpty || !plan.repeatedPacks.isEmpty else { return }
        try cancellation?.check()
        try IndexRewriter(repository: repository, progress: progress, cancellation: cancellation)
            .rewrite(dropping: { gone.contains($0) || plan.repeatedPacks[$0] != nil }) { output throws(HikaeError) in
                for (id, blobs) in plan.repeatedPacks { try output.add(id, blobs) }
            }
        try remove(plan.removePacks + plan.repackPacks, phase: "removing old packs")
        try repository.store.flush()
        try repository.loadIndex()
    }

    /// Clears away what killed runs have left half written. What is left after this harms nothing. Throws `.cancelled` only.
    private func removeLeftovers() throws(HikaeError) {
        do throws(HikaeError) { _ = try repository.store.removeLeftovers() } catch {
            if error.code == .cancelled { throw error }
            report(error)
        }
    }

    /// Removes packs. One that cannot be removed harms nothing: the next prune finds it again. Throws `.cancelled` only.
    private func remove(_ packs: [FileID], phase: String) throws(HikaeError) {
        guard !packs.isEmpty else { return }
        progress?.begin(phase: phase, files: packs.count)
        for id in packs.sorted() {
            try cancellation?.check()
            do throws(HikaeError) {
                try repository.removeFile(.pack, id)
            } catch {
                report(error)
            }
            progress?.add(files: 1)
        }
    }
}

extension BlobCopy {
    init(_ copy: (position: Int, pack: Int, blob: PackedBlob)) {
        self.init(
            pack: copy.pack, type: copy.blob.type, length: copy.blob.length,
            isCompressed: copy.blob.uncompressedLength != 0)
    }
}

extension PackSelection {
    /// The packs with a fate.
    fileprivate func packs(_ fate: PackFate, _ table: PackTable) -> [FileID] {
        fates.indices.filter { fates[$0] == fate }.map { table.ids[$0] }
    }
}

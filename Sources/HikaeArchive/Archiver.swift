// Source to snapshot. The walker lists and compares, the workers read and store, trees close from below.

public import HikaeCore
import HikaeFormat
public import HikaeRepository
public import HikaeSource
import Synchronization

/// Saves one source as one snapshot, or as nothing.
public final class Archiver: Sendable {
    let repository: Repository
    let options: ArchiveOptions
    let progress: Progress
    let cancellation: Cancellation
    let report: @Sendable (HikaeError) -> Void
    let onItem: (@Sendable (ArchiveItem) -> Void)?
    let onHealing: @Sendable (String) -> Void

    /// - Parameters:
    ///   - repository: open, its index loaded, locked (shared).
    ///   - report: told, from any thread, of each item that could not be read.
    ///   - onItem: told, from any thread, what became of each file and directory.
    ///   - onHealing: told of each file or directory that is read again because the repository lost parts of it.
    public init(
        _ repository: Repository, options: ArchiveOptions, progress: Progress = Progress(),
        cancellation: Cancellation = Cancellation(), report: @escaping @Sendable (HikaeError) -> Void = { _ in },
        onItem: (@Sendable (ArchiveItem) -> Void)? = nil, onHealing: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.repository = repository
        self.options = options
        self.progress = progress
        self.cancellation = cancellation
        self.report = report
        self.onItem = onItem
        self.onHealing = onHealing
    }

    /// Archives `root`, whose entries become the root tree.
    ///
    /// - Parameter beforeCommit: called when everything is read and before the snapshot can come to be: the place to
    ///   confirm a lock. When it throws, no snapshot is made; what was stored so far stays, unused.
    /// - Parameter seal: called when everything is read, with what was found so far: what the snapshot is to say of
    ///   itself besides. When it throws, no snapshot is made.
    /// Throws what the repository ran into; unreadable items are reported and counted instead.
    public func run(
        _ root: any SourceDirectory, beforeCommit: () throws(HikaeError) -> Void = {},
        seal: (ArchiveSummary) throws(HikaeError) -> ArchiveSeal = { _ in ArchiveSeal() }
    ) throws(HikaeError) -> ArchiveSummary {
        var writing = BlobWriter.Options()
        writing.isDryRun = options.isDryRun
        let chunker = try repository.makeChunker()
        let writer = try BlobWriter(repository, options: writing)
        let run = ArchiveRun(self, writer, chunker)
        let sealing: ArchiveSeal
        let tree: BlobID
        do throws(HikaeError) {
            try run.execute(root)
            sealing = try seal(run.summary())
            tree = try run.saveRoot(sealing, time: options.time)
            try beforeCommit()
            try writer.finish()
            try cancellation.check()
        } catch {
            writer.abandon()
            throw error
        }
        return try commit(run, writer, tree, tags: options.tags + sealing.tags)
    }

    private func commit(_ run: ArchiveRun, _ writer: BlobWriter, _ tree: BlobID, tags: [String]) throws(HikaeError)
        -> ArchiveSummary
    {
        var summary = run.summary()
        summary.tree = tree
        summary.dataBlobs = writer.statistics.dataBlobs.load(ordering: .relaxed)
        summary.treeBlobs = writer.statistics.treeBlobs.load(ordering: .relaxed)
        summary.bytesAdded =
            writer.statistics.dataBytes.load(ordering: .relaxed) + writer.statistics.treeBytes.load(ordering: .relaxed)
        summary.bytesStored =
            writer.statistics.dataBytesStored.load(ordering: .relaxed)
            + writer.statistics.treeBytesStored.load(ordering: .relaxed)
        if options.isDryRun || (options.skipsUnchanged && options.parent?.snapshot.tree == tree) { return summary }
        summary.snapshot = try repository.save(makeSnapshot(tree, tags: tags))
        return summary
    }

    private func makeSnapshot(_ tree: BlobID, tags: [String]) -> Snapshot {
        var snapshot = Snapshot(time: options.time, tree: tree, paths: options.paths)
        snapshot.parent = options.parent?.id
        snapshot.hostname = options.hostname
        snapshot.username = options.username
        snapshot.uid = options.uid
        snapshot.gid = options.gid
        snapshot.excludes = options.excludes
        snapshot.tags = tags
        snapshot.programVersion = options.programVersion
        return snapshot
    }
}

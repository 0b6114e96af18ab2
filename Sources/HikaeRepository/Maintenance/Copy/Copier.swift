// Copies snapshots with all they need into another repository, whatever its keys, version and chunker are.

public import HikaeCore
import HikaeFormat
import HikaeStore
import Synchronization

/// How a copy is to go about it. Pack size and compression are the destination's (`OpenOptions`).
public struct CopyOptions: Sendable {
    public var threads = processorCount()
    /// Bytes after which the snapshots copied so far are saved, so that a cut costs no more than that.
    public var batchBytes: UInt64 = 1 << 30

    public init() {}
}

/// What happens to one snapshot of a copy.
public enum CopyEvent: Sendable {
    /// Its content is about to be copied.
    case started(NamedSnapshot)
    /// The destination has it already, as `copy`.
    case skipped(NamedSnapshot, copy: FileID)
    /// It is in the destination now, as `saved`.
    case saved(NamedSnapshot, as: FileID)
}

/// What a copy did.
public struct CopySummary: Sendable, Equatable {
    public var snapshotsCopied = 0
    public var snapshotsSkipped = 0
    public var blobs: UInt64 = 0
    /// As they stand in the destination's packs.
    public var bytes: UInt64 = 0

    public init() {}
}

/// Copies between two repositories. Both are locked by the caller (not exclusively), both indexes are loaded.
public final class Copier: Sendable {
    private let source: Repository
    private let destination: Repository
    private let options: CopyOptions
    private let progress: Progress?
    private let cancellation: Cancellation?
    private let report: @Sendable (HikaeError) -> Void
    private let event: @Sendable (CopyEvent) -> Void

    public init(
        from source: Repository, to destination: Repository, options: CopyOptions = CopyOptions(),
        progress: Progress? = nil, cancellation: Cancellation? = nil,
        report: @escaping @Sendable (HikaeError) -> Void = { _ in },
        event: @escaping @Sendable (CopyEvent) -> Void = { _ in }
    ) {
        self.source = source
        self.destination = destination
        self.options = options
        self.progress = progress
        self.cancellation = cancellation
        self.report = report
        self.event = event
    }

    /// Copies `snapshots` of the source that the destination does not have, in the order given.
    ///
    /// - Throws: `.damaged` when something a snapshot needs cannot be read: that snapshot and those behind it are not
    ///   copied, those before it are.
    public func copy(_ snapshots: [NamedSnapshot]) throws(HikaeError) -> CopySummary {
        let existing = try CopiedSnapshots(destination, report: report)
        var summary = CopySummary()
        let selection = CopySelection(source, destination, options: options, cancellation: cancellation)
        var batch: [NamedSnapshot] = []
        for snapshot in snapshots {
            try cancellation?.check()
            if let copy = existing.copy(of: snapshot) {
                summary.snapshotsSkipped += 1
                event(.skipped(snapshot, copy: copy))
                continue
            }
            event(.started(snapshot))
            do throws(HikaeError) {
                try selection.add(snapshot.snapshot.tree)
            } catch {
                selection.drop()
                try flush(&batch, selection, &summary)
                throw error
            }
            selection.commit()
            batch.append(snapshot)
            if selection.bytes >= options.batchBytes { try flush(&batch, selection, &summary) }
        }
        try flush(&batch, selection, &summary)
        return summary
    }

    private func flush(
        _ batch: inout [NamedSnapshot], _ selection: CopySelection, _ summary: inout CopySummary
    ) throws(HikaeError) {
        guard !batch.isEmpty else { return }
        let extracts = selection.takeExtracts()
        if !extracts.isEmpty {
            progress?.begin(phase: "copying packs", files: extracts.count)
            let repacker = Repacker(
                from: source, to: destination, threads: source.store.traits.threads(options.threads),
                progress: progress,
                cancellation: cancellation)
            let copied = try repacker.copy(extracts, index: source.index)
            summary.blobs += UInt64(copied.blobs)
            summary.bytes += UInt64(copied.bytes)
        }
        for named in batch {
            var snapshot = named.snapshot
            // The parent means nothing in the other repository; the original is what a later copy knows it by.
            snapshot.parent = nil
            if snapshot.original == nil { snapshot.original = named.id }
            let id = try destination.save(snapshot)
            summary.snapshotsCopied += 1
            event(.saved(named, as: id))
        }
        batch = []
    }
}

// A small repository for tests of sources and destinations: capture into it, look into it, restore from it.

public import HikaeArchive
public import HikaeCore
public import HikaeDestination
import HikaeFormat
public import HikaeRepository
public import HikaeSource
public import HikaeStore
import Synchronization

/// Captures as the program does, without a plan. Each capture is compared with the one before.
public final class CaptureRig: Sendable {
    /// One capture.
    public struct Capture: Sendable {
        public let summary: ArchiveSummary
        public let facts: CaptureFacts
        /// What came back to be reported: items left out, retries, warnings.
        public let reports: [HikaeError]
        public let snapshot: NamedSnapshot
        /// The content, as a destination sees it.
        public let content: SnapshotContent
    }

    /// Where content stands in a snapshot.
    public static let names = ["shop", "part"]
    public let repository: Repository
    private let last = Mutex<Capture?>(nil)

    /// Makes the repository: in memory, or in `store`.
    public init(_ store: any ObjectStore = MemoryStore()) throws {
        var options = CreateOptions()
        options.scrypt = .insecureForTests
        repository = try Repository.create(store, password: Array("rig".utf8), options: options)
        try repository.loadIndex()
    }

    /// Captures a source. Throws what ends a capture; then nothing is kept.
    ///
    /// - Parameter afresh: as if there had been none before.
    public func capture(
        _ source: any CaptureSource, afresh: Bool = false, cancellation: Cancellation = Cancellation()
    ) throws -> Capture {
        let before = afresh ? nil : last.withLock { $0 }
        let reports = Mutex<[HikaeError]>([])
        var context = CaptureContext(cancellation: cancellation) { error in reports.withLock { $0.append(error) } }
        if let before {
            context.previous = PreviousSnapshot(repository, tree: before.content.tree, facts: before.facts)
        }
        var options = ArchiveOptions(time: SystemClock().now(), paths: [])
        options.parent = before?.snapshot
        let run = CaptureRun(source, at: Self.names, options: options, context: context)
        let outcome = try run.run(into: repository) { _ in ArchiveSeal() }
        guard let id = outcome.summary.snapshot, let tree = outcome.summary.tree else {
            throw HikaeError(.notFound, "the capture made no snapshot")
        }
        let capture = Capture(
            summary: outcome.summary, facts: outcome.facts, reports: reports.withLock { $0 },
            snapshot: NamedSnapshot(id: id, snapshot: try repository.snapshot(id)),
            content: try SnapshotContent(repository, root: tree, path: Self.names.map { Array($0.utf8) }))
        last.withLock { $0 = capture }
        return capture
    }

    /// Restores a capture's content into a folder, as `hikae restore` does.
    public func restore(_ capture: Capture, to folder: String) throws {
        let errors = Mutex<[HikaeError]>([])
        let restorer = FolderRestorer(
            repository, options: RestoreOptions(),
            report: { error in
                errors.withLock { $0.append(error) }
            })
        _ = try restorer.restore(capture.content.tree, to: folder)
        if let first = errors.withLock({ $0.first }) { throw first }
    }
}

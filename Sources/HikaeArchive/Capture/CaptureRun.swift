// One capture: a source read once into one repository, ending as one snapshot or as nothing.

public import HikaeCore
import HikaeFormat
public import HikaeRepository
public import HikaeSource
import Synchronization

/// Reads a source into a repository.
public struct CaptureRun: Sendable {
    /// What is known when everything is read, and before the snapshot is made.
    public struct Reading: Sendable {
        public var summary: ArchiveSummary
        public var facts: CaptureFacts
    }

    /// What came of it.
    public struct Outcome: Sendable {
        public var summary: ArchiveSummary
        public var facts: CaptureFacts
    }

    private let source: any CaptureSource
    private let names: [String]
    private let options: ArchiveOptions
    private let context: CaptureContext

    /// - Parameters:
    ///   - names: the system's and the source's: the content stands below `/system/source` in the snapshot.
    ///   - options: its parent is what changes are detected against; `paths` is set here.
    ///   - context: its `previous` belongs to the same snapshot as the options' parent.
    public init(_ source: any CaptureSource, at names: [String], options: ArchiveOptions, context: CaptureContext) {
        self.source = source
        self.names = names
        self.options = options
        self.context = context
    }

    /// Captures. The repository is open, its index loaded, locked (shared).
    ///
    /// - Parameters:
    ///   - watch: wraps the content, to look at what goes through.
    ///   - seal: called when everything is read: records and tags for the snapshot. When it throws, none is made.
    /// Throws what the source or the repository ran into; items that cannot be read are reported and counted.
    public func run(
        into repository: Repository, progress: Progress = Progress(), beforeCommit: () throws(HikaeError) -> Void = {},
        watch: (any SourceDirectory) -> any SourceDirectory = { $0 },
        seal: (Reading) throws(HikaeError) -> ArchiveSeal
    ) throws(HikaeError) -> Outcome {
        let session = try source.begin(context)
        defer { session.close() }
        var options = options
        options.paths = ["/" + names.joined(separator: "/")]
        options.workers = session.readers
        options.ignoresInode = true
        options.ignoresChangeTime = true
        let archiver = Archiver(
            repository, options: options, progress: progress, cancellation: context.cancellation,
            report: context.report)
        let root = PlacedTree(watch(session.root), at: names, time: options.time)
        var facts: CaptureFacts?
        let summary = try archiver.run(root, beforeCommit: beforeCommit) { summary throws(HikaeError) in
            let found = try session.finish()
            facts = found
            return try seal(Reading(summary: summary, facts: found))
        }
        guard let facts else { throw HikaeError(.inputOutput, "\(source.address) gave no facts") }
        return Outcome(summary: summary, facts: facts)
    }
}

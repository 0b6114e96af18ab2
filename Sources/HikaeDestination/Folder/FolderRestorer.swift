// A snapshot's tree back into a folder of this machine.

public import HikaeCore
import HikaeFormat
public import HikaeRepository

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Restores trees into folders. Nothing outside the folder is touched, whatever a tree says and whatever symlinks are in
/// the folder.
public final class FolderRestorer: Sendable {
    private let repository: Repository
    private let options: RestoreOptions
    private let progress: Progress
    private let cancellation: Cancellation
    private let report: @Sendable (HikaeError) -> Void
    private let onItem: (@Sendable (RestoreItem) -> Void)?

    /// - Parameters:
    ///   - repository: open, its index loaded.
    ///   - report: told, from any thread but never from two at once, of each item that could not be restored as it was.
    ///   - onItem: told what became of each item, or in a dry run would.
    public init(
        _ repository: Repository, options: RestoreOptions = RestoreOptions(), progress: Progress = Progress(),
        cancellation: Cancellation = Cancellation(), report: @escaping @Sendable (HikaeError) -> Void = { _ in },
        onItem: (@Sendable (RestoreItem) -> Void)? = nil
    ) {
        self.repository = repository
        self.options = options
        self.progress = progress
        self.cancellation = cancellation
        self.report = report
        self.onItem = onItem
    }

    /// Restores the tree's entries into the folder at `path`, which is made when it is not there.
    ///
    /// Items that fail are reported and counted in `errors`. Throws when the root tree or the folder cannot be used,
    /// `.noSpace` when the disk is full, and `.cancelled`.
    public func restore(_ tree: BlobID, to path: String) throws(HikaeError) -> RestoreSummary {
        let reporter = RestoreReporter(progress: progress, report: report, onItem: onItem)
        let folder = try target(path)
        let counter = options.countsBeforehand ? startCounting(tree) : nil
        defer { counter?.join() }
        var walk = RestoreWalk(
            repository: repository, options: options, reporter: reporter, cancellation: cancellation)
        try walk.run(tree, into: folder)
        return reporter.summary
    }

    private func target(_ path: String) throws(HikaeError) -> TargetFolder {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw HikaeError(.usage, "no folder to restore into", hint: "Name one with --target.")
        }
        var existed = true
        var descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if descriptor < 0, errno == ENOENT {
            if options.isDryRun { return TargetFolder() }
            existed = false
            try makeFolders(path)
            descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        guard descriptor >= 0 else { throw .system("open the folder", path) }
        return TargetFolder(target: descriptor, existedBefore: existed)
    }

    /// Makes the folder and those above it.
    private func makeFolders(_ path: String) throws(HikaeError) {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/\(part)"
            guard mkdir(made, 0o700) == 0 || errno == EEXIST else { throw .system("make the folder", made) }
        }
    }

    /// Counts what will be restored, beside the work, so that progress has totals.
    private func startCounting(_ tree: BlobID) -> RunningThread {
        let counter = RestoreCounter(
            repository: repository, options: options, progress: progress, cancellation: cancellation)
        return RunningThread { counter.count(tree) }
    }
}

// Running a backup and telling about it.

import HikaeArchive
import HikaeCore
import HikaeFormat
import HikaeRepository

/// One backup.
struct BackupRun {
    let session: Session
    let source: BackupSource
    let options: ArchiveOptions
    let started: Timestamp
    /// Whether to count what is ahead.
    let scans: Bool
    /// Targets that are not there.
    let missing: Int
    /// Whether to tell what became of each file.
    let reportsItems: Bool

    /// Archives and reports.
    func run() throws(HikaeError) -> ExitStatus {
        let console = Console.shared
        if let parent = options.parent {
            console.note("using parent snapshot \(parent.id.short)")
        } else if source.scanned != nil {
            console.note("no parent snapshot found, will read all files")
        }
        let progress = Progress()
        let isWatched = console.verbosity > 0 && (console.errorIsTerminal || console.isJSON)
        let scan = scans && isWatched ? source.scanned.map { SourceScan($0, progress) } : nil
        defer { scan?.stop() }
        let display = ProgressDisplay(progress, .init(unit: "files", json: { Self.status($0) }))
        defer { display.stop() }
        let begun = monotonicSeconds()
        let summary = try archive(progress)
        display.stop()
        tell(summary, seconds: monotonicSeconds() - begun)
        if summary.errors + missing > 0 {
            let what =
                options.isDryRun
                ? "at least one source file could not be read"
                : "at least one source file could not be read; the rest was saved"
            throw HikaeError(.incomplete, what)
        }
        return .done
    }

    private func archive(_ progress: Progress) throws(HikaeError) -> ArchiveSummary {
        var onItem: (@Sendable (ArchiveItem) -> Void)?
        if reportsItems { onItem = { Self.show($0) } }
        let first = FirstError()
        let isStream = source.scanned == nil
        let archiver = Archiver(
            session.repository, options: options, progress: progress, cancellation: Shutdown.cancellation,
            report: { error in
                first.set(error)
                if !isStream { ErrorDisplay.passing(error, during: "archival") }
            }, onItem: onItem,
            onHealing: { path in
                Console.shared.note(
                    "parts of \(Words.safe(path)) are missing in the repository: it is read and stored again")
            })
        let lock = session.lock
        do throws(HikaeError) {
            return try archiver.run(source.root) { () throws(HikaeError) in
                // One stream is all there is: when it fails, there is nothing that a snapshot could stand for.
                if isStream { try first.check() }
                try lock?.confirm()
            }
        } catch {
            if isStream, error.code != .cancelled { try first.check() }
            throw error
        }
    }

    // MARK: Output

    private func tell(_ summary: ArchiveSummary, seconds: Double) {
        guard !Console.shared.isJSON else { return tellJSON(summary, seconds: seconds) }
        func columns(_ new: Int, _ changed: Int, _ same: Int) -> String {
            "\(Words.padded(new, 5)) new, \(Words.padded(changed, 5)) changed, \(Words.padded(same, 5)) unmodified"
        }
        let console = Console.shared
        console.note("")
        console.note("Files:       \(columns(summary.filesNew, summary.filesChanged, summary.filesUnmodified))")
        console.note(
            "Dirs:        "
                + columns(summary.directoriesNew, summary.directoriesChanged, summary.directoriesUnmodified))
        console.detail("Data Blobs:  \(Words.padded(summary.dataBlobs, 5)) new")
        console.detail("Tree Blobs:  \(Words.padded(summary.treeBlobs, 5)) new")
        let verb = options.isDryRun ? "Would add" : "Added"
        console.note(
            "\(verb) to the repository: \(Words.size(summary.bytesAdded)) (\(Words.size(summary.bytesStored)) stored)")
        console.note("")
        console.note(
            "processed \(summary.totalFiles) files, \(Words.size(summary.totalBytes)) in \(Words.duration(seconds))")
        guard !options.isDryRun else { return }
        if let id = summary.snapshot {
            console.note("snapshot \(id.short) saved")
        } else {
            console.note("nothing changed, no snapshot made")
        }
    }

    private func tellJSON(_ summary: ArchiveSummary, seconds: Double) {
        Console.shared.printObject { json in
            json.member("message_type", "summary")
            if options.isDryRun { json.member("dry_run", true) }
            json.member("files_new", summary.filesNew)
            json.member("files_changed", summary.filesChanged)
            json.member("files_unmodified", summary.filesUnmodified)
            json.member("dirs_new", summary.directoriesNew)
            json.member("dirs_changed", summary.directoriesChanged)
            json.member("dirs_unmodified", summary.directoriesUnmodified)
            json.member("data_blobs", summary.dataBlobs)
            json.member("tree_blobs", summary.treeBlobs)
            json.member("data_added", summary.bytesAdded)
            json.member("data_added_packed", summary.bytesStored)
            json.member("total_files_processed", summary.totalFiles)
            json.member("total_bytes_processed", summary.totalBytes)
            json.member("total_duration", seconds)
            json.key("backup_start")
            json.time(started)
            json.key("backup_end")
            json.time(SystemClock().now())
            json.memberUnlessZero("errors", summary.errors + missing)
            if let id = summary.snapshot { json.member("snapshot_id", id.hex) }
        }
    }

    private static func status(_ moment: ProgressDisplay.Moment) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.member("message_type", "status")
        json.memberUnlessZero("seconds_elapsed", Int(moment.seconds))
        json.memberUnlessZero("seconds_remaining", Int(moment.secondsLeft ?? 0))
        json.member("percent_done", moment.share ?? 0)
        json.memberUnlessZero("total_files", moment.filesTotal)
        json.memberUnlessZero("files_done", moment.files)
        json.memberUnlessZero("total_bytes", moment.bytesTotal)
        json.memberUnlessZero("bytes_done", moment.bytes)
        json.memberUnlessZero("error_count", moment.errors)
        if !moment.item.isEmpty {
            json.key("current_files")
            json.strings([moment.item])
        }
        json.endObject()
        return json.bytes + [UInt8(ascii: "\n")]
    }

    private static func show(_ item: ArchiveItem) {
        let console = Console.shared
        guard console.isJSON else {
            let word = item.outcome == .changed ? "modified" : item.outcome.rawValue
            return console.trace("\(Words.filled(word, 9)) \(Words.safe(item.path))")
        }
        console.printObject { json in
            json.member("message_type", "verbose_status")
            json.member("action", item.outcome == .changed ? "modified" : item.outcome.rawValue)
            json.member("item", item.path)
            json.member("data_size", item.size)
        }
    }
}

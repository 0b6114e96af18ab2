// Running a restore and telling about it.

import HikaeCore
import HikaeDestination
import HikaeFormat
import HikaeRepository

/// One restore.
struct RestoreRun {
    let session: Session
    let options: RestoreOptions
    let target: String
    /// Whether to tell what became of each item.
    let reportsItems: Bool

    /// Restores `tree` and reports.
    func run(_ tree: BlobID) throws(HikaeError) -> ExitStatus {
        let progress = Progress()
        let display = ProgressDisplay(progress, .init(unit: "files", json: { Self.status($0) }))
        defer { display.stop() }
        var onItem: (@Sendable (RestoreItem) -> Void)?
        if reportsItems { onItem = { Self.show($0) } }
        let begun = monotonicSeconds()
        let summary = try FolderRestorer(
            session.repository, options: options, progress: progress, cancellation: Shutdown.cancellation,
            report: { ErrorDisplay.passing($0, during: "restore") }, onItem: onItem
        ).restore(tree, to: target)
        display.stop()
        tell(summary, seconds: monotonicSeconds() - begun)
        if options.include != nil, summary.isEmpty, !Console.shared.isJSON {
            Console.shared.warn("warning: nothing in the snapshot matches what is to be included")
        }
        guard summary.errors == 0 else {
            throw HikaeError(
                .inputOutput, "\(Words.count(summary.errors, "item")) could not be restored as in the snapshot",
                hint: "Each was named before; everything else is there.")
        }
        return .done
    }

    private func tell(_ summary: RestoreSummary, seconds: Double) {
        let items = summary.files + summary.hardLinks + summary.directories + summary.others
        guard !Console.shared.isJSON else {
            return Console.shared.printObject { json in
                json.member("message_type", "summary")
                json.memberUnlessZero("seconds_elapsed", Int(seconds))
                json.member("total_files", items + summary.skipped)
                json.member("files_restored", items)
                json.memberUnlessZero("files_skipped", summary.skipped)
                json.memberUnlessZero("files_deleted", summary.deleted)
                json.member("total_bytes", summary.bytes + summary.bytesSkipped)
                json.member("bytes_restored", summary.bytes)
                json.memberUnlessZero("bytes_skipped", summary.bytesSkipped)
                if options.verifies { json.member("files_verified", summary.verified) }
                if options.isDryRun { json.member("dry_run", true) }
                json.memberUnlessZero("errors", summary.errors)
            }
        }
        var text = "Summary: \(options.isDryRun ? "Would restore" : "Restored") \(items) files/dirs "
        text += "(\(Words.size(summary.bytes))) in \(Words.duration(seconds))"
        if summary.skipped > 0 { text += ", skipped \(summary.skipped) (\(Words.size(summary.bytesSkipped)))" }
        if summary.deleted > 0 { text += ", \(options.isDryRun ? "would delete" : "deleted") \(summary.deleted)" }
        Console.shared.note(text)
        if options.verifies { Console.shared.note("verified \(Words.count(summary.verified, "file"))") }
    }

    private static func status(_ moment: ProgressDisplay.Moment) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.member("message_type", "status")
        json.memberUnlessZero("seconds_elapsed", Int(moment.seconds))
        json.member("percent_done", moment.share ?? 0)
        json.memberUnlessZero("total_files", moment.filesTotal)
        json.memberUnlessZero("files_restored", moment.files)
        json.memberUnlessZero("total_bytes", moment.bytesTotal)
        json.memberUnlessZero("bytes_restored", moment.bytes)
        json.endObject()
        return json.bytes + [UInt8(ascii: "\n")]
    }

    private static func show(_ item: RestoreItem) {
        guard Console.shared.isJSON else {
            let size = item.isDirectory || item.action == .deleted ? "" : " with size \(Words.size(item.size))"
            return Console.shared.trace("\(Words.filled(item.action.rawValue, 9)) \(Words.safe(item.path))\(size)")
        }
        Console.shared.printObject { json in
            json.member("message_type", "verbose_status")
            json.member("action", item.action.rawValue)
            json.member("item", item.path)
            json.member("size", item.size)
        }
    }
}

extension RestoreSummary {
    /// Whether nothing was restored, and nothing was there that could have been.
    fileprivate var isEmpty: Bool { files + hardLinks + directories + others + skipped + errors == 0 }
}

// `hikae diff`

import ArgumentParser
import HikaeCore
import HikaeFormat
import HikaeRepository

struct Diff: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what differs between two snapshots, or what happened at a plan's source.",
        discussion: """
            With --source it is the plan's source that is told about, in its own words: files, messages with sender, \
            subject and date, tables with their rows. The two captures are named by their IDs; without them they are \
            the last good capture and the newest.

            Otherwise it is two snapshots. Each line begins with what happened from the first to the second:
              +  added
              -  removed
              M  content changed
              T  type changed, for example from file to symlink
              U  only metadata changed (with --metadata)
              ?  content changed although the metadata did not: bit rot is likely

            EXAMPLES
              hikae diff --source mail/info
              hikae diff 1a2b3c4d latest
              hikae diff 1a2b3c4d:/var/www 5e6f7a8b:/var/www --metadata
            """)

    @Argument(
        help: .init(
            "The older and the newer snapshot: ID or its beginning, `latest`; with `:folder`, a part.",
            valueName: "snapshot"))
    var snapshots: [String] = []

    @Option(help: .init("A source of the plan, as SYSTEM/SOURCE.", valueName: "source"))
    var source: String?

    @OptionGroup var plan: PlanOptions

    @Flag(help: "Show entries whose metadata alone changed.")
    var metadata = false

    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        if let source { return try tellOfSource(source) }
        guard snapshots.count == 2 else {
            throw HikaeError(
                .usage, "two snapshots are compared, not \(snapshots.count)",
                hint: "Name the older and the newer, or a source of the plan with --source.")
        }
        let (old, new) = (snapshots[0], snapshots[1])
        var status = ExitStatus.done
        try Session.run(global, lock: .reading) { session throws(HikaeError) in
            let repository = session.repository
            let (first, second) = (try repository.resolveSnapshot(old), try repository.resolveSnapshot(new))
            console.note("comparing snapshot \(first.id.short) to \(second.id.short):\n")
            try session.loadIndex()
            let troubles = ErrorTally()
            let difference = SnapshotDifference(
                repository: repository, showsMetadata: metadata, cancellation: Shutdown.cancellation,
                report: { troubles.warn($0) })
            let statistics = try difference.compare(
                try TreePath.folder(repository, first.snapshot.tree, first.subpath),
                try TreePath.folder(repository, second.snapshot.tree, second.subpath)
            ) { show($0) }
            summarize(statistics, old, new)
            if troubles.count > 0 { status = .failed }
        }
        return status
    }

    private func show(_ change: DifferenceChange) {
        if global.json {
            console.printObject { json in
                json.member("message_type", "change")
                json.key("path")
                json.string(change.pathBytes)
                json.member("modifier", change.modifier)
            }
        } else if !global.quiet {
            console.print(Words.filled(change.modifier, 5) + Words.safe(change.pathBytes))
        }
    }

    private func summarize(_ statistics: DifferenceStatistics, _ old: String, _ new: String) {
        let (added, removed) = (statistics.added, statistics.removed)
        if global.json {
            console.printObject { json in
                json.member("message_type", "statistics")
                json.member("source_snapshot", old)
                json.member("target_snapshot", new)
                json.member("changed_files", statistics.changedFiles)
                json.key("added")
                side(added, &json)
                json.key("removed")
                side(removed, &json)
            }
            return
        }
        func columns(_ new: Int, _ gone: Int) -> String {
            "\(Words.padded(new, 5)) new, \(Words.padded(gone, 5)) removed"
        }
        console.print("")
        console.print(
            "Files:       \(columns(added.files, removed.files)), \(Words.padded(statistics.changedFiles, 5)) changed")
        console.print("Dirs:        \(columns(added.dirs, removed.dirs))")
        console.print("Others:      \(columns(added.others, removed.others))")
        console.print("Data Blobs:  \(columns(added.dataBlobs, removed.dataBlobs))")
        console.print("Tree Blobs:  \(columns(added.treeBlobs, removed.treeBlobs))")
        console.print("  Added:   \(Words.size(added.bytes))")
        console.print("  Removed: \(Words.size(removed.bytes))")
    }

    private func side(_ side: DifferenceStatistics.Side, _ json: inout JSONWriter) {
        json.beginObject()
        json.member("files", side.files)
        json.member("dirs", side.dirs)
        json.member("others", side.others)
        json.member("data_blobs", side.dataBlobs)
        json.member("tree_blobs", side.treeBlobs)
        json.member("bytes", side.bytes)
        json.endObject()
    }
}

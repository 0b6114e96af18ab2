// `hikae repair snapshots`

import ArgumentParser
import HikaeCore
import HikaeGuard
import HikaeRepository

struct RepairSnapshots: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshots", abstract: "Make snapshots without what cannot be read any more.",
        discussion: """
            Damaged directories are left out, and files lose the parts that are gone. If the files are still where \
            they were, run `hikae backup` first: it stores again what is missing, and nothing has to be given up.

            EXAMPLES
              hikae repair snapshots --dry-run
              hikae repair snapshots --forget
            """)

    @Argument(help: .init("Only these snapshots; all without one.", valueName: "snapshot"))
    var snapshots: [String] = []

    @Flag(name: [.customShort("n"), .long], help: "Only say what would be done.")
    var dryRun = false

    @Flag(help: "Remove the damaged snapshots, once the repaired ones are saved.")
    var forget = false

    @OptionGroup(title: "Which snapshots") var selection: SnapshotFilterOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        var unreadable: [FileID] = []
        try Session.run(global, lock: .exclusive) { session throws(HikaeError) in
            try session.loadIndex()
            let chosen = try session.repository.selectSnapshots(snapshots, selection.filter) { id, error in
                console.warn("snapshot \(id.short) cannot be read: \(error.message)")
                unreadable.append(id)
            }
            let summary = try RepairRun.run(session, global, isDryRun: dryRun) { repairer throws(HikaeError) in
                // Snapshot files that are damaged are lost in any case; what they said cannot hold others.
                let holds = RetentionHolds(try session.repository.snapshots { _, _ in })
                let keeping = Set(chosen.map(\.id).filter { holds.hold(on: $0) != nil })
                // restic's program leaves the tag out with --forget. A capture of a plan that lost something is told by it.
                let marking = Set(chosen.filter { CaptureEntry($0) != nil }.map(\.id))
                return try repairer.repairSnapshots(
                    chosen, unreadable: unreadable, forget: forget, keeping: keeping, marking: marking)
            }
            if global.json {
                console.printObject { json in
                    json.member("message_type", "summary")
                    json.member("checked", summary.checked)
                    json.member("changed", summary.changed.count)
                    json.member("unreadable", summary.unreadable.count)
                    json.member("dry_run", dryRun)
                }
            } else if summary.changed.isEmpty {
                console.note("no snapshots \(dryRun ? "would be" : "were") modified")
            } else {
                console.note(
                    "\(dryRun ? "would modify" : "modified") \(Words.count(summary.changed.count, "snapshot"))")
            }
        }
        return unreadable.isEmpty || (forget && !dryRun) ? .done : .failed
    }
}

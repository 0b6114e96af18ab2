// `hikae repair`: the family. Each command stands in its own file.

import ArgumentParser
import HikaeCore
import HikaeRepository

struct Repair: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Repair what a check found damaged: index, packs, snapshots.",
        discussion: """
            In this order: `repair index`, then `repair packs` with the packs that `check --read-data` names, then \
            a new `backup` of what is still there (it stores again what is missing), and last \
            `repair snapshots --forget` for what cannot be had any more.
            """,
        subcommands: [RepairIndex.self, RepairPacks.self, RepairSnapshots.self])
}

/// What the repair commands have in common.
enum RepairRun {
    /// Runs `body` with a repairer that shows its progress and notes.
    static func run<Result>(
        _ session: Session, _ global: GlobalOptions, isDryRun: Bool = false,
        _ body: (Repairer) throws(HikaeError) -> Result
    ) throws(HikaeError) -> Result {
        var options = RepairOptions()
        options.dryRun = isDryRun
        let progress = Progress()
        let display = ProgressDisplay(progress, .init(unit: "items"))
        defer { display.stop() }
        return try body(
            Repairer(
                repository: session.repository, options: options, progress: progress,
                cancellation: Shutdown.cancellation, note: { Console.shared.note($0) }))
    }
}

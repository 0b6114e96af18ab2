// `hikae repair index`

import ArgumentParser
import HikaeCore
import HikaeFormat
import HikaeRepository

struct RepairIndex: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "index", abstract: "Make the index fit the packs that are there.")

    @Flag(help: "Read every pack's header, and make the index anew.")
    var readAllPacks = false

    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        try Session.run(global, lock: .exclusive) { session throws(HikaeError) in
            let summary = try RepairRun.run(session, global) { repairer throws(HikaeError) in
                try repairer.repairIndex(readAllPacks: readAllPacks)
            }
            if global.json {
                console.printObject { json in
                    json.member("message_type", "summary")
                    json.member("packs_added", summary.added.count)
                    json.member("packs_reindexed", summary.reindexed.count)
                    json.member("packs_forgotten", summary.forgotten.count)
                    json.member("indexes_dropped", summary.droppedIndexes.count)
                    json.key("unreadable_packs")
                    json.strings(summary.unreadable.map(\.hex))
                }
            } else {
                console.note("done")
            }
            guard summary.unreadable.isEmpty else {
                throw HikaeError(
                    .damaged, "\(Words.count(summary.unreadable.count, "pack")) cannot be read",
                    hint: "hikae repair packs " + summary.unreadable.map(\.hex).joined(separator: " "))
            }
        }
        return .done
    }
}

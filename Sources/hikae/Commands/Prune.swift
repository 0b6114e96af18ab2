// `hikae prune`

import ArgumentParser
import HikaeCore
import HikaeRepository

struct Prune: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove data that no snapshot needs any more.",
        discussion: """
            EXAMPLES
              hikae prune --dry-run
              hikae prune --max-unused 0%        # give every byte back
              hikae prune --max-repack-size 2G   # a little at a time
            """)

    @Flag(name: [.customShort("n"), .long], help: "Only say what would be removed.")
    var dryRun = false

    @OptionGroup(title: "How much to rewrite") var prune: PruneOptionGroup
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        let options = try prune.options(global)
        if global.noLock, !dryRun { throw HikaeError(.usage, "prune needs a lock: --no-lock only goes with --dry-run") }
        return try Session.run(global, lock: .exclusive) { session throws(HikaeError) in
            try session.loadIndex()
            return try PruneRun(repository: session.repository, options: options, isDryRun: dryRun).run()
        }
    }
}

// `hikae prune`

import ArgumentParser
import HikaeCore
import HikaeRepository

struct Prune: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove data that no snapshot needs any more.",
        discussion: """
            On a vault server nothing goes by one hand alone: a prune becomes a proposal to remove whole packs, \
            which others agree to (hikae proposals, approve, veto).

            EXAMPLES
              hikae prune --dry-run
              hikae prune --max-unused 0%        # give every byte back
              hikae prune --max-repack-size 2G   # a little at a time
            """)

    @Flag(name: [.customShort("n"), .long], help: "Only say what would be removed.")
    var dryRun = false

    @Flag(help: "Remove all data when no snapshot is there; refused otherwise.")
    var unsafeAllowRemoveAll = false

    @OptionGroup(title: "How much to rewrite") var prune: PruneOptionGroup
    @OptionGroup(title: "What a proposal says") var proposing: ProposalOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        let options = try prune.options(global)
        if global.noLock, !dryRun { throw HikaeError(.usage, "prune needs a lock: --no-lock only goes with --dry-run") }
        let proposal = try ProposalRun.of(global, proposing, otherwise: "prune", isDryRun: dryRun)
        return try Session.run(global, lock: .exclusive) { session throws(HikaeError) in
            if let proposal {
                return try proposal.run(removing: [], pruning: true, from: session.repository, isRoutine: true)
            }
            try session.loadIndex()
            var run = PruneRun(repository: session.repository, options: options, isDryRun: dryRun)
            run.mayRemoveAll = unsafeAllowRemoveAll
            return try run.run()
        }
    }
}

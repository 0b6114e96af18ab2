// `hikae vault parity`

import ArgumentParser
import HikaeCore
import HikaeFormat
import HikaeParity
import HikaeRepository

struct VaultParity: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "parity", abstract: "Write parity beside the packs, so that a repository mends damage alone.",
        discussion: """
            For each pack that has none, or parity of another share, a file of Reed-Solomon parity is written, in a \
            folder that restic ignores (hikae/parity). `hikae repair packs` and `hikae check --mend` mend from it what \
            lies within the share. Parity of packs that are gone is removed. Packs that are damaged already get none \
            and are named. Run it after backups and prunes; a plan does (`parity: 5%` in a vault).

            Exit status: 1 when packs are damaged, 0 otherwise.

            EXAMPLES
              hikae vault parity -r /srv/backup
              hikae vault parity -r /srv/backup --share 10
            """)

    @Option(help: .init("Which part of a pack may be lost: 1 to 25.", valueName: "percent"))
    var share = 5

    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        guard (1...25).contains(share) else {
            throw HikaeError(.usage, "--share \(share) makes no sense", hint: "It is a whole number from 1 to 25.")
        }
        return try Session.run(global, lock: .exclusive) { session throws(HikaeError) in
            let progress = Progress()
            let display = ProgressDisplay(progress, .init(unit: "packs", countsBytes: false))
            defer { display.stop() }
            let summary = try ParityRound(session.repository.uncached, cancellation: Shutdown.cancellation)
                .bring(share: Double(share) / 100, progress: progress)
            display.stop()
            show(summary)
            return summary.rotten.isEmpty ? .done : .failed
        }
    }

    private func show(_ summary: ParityRound.Summary) {
        guard !global.json else {
            console.printObject { json in
                json.member("message_type", "summary")
                json.member("packs", summary.packs)
                json.member("parity_made", summary.made)
                json.member("parity_removed", summary.removed)
                json.member("parity_bytes", summary.bytes)
                json.key("packs_damaged")
                json.strings(summary.rotten.map(\.hex))
            }
            return
        }
        console.note(
            "\(Words.count(summary.packs, "pack")): parity made for \(summary.made) (\(Words.size(summary.bytes))), "
                + "removed of \(summary.removed)")
        for id in summary.rotten {
            console.warn(
                "pack \(id.hex) is damaged: `hikae repair packs \(id.hex)`, with --from-repo if there is another")
        }
    }
}

// `hikae copy`

import ArgumentParser
import HikaeCore
import HikaeFormat
import HikaeRepository

struct Copy: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "Copy snapshots from another repository into this one; or bring a plan's vaults level.",
        discussion: """
            With a plan (hikae.yaml) and no repository named, every vault of the plan gets the captures and decisions \
            that it lacks and another has. `hikae backup` does the same each time.

            Snapshots that were copied before are passed over, so it can be run again and again. Make the other \
            repository with `hikae init --copy-chunker-params`, or nothing that is saved there later is shared with \
            what was copied.

            Each of the two repositories has a password of its own: this one's comes from the usual places, the \
            source's from --from-password-file, --from-password-command, HIKAE_FROM_PASSWORD_FILE, \
            HIKAE_FROM_PASSWORD_COMMAND or HIKAE_FROM_PASSWORD.

            EXAMPLES
              hikae copy -r /mnt/second --password-file /etc/second-password \\
                  --from-repo /srv/backup --from-password-file /etc/backup-password
              hikae copy -r /mnt/second --password-file /etc/second-password \\
                  --from-repo /srv/backup --from-password-file /etc/backup-password \\
                  --tag monthly
            """)

    @Argument(help: .init("Snapshots of the source repository; all without one.", valueName: "snapshot"))
    var snapshots: [String] = []

    @OptionGroup(title: "Which plan") var plan: PlanOptions
    @OptionGroup(title: "Source repository") var from: FromOptions
    @OptionGroup(title: "Which snapshots") var selection: SnapshotFilterOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        let fromPlace = RepositoryPlace(from)
        if snapshots.isEmpty, !fromPlace.isGiven, PlanSession.isMeant(plan, global) {
            return try PlanCopy(session: try PlanSession(plan, global)).run()
        }
        let source = try Session.open(fromPlace, global)
        let destination = try Session.open(RepositoryPlace(global), global)
        if source.config.id == destination.config.id {
            throw HikaeError(.usage, "source and destination are the same repository")
        }
        return try Session.run(source, global, lock: .reading) { from throws(HikaeError) in
            // restic locks what is written to whatever --no-lock says.
            var locking = global
            locking.noLock = false
            return try Session.run(destination, locking, lock: .shared) { to throws(HikaeError) in
                try copy(from, to)
            }
        }
    }

    private func copy(_ from: Session, _ to: Session) throws(HikaeError) -> ExitStatus {
        let troubles = ErrorTally(during: "copy")
        let chosen = try from.repository.selectSnapshots(snapshots, selection.filter) { _, error in troubles.warn(error)
        }
        try from.loadIndex()
        try to.loadIndex()
        try to.lock?.confirm()
        let progress = Progress()
        let display = ProgressDisplay(progress, .init(unit: "blobs"))
        defer { display.stop() }
        let summary = try Copier(
            from: from.repository, to: to.repository, options: CopyOptions(), progress: progress,
            cancellation: Shutdown.cancellation, report: { troubles.warn($0) }, event: { show($0) }
        ).copy(chosen)
        display.stop()
        if global.json {
            console.printObject { json in
                json.member("message_type", "summary")
                json.member("snapshots_copied", summary.snapshotsCopied)
                json.member("snapshots_skipped", summary.snapshotsSkipped)
                json.member("blobs", summary.blobs)
                json.member("bytes", summary.bytes)
            }
        } else {
            console.note(
                "copied \(Words.count(summary.snapshotsCopied, "snapshot")), "
                    + "\(Words.count(summary.blobs, "blob")), \(Words.size(summary.bytes)); "
                    + "\(summary.snapshotsSkipped) were there already")
        }
        return troubles.count > 0 ? .failed : .done
    }

    private func show(_ event: CopyEvent) {
        guard !global.json else {
            guard case .saved(let entry, let id) = event else { return }
            return console.printObject { json in
                json.member("message_type", "copied")
                json.member("source_snapshot", entry.id.hex)
                json.member("snapshot_id", id.hex)
            }
        }
        switch event {
        case .started(let entry): console.note(SnapshotDisplay.title(entry.id, entry.snapshot))
        case .skipped(let entry, let copy):
            console.detail("\(SnapshotDisplay.title(entry.id, entry.snapshot)): copied before, as \(copy.short)")
        case .saved(let entry, let id): console.note("snapshot \(id.short) saved, copy of \(entry.id.short)")
        }
    }
}

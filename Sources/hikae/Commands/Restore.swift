// `hikae restore`

import ArgumentParser
import HikaeCore
import HikaeDestination
import HikaeFormat
import HikaeRepository
import HikaeSource

struct Restore: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "Put a snapshot back into a directory, or a plan's systems back to another provider.",
        discussion: """
            With --to, --to-plan or --all it is the plan's sources that come back, the most important system first: \
            from the last good capture of each, or with --at from the one that was true then. Each is compared with \
            its capture afterwards. A run that broke off is made again with --only-missing.

            Otherwise it is one snapshot. Files come back below the target under their full path; with SNAPSHOT:FOLDER that folder's content comes \
            right into the target. Nothing outside the target is ever touched.

            EXAMPLES
              hikae restore --all --to-plan new-provider.yaml --dry-run
              hikae restore shop mail/info --to /tmp/look --at "2012-06-20 16:00"
              hikae restore latest --target /tmp/out
              hikae restore latest:/var/www --target /var/www --delete
              hikae restore 1a2b3c4d --target / --include /etc/fstab
              hikae restore latest --target / --include /srv --dry-run -vv
              hikae restore latest --target /srv/new --verify
            """)

    enum Overwriting: String, CaseIterable, ExpressibleByArgument {
        case always
        case ifChanged = "if-changed"
        case ifNewer = "if-newer"
        case never
    }

    @Argument(
        help: .init(
            "A snapshot's ID or its beginning, or `latest`; with `:folder`, a part. By a plan: systems, and sources "
                + "as SYSTEM/SOURCE.", valueName: "what"))
    var what: [String] = []

    @OptionGroup(title: "By a plan") var byPlan: ReturnOptionGroup
    @OptionGroup(title: "By a plan") var plan: PlanOptions

    @OptionGroup(title: "Only a part") var includes: IncludeOptions
    @OptionGroup(title: "Not a part") var excludes: ExcludeOptions
    @OptionGroup(title: "What `latest` means") var selection: LatestOptions

    @Option(
        name: [.customShort("t", allowingJoined: true), .long],
        help: .init("The directory to restore into; made if it is not there.", valueName: "directory"))
    var target: String?

    @Option(
        help: .init("What happens to files that are there: always, if-changed, if-newer, never.", valueName: "when"))
    var overwrite = Overwriting.always

    @Flag(help: "Delete what is there and not in the snapshot, in the directories restored.")
    var delete = false

    @Flag(help: "Read every restored file again and compare it with its checksums.")
    var verify = false

    @Flag(help: "Leave holes for runs of zeros.")
    var sparse = false

    @Flag(name: [.customShort("n"), .long], help: "Change nothing, only say what would be; -vv for each file.")
    var dryRun = false

    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        if byPlan.isGiven || plan.plan != nil { return try restoreByPlan() }
        guard let snapshot = what.first, what.count == 1 else {
            throw HikaeError(
                .usage, what.isEmpty ? "no snapshot to restore was named" : "only one snapshot can be restored at once",
                hint: "Name one, or `latest`; or use --all --to FOLDER to restore by a plan.")
        }
        let (options, target) = try restoreOptions()
        return try Session.run(global, lock: .reading) { session throws(HikaeError) in
            session.repository.lookAhead()
            let address = try session.repository.resolve(snapshot, selection.filter)
            try session.loadIndex()
            let tree = try TreePath.folder(session.repository, address.snapshot.tree, address.subpath)
            let title = SnapshotDisplay.title(address.id, address.snapshot)
            console.note("restoring \(title) to \(Words.safe(target))")
            return try RestoreRun(
                session: session, options: options, target: target, reportsItems: global.verbosity > 2
            ).run(tree)
        }
    }

    private func restoreOptions() throws(HikaeError) -> (RestoreOptions, String) {
        guard let target, !target.isEmpty else {
            let isPlanThere = PlanSession.isMeant(plan, global)
            throw HikaeError(
                .usage, "no directory to restore into",
                hint: isPlanThere
                    ? "Name one with --to FOLDER, or another provider's places with --to-plan PLAN; for one snapshot it is "
                        + "--target DIRECTORY." : "Name one with --target DIRECTORY.")
        }
        _ = try ArgumentBytes.requireText(target, "the directory to restore into")
        let (include, exclude) = (try includes.filter(), try excludes.filter())
        if !include.isEmpty, !exclude.isEmpty {
            throw HikaeError(.usage, "include and exclude patterns cannot be given together")
        }
        if dryRun, verify { throw HikaeError(.usage, "--dry-run and --verify cannot be given together") }
        let isRoot = LexicalPath.clean(ArgumentBytes.bytes(target)) == [UInt8(ascii: "/")]
        if delete, isRoot, include.isEmpty, exclude.isEmpty {
            throw HikaeError(
                .refused, "--delete with --target / would remove the rest of this machine",
                hint: "Say what is meant with --include or --exclude.")
        }
        var options = RestoreOptions()
        options.include = include.isEmpty ? nil : include
        options.exclude = exclude
        options.overwriting =
            switch overwrite {
            case .always: .always
            case .ifChanged: .ifChanged
            case .ifNewer: .ifNewer
            case .never: .never
            }
        options.deletesOthers = delete
        options.verifies = verify
        options.isSparse = sparse
        options.isDryRun = dryRun
        options.countsBeforehand = global.verbosity > 0 && (console.errorIsTerminal || global.json)
        return (options, target)
    }
}

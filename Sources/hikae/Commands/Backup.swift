// `hikae backup`

import ArgumentParser
import HikaeArchive
import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeSource

struct Backup: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "Capture the sources of a plan; or save files, or what a program prints, as a new snapshot.",
        usage: """
            hikae backup [--plan <file>] [<system>[/<source>] …]
            hikae backup [options] <path> …
            hikae backup [options] --stdin-from-command <program> [arguments] …
            """,
        discussion: """
            With a plan (hikae.yaml) and no repository named, every source of the plan, or those named, are captured \
            into every vault of the plan, and each capture is compared with the last good one. Exit status 20: a \
            capture is suspect and waits for `hikae accept` or `hikae reject`; 1: a source could not be captured.

            Otherwise files are saved into one repository. Only what changed since the last snapshot of the same host and paths is read again; only data that the \
            repository does not have is stored.

            EXAMPLES
              hikae backup
              hikae backup shop mail/info
              hikae backup -r /srv/backup /home /etc
              hikae backup /srv --exclude '*.tmp' --exclude-caches --tag daily
              hikae backup / --one-file-system --exclude-file /etc/backup-excludes
              hikae backup --files-from /etc/backup-list
              hikae backup --stdin-filename shop.sql \\
                  --stdin-from-command mariadb-dump --single-transaction shop
              tar -c /data | hikae backup --stdin --stdin-filename data.tar

            Exit status 3: a snapshot was saved, but some files could not be read.
            """)

    @Argument(
        help: .init(
            "Systems and sources of the plan; or files and directories to save; with --stdin-from-command, a program.",
            valueName: "path"))
    var paths: [String] = []

    @OptionGroup(title: "Which plan") var plan: PlanOptions
    @OptionGroup(title: "What to save") var input: BackupInputOptions
    @OptionGroup(title: "Patterns of what to leave out") var excludes: ExcludeOptions
    @OptionGroup(title: "What else to leave out") var selection: BackupSelectionOptions
    @OptionGroup(title: "The snapshot") var snapshot: BackupSnapshotOptions

    @Flag(name: [.customShort("n"), .long], help: "Store nothing, only say what would be.")
    var dryRun = false

    @Flag(help: "Do not look ahead how much there is; progress then shows no time left.")
    var noScan = false

    @Option(help: .init("Read so many files at a time. [HIKAE_READ_CONCURRENCY]", valueName: "n"))
    var readConcurrency: Int?

    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        try input.check(paths)
        if isByPlan { return try captureByPlan() }
        let started = SystemClock().now()
        let missing = ErrorTally(during: "archival")
        let time = try snapshot.time.map { text throws(HikaeError) in try TypedTime.parse(text, "--time") } ?? started
        let source = try BackupSource(self, time: time, report: { missing.warn($0) })
        return try Session.run(global, lock: dryRun ? .none : .shared, inputIsData: input.takesStandardInput) {
            session throws(HikaeError) in
            session.repository.lookAhead()
            var options = try archiveOptions(time, source)
            options.parent = try parent(session.repository, source, before: time)
            try session.loadIndex()
            return try BackupRun(
                session: session, source: source, options: options, started: started, scans: !noScan,
                missing: missing.count, reportsItems: global.verbosity > 2
            ).run()
        }
    }

    /// Whether the sources of a plan are meant: no repository and no stream or list of files is named, and a plan is.
    private var isByPlan: Bool {
        if plan.plan != nil { return true }
        let lists = input.filesFrom + input.filesFromVerbatim + input.filesFromRaw
        guard !input.isStream, lists.isEmpty else { return false }
        return PlanSession.isMeant(plan, global)
    }

    private func captureByPlan() throws(HikaeError) -> ExitStatus {
        guard !input.isStream, excludes.exclude.isEmpty, snapshot.tags.isEmpty, snapshot.host == nil else {
            throw HikaeError(
                .usage, "what is saved, left out and how it is named is said in the plan",
                hint: "Name systems or sources only, or a repository with -r.")
        }
        let session = try PlanSession(plan, global)
        let time = try snapshot.time.map { text throws(HikaeError) in try TypedTime.parse(text, "--time") }
        return try PlanBackup(
            session: session, selection: paths, time: time, readsEverything: snapshot.force, isDryRun: dryRun
        ).run()
    }

    private func archiveOptions(_ time: Timestamp, _ source: BackupSource) throws(HikaeError) -> ArchiveOptions {
        var options = ArchiveOptions(time: time, paths: source.paths)
        let identity = ProcessIdentity.current()
        (options.username, options.uid, options.gid) = (identity.username, identity.uid, identity.gid)
        options.hostname = snapshot.hostname
        options.tags = snapshot.tags
        options.excludes = excludes.exclude
        options.programVersion = Program.title
        options.isDryRun = dryRun
        options.skipsUnchanged = snapshot.skipIfUnchanged
        options.keepsAccessTime = snapshot.withAtime
        options.ignoresInode = snapshot.ignoreInode || Environment.flag("IGNORE_INODE")
        // As with restic: where inode numbers are not to be trusted, neither are status-change times.
        options.ignoresChangeTime =
            options.ignoresInode || snapshot.ignoreCtime || Environment.flag("IGNORE_CTIME")
        options.workers = try workers()
        return options
    }

    private func workers() throws(HikaeError) -> Int {
        let given: Int?
        if let text = Environment.value("READ_CONCURRENCY"), readConcurrency == nil {
            guard let number = Int(text) else {
                throw HikaeError(.usage, "the read concurrency in the environment is no number: \(text)")
            }
            given = number
        } else {
            given = readConcurrency
        }
        guard let given else { return 0 }
        guard (0...256).contains(given) else { throw HikaeError(.usage, "--read-concurrency must be 0 to 256") }
        return given
    }

    /// The snapshot that changes are told by: the one named, else the newest of the same host and paths.
    private func parent(
        _ repository: Repository, _ source: BackupSource, before time: Timestamp
    ) throws(HikaeError) -> NamedSnapshot? {
        guard !snapshot.force, !input.isStream else { return nil }
        if let named = snapshot.parent {
            let found = try repository.resolveSnapshot(named)
            return NamedSnapshot(id: found.id, snapshot: found.snapshot)
        }
        let grouping = try SnapshotGrouping(snapshot.groupBy)
        let filter = SnapshotFilter(
            hosts: grouping.byHost ? [snapshot.hostname] : [],
            tags: grouping.byTags ? [TagList(tags: snapshot.tags)] : [],
            paths: grouping.byPaths ? source.paths : [])
        let candidates = try repository.snapshots { id, error in
            Console.shared.warn("snapshot \(id.short) cannot be read: \(error.message)")
        }
        return candidates.last { filter.matches($0.snapshot) && $0.snapshot.time <= time }
    }
}

/// What the snapshot says of itself, and what changes are told by.
struct BackupSnapshotOptions: ParsableArguments {
    @Option(
        parsing: .unconditionalSingleValue,
        help: .init("Mark the snapshot with tags. May be repeated.", valueName: "tag,tag"))
    var tag: [String] = []

    @Option(
        name: [.customShort("H", allowingJoined: true), .long], parsing: .unconditional,
        help: .init("The host to name instead of this one. [HIKAE_HOST]", valueName: "name"))
    var host: String?

    @Option(help: .init("The time to name instead of now: \"2026-11-28 14:30:05\".", valueName: "time"))
    var time: String?

    @Option(
        help: .init(
            "The snapshot to tell changes by. By default the last of the same host and paths.", valueName: "snapshot"))
    var parent: String?

    @Option(
        name: [.customShort("g", allowingJoined: true), .long], parsing: .unconditional,
        help: .init("What must be the same for that: host, paths, tags; '' for nothing.", valueName: "keys"))
    var groupBy = "host,paths"

    @Flag(name: .shortAndLong, help: "Read every file, changed or not.")
    var force = false

    @Flag(help: "Make no snapshot when nothing changed since the last one.")
    var skipIfUnchanged = false

    @Flag(help: "Save access times, too.")
    var withAtime = false

    @Flag(help: "A new inode number or status-change time does not make a file changed.")
    var ignoreInode = false

    @Flag(help: "A new status-change time does not make a file changed.")
    var ignoreCtime = false

    /// The host, from the option, the environment or the machine.
    var hostname: String {
        if let host, !host.isEmpty { return host }
        return Environment.value("HOST") ?? ProcessIdentity.current().hostname
    }

    /// All tags, of all lists.
    var tags: [String] {
        var seen: Set<String> = []
        return tag.flatMap { TagList($0).tags }.filter { !$0.isEmpty && seen.insert($0).inserted }
    }
}

// `hikae forget`

import ArgumentParser
import HikaeCore
import HikaeFormat
import HikaeGuard
import HikaeRepository

struct Forget: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove snapshots: by a plan's retention, by ID, or by a policy.",
        discussion: """
            With a policy the snapshots are grouped (by host and paths), and in each group those that one of the \
            --keep options wants are kept, the others removed. A group never loses its last snapshot by a policy. The \
            data goes with `hikae prune`, or at once with --prune.

            With a plan (hikae.yaml), no repository named and nothing said of what to keep, the plan's retention is \
            applied to each source that it names, in every vault; snapshots and captures that are named go in every vault that has \
            them. Nothing goes anywhere while a vault of the plan cannot be read. Sources of other plans in the same vault, \
            and those that the plan no longer names, are left alone without --unplanned.

            Whatever is asked for, these stay: the last good capture of every source of a plan; while a capture is \
            suspect and nobody has decided, everything of its source; and decisions whose captures are there.

            EXAMPLES
              hikae forget --prune
              hikae forget --keep-daily 7 --keep-weekly 5 --keep-monthly 12 --prune
              hikae forget --keep-within 14d --tag daily --dry-run
              hikae forget 1a2b3c4d 5e6f7a8b
            """)

    @Argument(help: .init("Snapshots to remove, by ID; no policy is applied then.", valueName: "snapshot"))
    var snapshots: [String] = []

    @OptionGroup(title: "What to keep") var keep: KeepOptions

    @Option(
        name: [.customShort("g", allowingJoined: true), .long], parsing: .unconditional,
        help: .init("Apply the policy to each host, paths and tags; '' to all together.", valueName: "keys"))
    var groupBy = "host,paths"

    @Flag(name: [.customShort("n"), .long], help: "Only say what would be removed.")
    var dryRun = false

    @Flag(name: .shortAndLong, help: "Leave out the paths.")
    var compact = false

    @Flag(help: "Remove the data that no snapshot needs any more, at once.")
    var prune = false

    @Flag(help: "By a plan: thin out sources of the organisation, too, that the plan does not name.")
    var unplanned = false

    @Flag(help: "Without a policy: remove all that the filters choose.")
    var unsafeAllowRemoveAll = false

    @OptionGroup(title: "Which plan") var plan: PlanOptions
    @OptionGroup(title: "Which snapshots") var selection: ForgetFilterOptions
    @OptionGroup(title: "How much --prune rewrites") var pruning: PruneOptionGroup
    @OptionGroup(title: "What a proposal says") var proposing: ProposalOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        let policy = try keep.policy()
        let grouping = try SnapshotGrouping(groupBy)
        let options = try pruning.options(global)
        if global.noLock, !dryRun {
            throw HikaeError(.usage, "forget needs a lock: --no-lock only goes with --dry-run")
        }
        if isByPlan(policy) {
            return try PlanForget(
                session: try PlanSession(plan, global), names: snapshots, includesUnplanned: unplanned,
                isDryRun: dryRun, pruning: prune ? options : nil, proposing: proposing
            ).run()
        }
        if unplanned { throw HikaeError(.usage, "--unplanned goes with a plan's retention") }
        if snapshots.isEmpty, policy.isEmpty, !unsafeAllowRemoveAll {
            throw HikaeError(
                .usage, "no policy was given, no snapshots will be removed",
                hint: "Say what to keep, for example --keep-daily 7, or name snapshots to forget.")
        }
        let proposal = try ProposalRun.of(
            global, proposing, otherwise: "forget \(policy.isEmpty ? "what was named" : "\(policy)")", isDryRun: dryRun)
        return try Session.run(global, lock: .exclusive) { session throws(HikaeError) in
            let troubles = ErrorTally(during: "forget")
            let forgetter = Forgetter(repository: session.repository, report: { troubles.warn($0) })
            let plan = try makePlan(session.repository, forgetter, policy, grouping)
            let removals = plan.removals
            if let proposal {
                let going = Set(removals)
                let named = try session.repository.snapshots { _, _ in }.filter { going.contains($0.id) }
                return try proposal.run(
                    removing: named, pruning: prune, from: session.repository, isRoutine: snapshots.isEmpty)
            }
            if dryRun {
                if !removals.isEmpty { console.note("Would have removed \(Words.count(removals.count, "snapshot"))\n") }
            } else if !removals.isEmpty {
                let removed = try forgetter.execute(plan, cancellation: Shutdown.cancellation)
                if !snapshots.isEmpty { console.note("removed \(Words.count(removed, "snapshot"))") }
            }
            if global.json, snapshots.isEmpty { printJSON(plan, grouping) }
            if troubles.count > 0 {
                throw HikaeError(.incomplete, "\(Words.count(troubles.count, "snapshot")) could not be removed")
            }
            guard prune, !removals.isEmpty else { return .done }
            let what = dryRun ? "would be removed, running prune dry run" : "removed, running prune"
            console.note("\(Words.count(removals.count, "snapshot")) \(what)")
            try session.loadIndex()
            return try PruneRun(repository: session.repository, options: options, isDryRun: dryRun)
                .run(ignoring: Set(removals))
        }
    }

    /// Whether the vaults of a plan are meant: its retention, or what is named in all of them.
    private func isByPlan(_ policy: ForgetPolicy) -> Bool {
        guard policy.isEmpty, !unsafeAllowRemoveAll else { return false }
        return PlanSession.isMeant(plan, global)
    }

    /// What must stay in the repository, whoever asks.
    private func holds(_ repository: Repository) throws(HikaeError) -> RetentionHolds {
        var isComplete = true
        let all = try repository.snapshots { _, _ in isComplete = false }
        return RetentionHolds(all, isComplete: isComplete)
    }

    private func makePlan(
        _ repository: Repository, _ forgetter: Forgetter, _ policy: ForgetPolicy, _ grouping: SnapshotGrouping
    ) throws(HikaeError) -> ForgetPlan {
        guard snapshots.isEmpty else {
            let plan = forgetter.plan(removing: try repository.selectSnapshots(snapshots, selection.filter))
            try holds(repository).check(plan.removals)
            return plan
        }
        let wanted = try forgetter.plan(
            filter: selection.filter, grouping: grouping, policy: policy, allowRemoveAll: unsafeAllowRemoveAll)
        let holds = try holds(repository)
        if policy.isEmpty { try holds.check(wanted.removals) }
        let plan = wanted.respecting(holds)
        if !policy.isEmpty { console.note("Applying Policy: \(policy)") }
        if !global.quiet, !global.json { show(plan, grouping) }
        return plan
    }

    private func show(_ plan: ForgetPlan, _ grouping: SnapshotGrouping) {
        for group in plan.groups {
            if global.verbose > 0, let heading = SnapshotDisplay.heading(group.key, grouping) { console.print(heading) }
            if !group.kept.isEmpty {
                console.print("keep \(group.kept.count) snapshots:")
                var reasons: [FileID: [String]] = [:]
                for decision in group.decisions where decision.isKept { reasons[decision.entry.id] = decision.reasons }
                let entries = group.decisions.filter(\.isKept).map(\.entry)
                for line in SnapshotDisplay.table(entries, isCompact: compact, reasons: reasons) { console.print(line) }
                console.print("")
            }
            if !group.removed.isEmpty {
                console.print("remove \(group.removed.count) snapshots:")
                for line in SnapshotDisplay.table(group.removed, isCompact: compact) { console.print(line) }
                console.print("")
            }
        }
    }

    private func printJSON(_ plan: ForgetPlan, _ grouping: SnapshotGrouping) {
        guard !plan.groups.isEmpty else { return }
        console.printJSON { json in
            json.beginArray()
            for group in plan.groups { printJSON(group, grouping, &json) }
            json.endArray()
        }
    }

    private func printJSON(_ group: ForgetPlan.Group, _ grouping: SnapshotGrouping, _ json: inout JSONWriter) {
        json.beginObject()
        json.key("tags")
        if grouping.byTags { json.strings(group.key.tags) } else { json.null() }
        json.member("host", grouping.byHost ? group.key.hostname : "")
        json.key("paths")
        if grouping.byPaths { json.strings(group.key.paths) } else { json.null() }
        json.key("keep")
        SnapshotDisplay.json(group.decisions.filter(\.isKept).map(\.entry), emptyIsArray: false, into: &json)
        json.key("remove")
        SnapshotDisplay.json(group.removed, emptyIsArray: false, into: &json)
        json.key("reasons")
        json.beginArray()
        for decision in group.decisions where decision.isKept {
            json.beginObject()
            json.key("snapshot")
            json.raw(SnapshotDisplay.json(decision.entry.id, decision.entry.snapshot))
            json.key("matches")
            json.strings(decision.reasons)
            json.key("counters")
            json.beginObject()
            json.memberUnlessZero("last", decision.counters.last)
            json.memberUnlessZero("hourly", decision.counters.hourly)
            json.memberUnlessZero("daily", decision.counters.daily)
            json.memberUnlessZero("weekly", decision.counters.weekly)
            json.memberUnlessZero("monthly", decision.counters.monthly)
            json.memberUnlessZero("yearly", decision.counters.yearly)
            json.endObject()
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }
}

// `hikae forget` by a plan: its retention in every vault, and never against a hold.

import HikaeCore
import HikaeFormat
import HikaeGuard
import HikaeOperations
import HikaePlan
import HikaeRepository

/// Retention in every vault of a plan.
struct PlanForget {
    let session: PlanSession
    let isDryRun: Bool
    /// Nil: the data stays.
    let pruning: PruneOptions?

    private var console: Console { .shared }
    private var words: PlanWords { session.words }

    func run() throws(HikaeError) -> ExitStatus {
        guard let policy = ForgetPolicy(session.plan.retention) else {
            throw HikaeError(
                .usage, "\(session.plan.file) says nothing of retention, so nothing is forgotten",
                hint: "Say what to keep, as in retention: {daily: 14, weekly: 8, monthly: 24}.")
        }
        let opener = VaultOpener(session.plan, options: session.vaults, context: session.context)
        var failure: HikaeError?
        var reached = 0
        for vault in session.plan.vaults {
            do throws(HikaeError) {
                let open = try opener.open(vault, lock: isDryRun ? .none : .exclusive)
                defer { open.close() }
                try forget(in: open, policy)
                reached += 1
            } catch {
                if error.code == .cancelled { throw error }
                // The others do not wait for it; what is forgotten there is forgotten here at a later run.
                failure = failure ?? error
                ErrorDisplay.passing(error, during: "forget", item: vault.name)
            }
        }
        if reached == 0, let failure { throw failure }
        return failure == nil ? .done : .failed
    }

    private func forget(in vault: VaultSession, _ policy: ForgetPolicy) throws(HikaeError) {
        var unreadable = 0
        let snapshots = try vault.repository.snapshots { id, error in
            unreadable += 1
            console.warn("snapshot \(id.short) cannot be read: \(error.message)")
        }
        let plan = RetentionRound.plan(
            snapshots, isComplete: unreadable == 0, organisation: session.plan.organisation, policy: policy,
            now: session.context.clock.now())
        if console.isJSON { describe(plan, vault.name) } else { tell(plan, vault.name) }
        let removals = plan.removals
        guard !removals.isEmpty else { return }
        if !isDryRun {
            try vault.lock?.confirm()
            let forgetter = Forgetter(repository: vault.repository)
            _ = try forgetter.execute(
                forgetter.plan(removing: removals), cancellation: session.context.cancellation)
        }
        guard let pruning else { return }
        try vault.repository.loadIndex()
        _ = try PruneRun(repository: vault.repository, options: pruning, isDryRun: isDryRun)
            .run(ignoring: Set(removals.map(\.id)))
    }

    private func tell(_ plan: RetentionPlan, _ vault: String) {
        console.note(words.say("保管先 \(vault)", "vault \(vault)"))
        for source in plan.sources {
            let verb = isDryRun ? words.say("削除予定", "would forget") : words.say("削除", "forgot")
            console.note(
                "  \(Words.safe(source.name.description)): " + words.say("保持 ", "kept ")
                    + "\(source.kept.count + source.held.count), \(verb) \(source.removed.count)")
            var reasons: [String: Int] = [:]
            let language = ReasonLanguage(session.plan.language)
            for (_, hold) in source.held { reasons[hold.reason(in: language), default: 0] += 1 }
            for (reason, count) in reasons.sorted(by: { $0.key < $1.key }) {
                console.note(
                    "    " + words.say("保留 \(count) 件: ", "held \(count): ") + Words.safe(reason))
            }
        }
    }

    private func describe(_ plan: RetentionPlan, _ vault: String) {
        for source in plan.sources {
            console.printObject { json in
                json.member("message_type", "retention")
                json.member("vault", vault)
                json.member("system", source.name.system)
                json.member("source", source.name.source)
                json.member("kept", source.kept.count)
                json.key("removed")
                json.strings(source.removed.map(\.id.hex))
                json.key("held")
                json.beginArray()
                for (snapshot, hold) in source.held {
                    json.beginObject()
                    json.member("snapshot_id", snapshot.id.hex)
                    json.member("reason", hold.reason)
                    json.endObject()
                }
                json.endArray()
                json.member("dry_run", isDryRun)
            }
        }
    }
}

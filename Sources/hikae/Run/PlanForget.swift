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
    /// Snapshots and captures to remove in every vault; when empty, the plan's retention decides.
    let names: [String]
    /// Whether the retention is for sources, too, that the plan does not name.
    let includesUnplanned: Bool
    let isDryRun: Bool
    /// Nil: the data stays.
    let pruning: PruneOptions?
    /// What a proposal says, where nothing goes by one hand alone.
    let proposing: ProposalOptions

    private var console: Console { .shared }
    private var words: PlanWords { session.words }

    func run() throws(HikaeError) -> ExitStatus {
        let policy = ForgetPolicy(session.plan.retention)
        guard policy != nil || !names.isEmpty else {
            throw HikaeError(
                .usage, "\(session.plan.file) says nothing of retention, so nothing is forgotten",
                hint: "Say what to keep, as in retention: {daily: 14, weekly: 8, monthly: 24}.")
        }
        let opener = VaultOpener(session.plan, options: session.vaults, context: session.context)
        let survey = try VaultSurvey(session.plan, opener: opener)
        warn(survey)
        var failure: HikaeError?
        var reached = 0
        let named = names.isEmpty ? nil : try named(survey)
        for vault in session.plan.vaults where !survey.unread.contains(where: { $0.vault == vault.name }) {
            do throws(HikaeError) {
                let open = try opener.open(vault, lock: isDryRun ? .none : .exclusive)
                defer { open.close() }
                do throws(HikaeError) {
                    if let named {
                        try remove(named.removals[vault.name] ?? [], in: open, survey)
                    } else if let policy {
                        try forget(in: open, policy, survey)
                    }
                } catch {
                    throw open.explained(error)
                }
                reached += 1
            } catch {
                if error.code == .cancelled { throw error }
                // The others do not wait for it; what is forgotten there is forgotten here at a later run.
                failure = failure ?? error
                ErrorDisplay.passing(error, during: "forget", item: vault.name)
            }
        }
        failure = failure ?? survey.unread.first?.error
        if reached == 0, let failure { throw failure }
        return failure == nil ? .done : .failed
    }

    private func warn(_ survey: VaultSurvey) {
        for (vault, snapshot, error) in survey.damaged {
            console.warn("vault \(vault): snapshot \(snapshot.short) cannot be read: \(error.message)")
        }
        for (vault, error) in survey.unread {
            ErrorDisplay.passing(error, during: "forget", item: vault)
            console.warn(
                words.say(
                    "保管先 \(vault) を読み取れないため、どの保管先からも何も削除しません。",
                    "The vault \(vault) cannot be read, so nothing is forgotten in any vault: a suspect capture may stand there."
                ))
        }
    }

    /// Throws `.refused` when any of what was named must stay in any vault.
    private func named(_ survey: VaultSurvey) throws(HikaeError) -> NamedRemoval {
        let named = try NamedRemoval(names, in: survey, organisation: session.plan.organisation)
        for vault in session.plan.vaults {
            guard let all = survey.snapshots[vault.name], let removals = named.removals[vault.name] else { continue }
            try survey.holds(in: vault.name, all, isComplete: true).check(removals.map(\.id))
        }
        return named
    }

    private func remove(
        _ removals: [NamedSnapshot], in vault: VaultSession, _ survey: VaultSurvey
    ) throws(HikaeError) {
        let (snapshots, isComplete) = try list(vault)
        let there = Set(snapshots.map(\.id))
        let removals = removals.filter { there.contains($0.id) }
        guard !removals.isEmpty else { return }
        // What came to the vault since it was looked at may be a reason.
        try survey.holds(in: vault.name, snapshots, isComplete: isComplete).check(removals.map(\.id))
        let verb = isDryRun ? words.say("削除予定", "would forget") : words.say("削除", "forgot")
        if console.isJSON {
            console.printObject { json in
                json.member("message_type", "forgotten")
                json.member("vault", vault.name)
                json.key("removed")
                json.strings(removals.map(\.id.hex))
                json.member("dry_run", isDryRun)
            }
        } else {
            let ids = removals.map(\.id.short).joined(separator: ", ")
            console.note(words.say("保管先 \(vault.name): \(verb) \(ids)", "vault \(vault.name): \(verb) \(ids)"))
        }
        try execute(removals, in: vault)
    }

    private func list(_ vault: VaultSession) throws(HikaeError) -> ([NamedSnapshot], isComplete: Bool) {
        var isComplete = true
        return (try vault.repository.snapshots { _, _ in isComplete = false }, isComplete)
    }

    private func forget(in vault: VaultSession, _ policy: ForgetPolicy, _ survey: VaultSurvey) throws(HikaeError) {
        let (snapshots, isComplete) = try list(vault)
        let plan = RetentionRound.plan(
            snapshots, holds: survey.holds(in: vault.name, snapshots, isComplete: isComplete),
            organisation: session.plan.organisation,
            planned: includesUnplanned ? nil : session.plan.sourceNames, policy: policy,
            now: session.context.clock.now())
        if console.isJSON { describe(plan, vault.name) } else { tell(plan, vault.name) }
        try execute(plan.removals, in: vault)
    }

    private func execute(_ removals: [NamedSnapshot], in vault: VaultSession) throws(HikaeError) {
        guard !removals.isEmpty else { return }
        if let proposal = try proposal(to: vault) {
            _ = try proposal.run(
                removing: removals, pruning: pruning != nil, from: vault.repository, isRoutine: names.isEmpty,
                cancellation: vault.cancellation)
            return
        }
        if !isDryRun {
            try vault.lock?.confirm()
            let forgetter = Forgetter(repository: vault.repository)
            _ = try forgetter.execute(
                forgetter.plan(removing: removals), cancellation: vault.cancellation)
        }
        guard let pruning else { return }
        try vault.repository.loadIndex()
        let parity = session.plan.vaults.first { $0.name == vault.name }?.parity
        _ = try PruneRun(
            repository: vault.repository, options: pruning, isDryRun: isDryRun, parity: parity,
            cancellation: vault.cancellation
        ).run(ignoring: Set(removals.map(\.id)))
    }

    /// A proposal in place of a removal, for a vault that keeps an agreement.
    private func proposal(to vault: VaultSession) throws(HikaeError) -> ProposalRun? {
        let opener = VaultOpener(session.plan, options: session.vaults, context: session.context)
        guard let planned = session.plan.vaults.first(where: { $0.name == vault.name }),
            let client = try opener.agreement(of: planned), try client.report() != nil
        else { return nil }
        let reason = words.say("計画の保存期間", "the plan's retention")
        return ProposalRun(
            client: client, words: words, reason: proposing.why ?? reason, proposer: proposing.proposer,
            isDryRun: isDryRun)
    }

    private func tell(_ plan: RetentionPlan, _ vault: String) {
        console.note(words.say("保管先 \(vault)", "vault \(vault)"))
        for source in plan.sources {
            let verb = isDryRun ? words.say("削除予定", "would forget") : words.say("削除", "forgot")
            console.note(
                "  \(Words.safe(source.name.description)): " + words.say("保持 ", "kept ")
                    + "\(source.kept.count + source.held.count)\(words.say("、", ", "))\(verb) \(source.removed.count)")
            var reasons: [String: Int] = [:]
            let language = ReasonLanguage(session.plan.language)
            for (_, hold) in source.held { reasons[hold.reason(in: language), default: 0] += 1 }
            for (reason, count) in reasons.sorted(by: { $0.key < $1.key }) {
                console.note(
                    "    " + words.say("保留 \(count) 件: ", "held \(count): ") + Words.safe(reason))
            }
        }
        guard !plan.others.isEmpty else { return }
        let names = Words.safe(plan.others.map { "\($0.name) (\($0.captures))" }.joined(separator: ", "))
        console.note(
            words.say(
                "  計画にない対象はそのまま残します（--unplanned で対象に含めます）: \(names)",
                "  left alone, for the plan does not name them (--unplanned includes them): \(names)"))
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
        for other in plan.others {
            console.printObject { json in
                json.member("message_type", "retention_unplanned")
                json.member("vault", vault)
                json.member("system", other.name.system)
                json.member("source", other.name.source)
                json.member("kept", other.captures)
            }
        }
    }
}

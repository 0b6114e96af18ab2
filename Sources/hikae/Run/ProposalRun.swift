// `forget` and `prune` on a vault that lets nobody remove anything alone: what they would remove becomes a proposal.

import ArgumentParser
import HikaeAgreement
import HikaeCore
import HikaeFormat
import HikaeOperations
import HikaePlan
import HikaeRepository

/// What a proposal says beside its files.
struct ProposalOptions: ParsableArguments {
    @Option(help: .init("On a vault server: why, for those who are asked to agree.", valueName: "text"))
    var why: String?

    @Option(help: .init("On a vault server: who proposes it.", valueName: "name"))
    var who: String?

    /// Who proposes, as told or as the system says.
    var proposer: String {
        if let who, !who.isEmpty { return who }
        let identity = ProcessIdentity.current()
        return "\(identity.username)@\(identity.hostname)"
    }
}

/// One proposal, made and told.
struct ProposalRun {
    let client: AgreementClient
    let words: PlanWords
    let reason: String
    let proposer: String
    let isDryRun: Bool

    /// The run for a repository that is named by options; nil when it stands on no vault server with an agreement.
    static func of(
        _ global: GlobalOptions, _ options: ProposalOptions, otherwise reason: String, isDryRun: Bool
    ) throws(HikaeError) -> ProposalRun? {
        let location = try RepositoryPlace(global).resolveLocation()
        guard let client = try AgreementClient(location, try Session.remoteOptions(global, location)),
            try client.report() != nil
        else { return nil }
        return ProposalRun(
            client: client, words: PlanWords(language: .english), reason: options.why ?? reason,
            proposer: options.proposer, isDryRun: isDryRun)
    }

    /// Proposes that snapshots go, and with `pruning` what nothing needs then. `isRoutine`: no person named them.
    func run(
        removing snapshots: [NamedSnapshot], pruning: Bool, from repository: Repository, isRoutine: Bool,
        cancellation: Cancellation = Shutdown.cancellation
    ) throws(HikaeError) -> ExitStatus {
        let console = Console.shared
        if isDryRun {
            console.note(
                words.say(
                    "削除は提案になります: スナップショット \(snapshots.count) 件",
                    "This would become a proposal to remove \(Words.count(snapshots.count, "snapshot"))"))
            return .done
        }
        let outcome = try ProposalMaking.propose(
            removing: snapshots, pruning: pruning, from: repository, client, reason: reason, proposer: proposer,
            isRoutine: isRoutine, cancellation: cancellation)
        switch outcome {
        case .nothing: console.note(words.say("削除できるものはありません。", "There is nothing that could go."))
        case .waiting(let waiting, let report): tell(waiting, report)
        case .proposed(let proposal, let report, let bytes): tell(proposal, report, bytes)
        }
        return .done
    }

    private func tell(_ waiting: StandingProposals.Waiting, _ report: AgreementReport) {
        let console = Console.shared
        guard console.isJSON else {
            for line in AgreementTeller.waiting(waiting, report, words) { console.note(line) }
            return
        }
        console.printObject { json in
            json.member("message_type", "already_proposed")
            json.key("proposals")
            json.strings(waiting.items.map(\.id.hex))
            json.member("deferred", waiting.deferred)
        }
    }

    private func tell(_ proposal: Proposal, _ report: AgreementReport, _ bytes: UInt64) {
        let (console, id) = (Console.shared, proposal.id)
        if console.isJSON {
            console.printObject { json in
                json.member("message_type", "proposal")
                json.member("id", id.hex)
                json.member("snapshots", proposal.snapshots.count)
                json.member("packs", proposal.packs.count)
                json.member("bytes", bytes)
            }
            return
        }
        let size = Words.size(bytes)
        console.note(
            words.say(
                "提案 \(id.short): スナップショット \(proposal.snapshots.count) 件、パック \(proposal.packs.count) 個（\(size)）",
                "proposal \(id.short): \(Words.count(proposal.snapshots.count, "snapshot")), "
                    + "\(Words.count(proposal.packs.count, "pack")) (\(size))"))
        for line in AgreementTeller.rule(report, words) { console.note(line) }
        console.note(
            words.say(
                "まだ何も削除されていません。承認: hikae approve \(id.short) --key …",
                "Nothing has been removed. To agree: hikae approve \(id.short) --key …"))
    }
}

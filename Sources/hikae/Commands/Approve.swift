// `hikae approve`

import ArgumentParser
import HikaeAgreement
import HikaeCore
import HikaeFormat
import HikaeOperations
import HikaePlan

struct Approve: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "Examine a proposal on your own machine, and sign that it may be carried out.",
        discussion: """
            The repository is opened with its password, here, and everything is worked out anew: what would go, that \
            nothing that stays needs any of it, and that no last good capture is among it. If any of that is not so, \
            nothing is signed. Then you are asked.

            EXAMPLES
              hikae approve 3f2a91c0 --key ~/.config/hikae/sato.key \\
                -r rest:https://vault.example.jp/sakura/shop
            """)

    @Argument(help: .init("The proposal, by the beginning of its ID.", valueName: "proposal"))
    var proposal: String

    @OptionGroup(title: "Whose word") var person: PersonKeyOptions

    @Option(help: .init("How long the approval holds beyond the delay: 90d.", valueName: "span"))
    var valid = "90d"

    @Flag(help: "Sign without asking, if nothing speaks against it.")
    var yes = false

    @OptionGroup(title: "Which vault") var agreement: AgreementOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        let span = try VaultSpan.seconds(valid)
        let access = try agreement.open(global)
        let report = try access.report()
        let item = try access.item(proposal, in: report)
        let file = try person.load()
        try person.check(file, report)
        guard !item.standing.isOver else {
            throw HikaeError(.refused, "the proposal \(item.id.short) is over: \(item.standing.stage.rawValue)")
        }
        let proposal = try access.client.proposal(item.id)
        guard proposal.vault == report.vault else {
            throw HikaeError(.untrusted, "the proposal \(item.id.short) is about another vault")
        }
        let review = try access.read(global) { repository throws(HikaeError) in
            try ProposalReview(proposal, of: repository) { () throws(HikaeError) in try access.removed(report) }
        }
        for line in AgreementTeller.review(review, access.words) { console.note(line) }
        guard review.isSound else {
            for finding in review.findings.prefix(20) { console.warn(AgreementTeller.finding(finding, access.words)) }
            throw HikaeError(
                .refused, "the proposal \(item.id.short) must not be carried out; nothing was signed",
                hint: "End it with `hikae veto \(item.id.short) --key …`.")
        }
        try confirm(item.id, access.words)
        let due = max(item.standing.due, report.vaultTime)
        let (expiry, isOver) = due.addingReportingOverflow(span)
        let word = SignedWord(
            .approve, on: item.id, of: report.vault, by: file.person.name, expiry: isOver ? .max : expiry,
            key: try person.unlock(file))
        tell(try access.client.say(word), item.id, access.words)
        return .done
    }

    private func confirm(_ id: ProposalID, _ words: PlanWords) throws(HikaeError) {
        if yes { return }
        guard Questions.canAsk else {
            throw HikaeError(.usage, "there is nobody to ask", hint: "Look at it on a terminal, or say --yes.")
        }
        let answer = try Questions.ask(
            words.say(
                "承認するには、提案の ID の最初の 8 桁を入力してください",
                "To agree, type the first eight digits of the proposal"))
        guard answer == id.short else { throw HikaeError(.cancelled, "nothing was signed") }
    }

    private func tell(_ report: AgreementReport, _ id: ProposalID, _ words: PlanWords) {
        if global.json {
            console.printJSON { $0.raw(report.encoded()) }
            return
        }
        guard let standing = report.proposals.first(where: { $0.id == id })?.standing else { return }
        let span = standing.due > report.vaultTime ? standing.due - report.vaultTime : 0
        let rest = VaultSpan.text(span, words)
        console.note(
            words.say(
                "承認しました（\(standing.threshold) 人中 \(standing.approvals.count) 人）。早くて \(rest)後に実行されます。",
                "approved: \(standing.approvals.count) of \(standing.threshold); carried out in \(rest) at the earliest"
            ))
    }
}

// `hikae proposals`

import ArgumentParser
import HikaeAgreement
import HikaeCore
import HikaeFormat
import HikaeOperations

struct Proposals: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what is proposed to be removed from a vault, and who has agreed.",
        discussion: """
            Look here now and then: a proposal that nobody of yours made is an attack, and one veto ends it. No \
            repository password is needed.

            EXAMPLES
              hikae proposals -r rest:https://vault.example.jp/sakura/shop
              hikae proposals --vault far
            """)

    @OptionGroup(title: "Which vault") var agreement: AgreementOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        let access = try agreement.open(global)
        let report = try access.report()
        if global.json {
            console.printJSON { $0.raw(report.encoded()) }
            return .done
        }
        for line in AgreementTeller.rule(report, access.words) { console.print(line) }
        for line in AgreementTeller.proposals(report, access.words) { console.print(line) }
        for item in report.proposals where !item.standing.isOver {
            let proposal = try access.client.proposal(item.id)
            let words = access.words
            console.print("")
            console.print("\(item.id.short)  " + words.say("提案者 ", "by ") + Words.safe(proposal.proposer))
            console.print("  " + words.say("理由: ", "why: ") + Words.safe(proposal.reason))
            console.print(
                "  "
                    + words.say(
                        "スナップショット \(proposal.snapshots.count) 件、パック \(proposal.packs.count) 個（提案者の申告）",
                        "\(Words.count(proposal.snapshots.count, "snapshot")), "
                            + "\(Words.count(proposal.packs.count, "pack")), as the proposer says"))
            for snapshot in proposal.snapshots.prefix(20) {
                console.print("    \(snapshot.id.short)  \(Words.safe(snapshot.label))")
            }
            if proposal.snapshots.count > 20 { console.print("    …") }
        }
        return .done
    }
}

// `hikae veto`

import ArgumentParser
import HikaeAgreement
import HikaeCore
import HikaeFormat
import HikaeOperations

struct Veto: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "End a proposal for good: one person's no is enough.",
        discussion: """
            No repository password is needed, and no reason.

            EXAMPLES
              hikae veto 3f2a91c0 --key ~/.config/hikae/sato.key \\
                -r rest:https://vault.example.jp/sakura/shop
            """)

    @Argument(help: .init("The proposal, by the beginning of its ID.", valueName: "proposal"))
    var proposal: String

    @OptionGroup(title: "Whose word") var person: PersonKeyOptions
    @OptionGroup(title: "Which vault") var agreement: AgreementOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        let access = try agreement.open(global)
        let report = try access.report()
        let item = try access.item(proposal, in: report)
        let file = try person.load()
        let word = SignedWord(
            .veto, on: item.id, of: report.vault, by: file.person.name, expiry: .max, key: try person.unlock(file))
        let after = try access.client.say(word)
        if global.json {
            console.printJSON { $0.raw(after.encoded()) }
        } else {
            console.note(
                access.words.say("提案 \(item.id.short) を拒否しました。", "the proposal \(item.id.short) is vetoed"))
        }
        return .done
    }
}

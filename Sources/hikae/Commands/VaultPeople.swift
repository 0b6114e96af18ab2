// `hikae vault people`: who decides on removals. On the vault's own machine only.

import ArgumentParser
import HikaeAgreement
import HikaeCore
import HikaeFormat
import HikaeOperations
import HikaePlan
import HikaeServer

struct VaultPeople: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "people", abstract: "Say who decides on removals, how many must agree, and how long it takes.",
        discussion: """
            Nothing is ever removed from a vault by one hand alone. `forget` and `prune` make a proposal, which takes \
            effect after a delay and with so many approvals, each signed with a person's own key (`hikae key person \
            new`). Enter the people first, then the rule. From then on whatever makes it laxer (a new person, fewer \
            people, a shorter delay) waits as long as a removal would; whatever makes it stricter holds at once.

            EXAMPLES
              hikae vault people add --folder /srv/vault "hikae-person 3f2a… 佐藤"
              hikae vault people rule --folder /srv/vault --threshold 2 --delay 30d
              hikae vault people list --folder /srv/vault
            """,
        subcommands: [VaultPeopleAdd.self, VaultPeopleRemove.self, VaultPeopleRule.self, VaultPeopleList.self])
}

/// Which repository's people.
struct VaultPeopleOptions: ParsableArguments {
    @OptionGroup var vault: VaultFolderOptions

    @Option(help: .init("The repository, where the folder holds several.", valueName: "tenant/name"))
    var repository: String?

    func open() throws(HikaeError) -> LocalAgreement {
        var folder = vault.folder
        while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
        return try LocalAgreement(folder: folder, repository: repository)
    }
}

struct VaultPeopleAdd: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Enter a person: the line that `hikae key person new` prints.")

    @Argument(help: .init("hikae-person KEY NAME, as one argument or several.", valueName: "line"))
    var line: [String]

    @OptionGroup(title: "Which vault") var options: VaultPeopleOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        let person = try Person(line: line.joined(separator: " "))
        let agreement = try options.open()
        try agreement.add(person)
        let report = try agreement.report()
        let from = report.members.last { $0.person == person }?.approvesFrom ?? 0
        let when = from <= report.vaultTime ? "at once" : "in \(VaultSpan.text(from - report.vaultTime)) of vault time"
        console.note("entered \(Words.safe(person.name.text)), key \(person.key.fingerprint)")
        console.note("approvals count \(when), vetoes at once")
        return .done
    }
}

struct VaultPeopleRemove: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Strike a person out, for example when a key is lost.")

    @Argument(help: .init("The person's name.", valueName: "name"))
    var name: String

    @OptionGroup(title: "Which vault") var options: VaultPeopleOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        try options.open().remove(try PersonName(name))
        console.note("struck out \(Words.safe(name)): approvals count no more; vetoes do until the delay is over")
        return .done
    }
}

struct VaultPeopleRule: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "rule", abstract: "Say how many must agree, and how long a proposal waits.")

    @Option(help: .init("Approvals that a proposal needs.", valueName: "number"))
    var threshold: Int?

    @Option(help: .init("How long it waits at least: 30d, 12h.", valueName: "span"))
    var delay: String?

    @OptionGroup(title: "Which vault") var options: VaultPeopleOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        let seconds = try delay.map { text throws(HikaeError) in try VaultSpan.seconds(text) }
        let agreement = try options.open()
        try agreement.set(threshold: threshold, delay: seconds)
        for line in AgreementTeller.rule(try agreement.report(), PlanWords(language: .english)) { console.note(line) }
        if let seconds, seconds < 86400 {
            console.warn("a delay of less than a day leaves hardly anybody the time to say no")
        }
        return .done
    }
}

struct VaultPeopleList: HikaeSubcommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Show people, rule and proposals.")

    @OptionGroup(title: "Which vault") var options: VaultPeopleOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        let report = try options.open().report()
        if global.json {
            console.printJSON { $0.raw(report.encoded()) }
        } else {
            for line in AgreementTeller.people(report, PlanWords(language: .english)) { console.print(line) }
            for line in AgreementTeller.proposals(report, PlanWords(language: .english)) { console.print(line) }
        }
        return .done
    }
}

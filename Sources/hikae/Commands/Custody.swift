// `hikae custody`

import ArgumentParser
import HikaeCore
import HikaeGuard
import HikaeOperations
import HikaePlan

struct Custody: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "custody", abstract: "Tell what the copies share, and who could end which of them.",
        discussion: """
            Every vault of the plan and the original at its provider is a copy. Two copies that one script, key, bill, \
            building or person can end are one copy. What can be seen is looked at; the rest is asked of a person once \
            and recorded with name and date.
            """,
        subcommands: [CustodyShow.self, CustodyConfirm.self], defaultSubcommand: CustodyShow.self)
}

struct CustodyShow: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Judge every pair of copies: red, amber or green, with the reason.",
        discussion: """
            Red: one finger ends both. Amber: nobody can prove that none does. Green: they stand apart. Looks at \
            filesystems, mounts, addresses, certificates, SSH keys, bucket owners, access keys and repositories; \
            changes nothing.

            Exit status: 1 when no two copies stand apart (red), 0 otherwise.

            EXAMPLES
              hikae custody
              hikae custody show --vaults-only --json
            """)

    @Flag(help: "Leave the originals at their providers out.")
    var vaultsOnly = false

    @Option(help: .init("Count ages from this time instead of now.", valueName: "time"))
    var time: String?

    @OptionGroup(title: "Which plan") var plan: PlanOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        let session = try PlanSession(plan, global)
        let now = try time.map { text throws(HikaeError) in try TypedTime.parse(text, "--time") }
        let judgement = try session.custody(now: now ?? session.context.clock.now(), originals: !vaultsOnly)
        let output = CustodyOutput(judgement: judgement, words: session.words)
        if console.isJSON { output.printJSON() } else { output.print() }
        return judgement.light == .red ? .failed : .done
    }
}

struct CustodyConfirm: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "confirm", abstract: "Record what no program can see of a copy: holder, provider, account, place.",
        discussion: """
            The copy is a vault's name, or SYSTEM/SOURCE for an original. What is said is added, with name and date, to \
            the file NAME.custody.jsonl beside the plan; nothing in it is ever changed. What is left out stays as it was \
            said before. On a terminal everything that no option says is asked for.

            EXAMPLES
              hikae custody confirm far --who 佐藤 --holder 鈴木 \\
                --provider さくら --account 1234 --place 石狩
              hikae custody confirm shop/site --who 佐藤 --provider レンタル社 --account shop-1
            """)

    @Argument(help: .init("A vault's name, or SYSTEM/SOURCE.", valueName: "copy"))
    var copy: String

    @Option(help: .init("Who says so.", valueName: "name"))
    var who: String?

    @Option(help: .init("The person who can open or remove it.", valueName: "name"))
    var holder: String?

    @Option(help: .init("The company whose machines it is on; own for one's own.", valueName: "name"))
    var provider: String?

    @Option(help: .init("The account it is under; none for none.", valueName: "name"))
    var account: String?

    @Option(help: .init("Where it stands.", valueName: "name"))
    var place: String?

    @Option(help: .init("The day on which the contract ends: YYYY-MM-DD.", valueName: "day"))
    var contractEnd: String?

    @OptionGroup(title: "Which plan") var plan: PlanOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        let session = try PlanSession(plan, global)
        let names =
            session.plan.vaults.map(\.name) + session.plan.sources.map { "\($0.system.name)/\($0.source.name)" }
        guard names.contains(copy) else {
            throw HikaeError(
                .notFound, "there is no copy \(copy) in \(session.plan.file)",
                hint: "It has: \(names.joined(separator: ", ")).")
        }
        let file = ConfirmationFile(beside: session.plan.file)
        let words = session.words
        var said = CustodyStatement(
            holder: holder, provider: provider, account: account, place: place, contractEnd: contractEnd, who: who)
        if Questions.canAsk, !global.json {
            let before = file.statements()[copy]
            try ask(&said.who, words.say("確認する人の名前", "Your name"), nil)
            try ask(&said.holder, words.say("中を開ける人、または消せる人", "Who can open or remove it"), before?.holder)
            try ask(
                &said.provider, words.say("事業者（自社なら own）", "Whose machines is it on (own for your own)"),
                before?.provider)
            try ask(&said.account, words.say("契約・アカウント（なければ none）", "Which account (none for none)"), before?.account)
            try ask(&said.place, words.say("場所", "Where does it stand"), before?.place)
        }
        guard let who = said.who, !who.isEmpty else {
            throw HikaeError(.usage, "nobody says so", hint: "Give the name of the person who confirms with --who.")
        }
        if let day = said.contractEnd, Timestamp(rfc3339: day + "T00:00:00Z") == nil {
            throw HikaeError(.usage, "--contract-end is no day", hint: "As in --contract-end 2027-03-31.")
        }
        said.when = session.context.clock.now()
        try file.append(said, on: copy)
        if console.isJSON {
            console.printObject { json in
                json.member("message_type", "custody_confirmed")
                json.member("copy", copy)
                json.member("who", who)
                json.member("file", file.path)
            }
        } else {
            console.note(words.say("\(file.path) に記録しました。", "recorded in \(file.path)"))
        }
        return .done
    }

    private func ask(_ value: inout String?, _ question: String, _ before: String?) throws(HikaeError) {
        guard value == nil else { return }
        let answer = try Questions.ask(question, offered: before)
        value = answer.isEmpty ? nil : answer
    }
}

extension PlanSession {
    /// Looks at the copies of the plan and judges them.
    func custody(
        now: Timestamp, originals: Bool, alone: Bool = true, away: Set<String> = []
    ) throws(HikaeError) -> CustodyJudgement {
        let said = ConfirmationFile(beside: plan.file).statements()
        return try CustodyObserver(plan, vaults: vaults, statements: said, context: context)
            .judge(now: now, originals: originals, alone: alone, away: away)
    }
}

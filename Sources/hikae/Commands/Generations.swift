// `hikae generations`: which files of a source have an older generation that is better than the newest.

import ArgumentParser
import HikaeCore
import HikaeFormat
import HikaeGuard
import HikaeOperations
import HikaePlan

/// Lists files whose last good generation is not the newest capture's.
struct Generations: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "generations",
        abstract: "List the files of a source whose last good generation is an older one.",
        usage: "hikae generations [--plan <file>] [--gone-since <time>] <system>/<source>",
        discussion: """
            Two things make an older generation the better one: the file's bytes changed though its size and time of change \
            did not (it rotted, and a capture with --force has read it), or, with --gone-since, the file is gone from the \
            newest good capture and was there at that time or later. `hikae restore --mixed` puts them back together with \
            the rest.
            """)

    @Argument(help: .init("One source of the plan.", valueName: "system/source"))
    var source: String

    @Option(help: .init("Also files that went after this time.", valueName: "time"))
    var goneSince: String?

    @OptionGroup(title: "Which plan") var plan: PlanOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        let session = try PlanSession(plan, global)
        let (system, found) = try session.source(source)
        let name = SourceName(organisation: session.plan.organisation, system: system.name, source: found.name)
        let since: Timestamp? = if let text = goneSince { try TypedTime.parse(text, "--gone-since") } else { nil }
        return try PlanVaults.run(session, global) { vaults throws(HikaeError) in
            let mixing = GenerationChoice(vaults, goneSince: since)
            let (newest, generations) = try mixing.find(name)
            show(generations, newest, session.words)
            return .done
        }
    }

    private func show(_ generations: [FileGeneration], _ newest: ChosenCapture, _ words: PlanWords) {
        if global.json {
            for generation in generations {
                console.printObject { json in
                    json.member("message_type", "generation")
                    json.member("path", generation.displayPath)
                    json.member("cause", generation.cause.rawValue)
                    json.member("from", generation.from.rfc3339)
                    json.member("since", generation.since.rfc3339)
                    json.member("size", Int(clamping: generation.node.size))
                }
            }
            return console.printObject { json in
                json.member("message_type", "summary")
                json.member("newest", newest.time.rfc3339)
                json.member("files", generations.count)
            }
        }
        guard !generations.isEmpty else {
            return console.note(
                words.say(
                    "\(newest.name): \(TimeWords.minute(newest.time)) の控えに、すべてのファイルの最後の正常な世代があります。",
                    "\(newest.name): the capture of \(TimeWords.minute(newest.time)) has the last good generation of every file"
                ))
        }
        var table = Table([
            words.say("最後の正常な世代", "last good"), words.say("異常の始まり", "since"), words.say("理由", "why"),
            words.say("ファイル", "file"),
        ])
        for generation in generations {
            let why =
                generation.cause == .gone
                ? words.say("なくなった", "gone") : words.say("日付は同じで中身が違う", "other bytes, same date")
            table.rows.append(
                [
                    TimeWords.minute(generation.from), TimeWords.minute(generation.since), why,
                    Words.safe(generation.displayPath),
                ].map { [$0] })
        }
        for line in table.lines { console.print(line) }
        console.note(
            words.say(
                "\(generations.count) 件。`hikae restore --mixed` で、ほかのファイルとあわせて戻せます。",
                "\(Words.count(generations.count, "file")); `hikae restore --mixed` puts them back with the rest"))
    }
}

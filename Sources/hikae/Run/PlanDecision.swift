// `hikae accept` and `hikae reject`: one person's word, written into every vault.

import ArgumentParser
import HikaeCore
import HikaeFormat
import HikaeGuard
import HikaeOperations
import HikaePlan
import HikaeRepository

/// What both commands take.
struct DecisionOptions: ParsableArguments {
    @Argument(help: .init("The source: SYSTEM/SOURCE, or SYSTEM when it has one source.", valueName: "source"))
    var source: String

    @Option(help: .init("Why. It is kept with the decision and travels with every copy.", valueName: "text"))
    var why: String

    @Option(help: .init("Who decides; this user when left out.", valueName: "name"))
    var who: String?

    @Option(help: .init("The capture, or its snapshot; the newest undecided one when left out.", valueName: "id"))
    var capture: String?

    @Option(help: .init("The time to name instead of now.", valueName: "time"))
    var time: String?
}

/// Makes one decision.
struct PlanDecision {
    let word: Decision.Word
    let options: DecisionOptions
    let session: PlanSession

    private var console: Console { .shared }
    private var words: PlanWords { session.words }

    func run() throws(HikaeError) -> ExitStatus {
        let why = try ArgumentBytes.requireText(options.why, "the reason")
        guard why.contains(where: { !$0.isWhitespace }) else {
            throw HikaeError(.usage, "the reason is empty", hint: "Say why: whoever reads it later was not there.")
        }
        let who = try options.who.map { text throws(HikaeError) in try ArgumentBytes.requireText(text, "the name") }
        let pair = try session.source(options.source)
        let name = SourceName(
            organisation: session.plan.organisation, system: pair.system.name, source: pair.source.name)
        let time = try options.time.map { text throws(HikaeError) in try TypedTime.parse(text, "--time") }
        let round = DecisionRound(
            session.plan, program: Program.title, vaults: session.vaults, context: session.context)
        let outcome = try round.decide(
            word, on: name, capture: options.capture, who: who ?? ProcessIdentity.current().username, why: why,
            when: time ?? session.context.clock.now())
        for (_, error) in outcome.unavailable { ErrorDisplay.passing(error, during: "vault") }
        tell(outcome)
        return .done
    }

    private func tell(_ outcome: DecisionRound.Outcome) {
        let decision = outcome.decision
        guard !console.isJSON else {
            return console.printObject { json in
                json.member("message_type", "decision")
                json.member("decision", decision.word.rawValue)
                json.member("system", decision.name.system)
                json.member("source", decision.name.source)
                json.member("capture", decision.capture)
                json.key("capture_time")
                json.time(outcome.captureTime)
                json.member("who", decision.who)
                json.member("why", decision.why)
                json.key("vaults")
                json.strings(outcome.vaults)
                json.member("still_suspect", outcome.stillSuspect)
            }
        }
        let time = TimeWords.minute(outcome.captureTime)
        let vaults = outcome.vaults.joined(separator: ", ")
        console.note(
            decision.word == .accepted
                ? words.say(
                    "\(decision.name) の \(time) の控えを正常と認めました（\(decision.who)、保管先 \(vaults)）。",
                    "The capture of \(decision.name) of \(time) is accepted by \(decision.who); written into \(vaults)."
                )
                : words.say(
                    "\(decision.name) の \(time) の控えを却下しました（\(decision.who)、保管先 \(vaults)）。",
                    "The capture of \(decision.name) of \(time) is rejected by \(decision.who); written into \(vaults)."
                ))
        if outcome.stillSuspect {
            console.note(
                words.say("ほかにも判断を待つ控えがあります。", "Another capture of this source still waits for a decision."))
        }
    }
}

// `hikae status`

import ArgumentParser
import HikaeCore
import HikaeFormat
import HikaeGuard
import HikaeOperations
import HikaePlan

struct Status: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "Show how every source of the plan stands: the last good capture, its age, where the copies are.",
        discussion: """
            Looks into every vault of the plan that can be reached and changes none. A source is red when it has no \
            good capture, when the last good one is older than the plan's objective, or when the newest is suspect; \
            amber when something else wants attention; green otherwise.

            Exit status: 0 all is well or amber, 20 a capture waits for `hikae accept` or `hikae reject`, 1 an \
            objective is missed, a source has no good capture, or the last attempt failed.

            EXAMPLES
              hikae status
              hikae status --json
            """)

    @Option(help: .init("Count ages from this time instead of now.", valueName: "time"))
    var time: String?

    @OptionGroup(title: "Which plan") var plan: PlanOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        let session = try PlanSession(plan, global)
        let now = try time.map { text throws(HikaeError) in try TypedTime.parse(text, "--time") }
        let report = try StandingReport(
            session.plan, vaults: session.vaults, journal: session.journal,
            now: now ?? session.context.clock.now(), context: session.context)
        let output = StandingOutput(report: report, words: session.words, organisation: session.plan.organisation)
        if console.isJSON { output.printJSON() } else { output.print() }
        let away = Set(report.vaults.filter { $0.error != nil }.map(\.name))
        let custody = CustodyOutput(
            judgement: try session.custody(now: report.now, originals: false, alone: false, away: away),
            words: session.words)
        if console.isJSON { custody.printSummary() } else { console.print(Words.safe(custody.line)) }
        for outcome in session.lockRound.look() {
            if console.isJSON { LockOutput.printJSON(outcome) } else { LockOutput.warn(outcome) }
        }
        if report.sources.contains(where: \.isSuspect) { return .suspect }
        return report.sources.contains(where: \.isFailing) ? .failed : .done
    }
}

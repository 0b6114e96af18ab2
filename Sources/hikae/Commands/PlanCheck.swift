// `hikae plan check`

import ArgumentParser
import HikaeCore
import HikaePlan

struct PlanCheck: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check the plan, and that everything in it can be reached.",
        discussion: """
            Reads the plan and tells of every mistake with its line and key, and of vaults that one hand could end. \
            Then fetches every secret, opens every vault, logs in to every source to see that what is to be read is \
            there, and to every place that `restore` names to see that it would take something; nothing is read or \
            changed. One line each; the exit status is 1 when any of them fails.

            EXAMPLES
              hikae plan check
              hikae plan check --offline          # only the file itself, for editors
              hikae plan check --json
            """)

    @OptionGroup var options: PlanOptions

    @Flag(help: "Check the file only: fetch no secret, open no vault, connect to no source.")
    var offline = false

    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        let path = try options.path()
        var report = PlanReport(isJSON: global.json)
        let reading = try Plan.read(file: path)
        for problem in reading.problems { report.problem(problem) }
        guard let plan = reading.plan else {
            report.finish()
            return .failed
        }
        // Programs read one language.
        if !global.json { report.words = PlanWords(language: plan.language) }
        report.good(
            "plan", path,
            report.words.say(
                "保管先 \(plan.vaults.count)、業務 \(plan.systems.count)、対象 \(plan.sources.count)",
                "\(Words.count(plan.vaults.count, "vault")), \(Words.count(plan.systems.count, "system")), "
                    + Words.count(plan.sources.count, "source")))
        for warning in plan.custodyWarnings(in: report.words.language) { report.warning("custody", warning) }
        if !offline { try PlanSurvey(plan: plan, global: global).run(&report) }
        report.finish()
        return report.failures == 0 ? .done : .failed
    }
}

// `hikae accept`

import ArgumentParser
import HikaeCore
import HikaeGuard

struct Accept: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "Say that a suspect capture is as it should be: it counts as good from now on.",
        discussion: """
            The next captures are compared with it, and retention goes on. Suspect captures before it are settled, \
            too. Who said so and why is kept in every vault. Nothing that was captured is changed.

            EXAMPLES
              hikae accept shop/site --who 佐藤 --why "old product pages removed as planned"
            """)

    @OptionGroup var decision: DecisionOptions
    @OptionGroup(title: "Which plan") var plan: PlanOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        try PlanDecision(word: .accepted, options: decision, session: try PlanSession(plan, global)).run()
    }
}

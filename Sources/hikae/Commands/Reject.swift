// `hikae reject`

import ArgumentParser
import HikaeCore
import HikaeGuard

struct Reject: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "Say that a capture is not as it should be: it never counts as good.",
        discussion: """
            The last good capture before it stays what restores and comparisons start from, and retention goes on. \
            The rejected capture itself is kept until retention no longer wants it. Suspect captures before it are \
            settled, too. With --capture a capture that was taken for good can be rejected.

            EXAMPLES
              hikae reject mail/info --who 佐藤 --why "the provider reset the mailbox"
            """)

    @OptionGroup var decision: DecisionOptions
    @OptionGroup(title: "Which plan") var plan: PlanOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        try PlanDecision(word: .rejected, options: decision, session: try PlanSession(plan, global)).run()
    }
}

// `hikae plan`: the commands about the plan itself.

import ArgumentParser

struct PlanFamily: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Check and show the plan.",
        discussion: """
            The plan, hikae.yaml, says what a company keeps a copy of, where the copies are and who has custody of \
            them. `hikae init` writes one to begin with.
            """,
        subcommands: [PlanCheck.self, PlanShow.self, PlanSchemaCommand.self])
}

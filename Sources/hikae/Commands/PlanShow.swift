// `hikae plan show`

import ArgumentParser
import HikaeCore
import HikaeOperations
import HikaePlan

struct PlanShow: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print the plan as Hikae understands it.",
        discussion: """
            Prints the whole plan with every default filled in, every path made absolute and the systems in their order \
            of importance. Secrets are shown as the places that they are in, never fetched. What is printed is a plan \
            again.

            EXAMPLES
              hikae plan show
              hikae plan show --plan /etc/hikae/hikae.yaml --json
            """)

    @OptionGroup var options: PlanOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        let plan = try options.load()
        if global.json {
            console.write(plan.value.json + Array("\n".utf8))
        } else {
            console.note("# \(plan.file)")
            console.note("# custody, as people confirmed it: \(ConfirmationFile(beside: plan.file).path)")
            console.write(Array(plan.value.yaml.utf8))
        }
        return .done
    }
}

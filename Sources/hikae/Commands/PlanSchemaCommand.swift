// `hikae plan schema`

import ArgumentParser
import HikaeCore
import HikaePlan

struct PlanSchemaCommand: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Print the plan's JSON Schema, for editors.",
        discussion: """
            With it an editor completes keys, describes them and marks mistakes while one types. For editors that use \
            the YAML language server, write as the plan's first line:

              # yaml-language-server: $schema=plan.schema.json

            EXAMPLES
              hikae plan schema > plan.schema.json
            """)

    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        console.write(JSONIndent.indented(PlanSchema.json()) + Array("\n".utf8))
        return .done
    }
}

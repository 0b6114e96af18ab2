// `hikae key remove`

import ArgumentParser
import HikaeCore
import HikaeRepository

struct KeyRemove: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove a password; not the one in use.",
        discussion: """
            EXAMPLE
              hikae key remove 9a8b7c6d
            """)

    @Argument(help: .init("The key's ID or its beginning, from `hikae key list`.", valueName: "id"))
    var id: String

    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        try Session.run(global, lock: .exclusive) { session throws(HikaeError) in
            let removed = try KeyRing(
                repository: session.repository, report: { ErrorDisplay.passing($0, during: "key remove") }
            ).remove(id)
            KeyReport.show("removed", removed, global)
        }
        return .done
    }
}

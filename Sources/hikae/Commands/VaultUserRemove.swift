// `hikae vault user remove`

import ArgumentParser
import HikaeCore
import HikaeServer

struct VaultUserRemove: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Take a user away. What the user stored stays.",
        discussion: """
            EXAMPLE
              hikae vault user remove shop --folder /srv/vault
            """)

    @Argument(help: .init("The user's name.", valueName: "name"))
    var name: String

    @OptionGroup(title: "Which server") var vault: VaultFolderOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        try vault.change { users throws(HikaeError) in try users.remove(name) }
        console.note("removed the user \(name)")
        return .done
    }
}

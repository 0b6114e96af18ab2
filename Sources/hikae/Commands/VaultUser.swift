// `hikae vault user`: the family. Each command stands in its own file.

import ArgumentParser

struct VaultUser: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "Say who may log in to a vault server: add, remove, list.",
        discussion: """
            A server that runs takes over changes within a second. Passwords are kept as scrypt hashes only.
            """,
        subcommands: [VaultUserAdd.self, VaultUserRemove.self, VaultUserList.self])
}

// `hikae vault`: the family. Each command stands in its own file.

import ArgumentParser
import HikaeCore
import HikaeServer

struct Vault: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vault", abstract: "Run a vault server, and look after it.",
        discussion: """
            A vault server takes what restic, rustic and Hikae send it over HTTPS, and lets nobody delete or overwrite \
            any of it over the network. `serve`, `user`, `quota` and `audit` are for the machine that it runs on; `renew` \
            and `undelete` are for vaults in buckets with Object Lock; `init` makes the vaults of a plan; `parity` is for \
            any.
            """,
        subcommands: [
            VaultInit.self, VaultServe.self, VaultUser.self, VaultQuota.self, VaultPeople.self, VaultAudit.self,
            VaultRenew.self, VaultUndelete.self, VaultParity.self,
        ])
}

/// Which vault server's folder a command is about.
struct VaultFolderOptions: ParsableArguments {
    @Option(help: .init("The vault server's folder.", valueName: "directory"))
    var folder: String

    /// Reads the users' file, lets `body` change it, and replaces it.
    func change(_ body: (inout UsersFile) throws(HikaeError) -> Void) throws(HikaeError) {
        try UsersFile.change(folder: folder, body)
    }
}

// `hikae vault user add`

import ArgumentParser
import HikaeCore
import HikaePlan
import HikaeServer

struct VaultUserAdd: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add a user, or give one another password, tenant or role.",
        discussion: """
            A user reaches the repositories of one tenant, /TENANT/…, and no others. Roles: read (restore, check), \
            append (read, and add; what a machine that makes backups gets), maintenance (append, and propose what \
            may go). The password, of at least 8 bytes, is asked for, or read from the first line of standard input.

            EXAMPLES
              hikae vault user add shop --folder /srv/vault --tenant sakura --role append
              hikae vault user add desk --folder /srv/vault --tenant sakura \\
                --role read --password file:/etc/desk
            """)

    @Argument(help: .init("The user's name: lower-case letters, digits, - _ and .", valueName: "name"))
    var name: String

    @OptionGroup(title: "Which server") var vault: VaultFolderOptions

    @Option(help: .init("The tenant that the user belongs to.", valueName: "name"))
    var tenant: String

    @Option(
        help: .init("What the user may do: read, append or maintenance.", valueName: "role"),
        transform: { text in
            guard let role = ServerRole(rawValue: text) else {
                throw ValidationError("\(text) is no role: read, append or maintenance")
            }
            return role
        })
    var role: ServerRole

    @Option(help: .init("Where the password is: file:PATH, env:NAME or command:LINE.", valueName: "reference"))
    var password: String?

    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        let secret = try secret()
        var isNew = true
        try vault.change { users throws(HikaeError) in
            isNew = !users.users.contains { $0.name == name }
            try users.set(name, tenant: tenant, role: role, password: secret, at: SystemClock().now())
        }
        console.note("\(isNew ? "added" : "changed") the user \(name), \(role.rawValue) for \(tenant)")
        return .done
    }

    private func secret() throws(HikaeError) -> Secret {
        guard let password else {
            return Secret(try PasswordPrompt.askNew("enter the user's password: ", again: "enter password again: "))
        }
        let parts = password.split(separator: ":", maxSplits: 1).map(String.init)
        switch (parts.first, parts.last) {
        case ("file", let path?) where parts.count == 2 && !path.isEmpty:
            return try SecretReference.file(path).fetch()
        case ("env", let name?) where parts.count == 2: return try SecretReference.environment(name).fetch()
        case ("command", let line?) where parts.count == 2: return try SecretReference.command(line).fetch()
        default:
            // The text may be the password itself: it is not repeated.
            throw HikaeError(
                .usage, "--password does not say where the password is",
                hint: "Write file:PATH, env:NAME or command:LINE; or leave it out and be asked.")
        }
    }
}

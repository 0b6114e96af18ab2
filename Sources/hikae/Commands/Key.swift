// `hikae key`: the family. Each command stands in its own file.

import ArgumentParser
import HikaeCore
import HikaeRepository

struct Key: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Manage passwords, and people's own keys: list, add, remove, passwd, person.",
        discussion: """
            A repository has one master key; each password opens a key file that holds it. Several people can each \
            have their own password, and one that is lost or known to too many can be removed.
            """,
        subcommands: [KeyList.self, KeyAdd.self, KeyRemove.self, KeyPasswd.self, KeyPerson.self])
}

/// How a new password is given.
struct NewKeyOptions: ParsableArguments {
    @Option(help: .init("Read the new password from a file.", valueName: "file"))
    var newPasswordFile: String?

    @Flag(help: "The new password is empty (insecure).")
    var newInsecureNoPassword = false

    @Option(help: .init("The user name to write into the key file.", valueName: "name"))
    var user: String?

    @Option(help: .init("The host name to write into the key file.", valueName: "name"))
    var host: String?

    var username: String { user ?? ProcessIdentity.current().username }
    var hostname: String { host ?? ProcessIdentity.current().hostname }

    /// The new password, from the file or a person.
    func password() throws(HikaeError) -> [UInt8] {
        if newInsecureNoPassword {
            guard newPasswordFile == nil else {
                throw HikaeError(.usage, "--new-password-file and --new-insecure-no-password cannot be given together")
            }
            return []
        }
        guard let newPasswordFile else {
            return try PasswordPrompt.askNew("enter new password: ", again: "enter password again: ")
        }
        let password = TextFile.trimmed(try TextFile.read(newPasswordFile))
        guard !password.isEmpty else {
            throw HikaeError(
                .usage, "the new password is empty", hint: "If that is meant, say --new-insecure-no-password.")
        }
        return password
    }
}

// `hikae key passwd`

import ArgumentParser
import HikaeCore
import HikaeRepository

struct KeyPasswd: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "passwd", abstract: "Change the password in use.",
        discussion: """
            Adds the new one, tries it, and only then removes the old one.

            EXAMPLE
              hikae key passwd --new-password-file /etc/new-password
            """)

    @OptionGroup(title: "The new key") var new: NewKeyOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        try Session.run(global, lock: .exclusive) { session throws(HikaeError) in
            let password = try new.password()
            let id = try KeyRing(
                repository: session.repository, report: { ErrorDisplay.passing($0, during: "key passwd") }
            ).changePassword(password, username: new.username, hostname: new.hostname)
            KeyReport.show("changed", id, global)
        }
        return .done
    }
}

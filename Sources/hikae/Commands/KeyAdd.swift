// `hikae key add`

import ArgumentParser
import HikaeCore
import HikaeRepository

struct KeyAdd: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add a password.",
        discussion: """
            EXAMPLES
              hikae key add
              hikae key add --new-password-file /etc/second-password --user anna
            """)

    @OptionGroup(title: "The new key") var new: NewKeyOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        try Session.run(global, lock: .shared) { session throws(HikaeError) in
            let password = try new.password()
            try session.lock?.confirm()
            let id = try KeyRing(
                repository: session.repository, report: { ErrorDisplay.passing($0, during: "key add") }
            )
            .add(password: password, username: new.username, hostname: new.hostname)
            KeyReport.show("added", id, global)
        }
        return .done
    }
}

/// What the commands that change keys print at their end.
enum KeyReport {
    static func show(_ action: String, _ id: FileID, _ global: GlobalOptions) {
        if global.json {
            Console.shared.printObject { json in
                json.member("message_type", "summary")
                json.member("action", action)
                json.member("id", id.hex)
            }
        } else {
            Console.shared.note(action == "removed" ? "removed key \(id.hex)" : "saved new key with ID \(id.hex)")
        }
    }
}

// `hikae unlock`

import ArgumentParser
import HikaeCore
import HikaeRepository

struct Unlock: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove locks that runs which died left behind.",
        discussion: """
            A lock is stale when its process is gone from this machine, or when it was not renewed for half an hour. \
            --remove-all removes living locks as well: whoever holds one may then lose work.
            """)

    @Flag(help: "Remove every lock, those of running programs too.")
    var removeAll = false

    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        try Session.run(global, lock: .none) { session throws(HikaeError) in
            let survey = LockSurvey(session.repository)
            let count = try survey.remove(all: removeAll)
            if global.json {
                console.printObject { json in
                    json.member("message_type", "summary")
                    json.member("locks_removed", count)
                }
            } else if count > 0 {
                console.note("successfully removed \(Words.count(count, "lock"))")
            } else {
                let held = try survey.locks().count
                let others = "; \(Words.count(held, "lock")) \(held == 1 ? "is" : "are") held by others"
                console.note("no locks removed" + (held > 0 ? others : ""))
            }
        }
        return .done
    }
}

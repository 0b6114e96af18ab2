// `hikae key list`

import ArgumentParser
import HikaeCore
import HikaeFormat
import HikaeRepository

struct KeyList: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the keys. The one in use is marked with a star.")

    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        var troubles = 0
        try Session.run(global, lock: .reading) { session throws(HikaeError) in
            let tally = ErrorTally(during: "key list")
            let keys = try KeyRing(repository: session.repository, report: { tally.warn($0) }).list()
            show(keys)
            troubles = tally.count
        }
        return troubles > 0 ? .failed : .done
    }

    private func show(_ keys: [KeyEntry]) {
        if global.json {
            console.printJSON { json in
                json.beginArray()
                for key in keys {
                    json.beginObject()
                    json.member("current", key.isCurrent)
                    json.member("id", key.id.hex)
                    json.member("userName", key.username)
                    json.member("hostName", key.hostname)
                    json.member("created", key.created.inLocalZone.display)
                    json.endObject()
                }
                json.endArray()
            }
            return
        }
        var table = Table([" ID", "User", "Host", "Created"])
        for key in keys {
            table.rows.append([
                [(key.isCurrent ? "*" : " ") + key.id.short], [Words.safe(key.username)], [Words.safe(key.hostname)],
                [key.created.inLocalZone.display],
            ])
        }
        for line in table.lines { console.print(line) }
    }
}

// `hikae vault user list`

import ArgumentParser
import HikaeCore
import HikaeFormat
import HikaeServer

struct VaultUserList: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List who may log in, for which tenant, as what.")

    @OptionGroup(title: "Which server") var vault: VaultFolderOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        let file = try UsersFile.load(folder: vault.folder)
        if console.isJSON {
            console.printJSON { json in
                json.beginArray()
                for user in file.users {
                    json.beginObject()
                    json.member("name", user.name)
                    json.member("tenant", user.tenant)
                    json.member("role", user.role.rawValue)
                    json.member("added", (file.added(user.name) ?? .zero).rfc3339)
                    json.endObject()
                }
                json.endArray()
            }
            return .done
        }
        var table = Table(["User", "Tenant", "Role", "Added"])
        for user in file.users {
            table.rows.append([
                [user.name], [user.tenant], [user.role.rawValue],
                [(file.added(user.name) ?? .zero).inLocalZone.display],
            ])
        }
        for line in table.lines { console.print(line) }
        return .done
    }
}

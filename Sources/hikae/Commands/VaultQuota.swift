// `hikae vault quota`

import ArgumentParser
import HikaeCore
import HikaeFormat
import HikaeServer

struct VaultQuota: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "quota", abstract: "Say how much a tenant may hold, or show what each holds.",
        discussion: """
            A tenant that is full can still restore; it can store nothing until its quota is raised, and no other \
            tenant notices. A server that runs takes over changes within a second.

            Without a tenant it shows what every tenant holds and may hold.

            EXAMPLES
              hikae vault quota --folder /srv/vault
              hikae vault quota sakura --folder /srv/vault --bytes 500G --files 1000000
              hikae vault quota sakura --folder /srv/vault --none
            """)

    @Argument(help: .init("The tenant's name.", valueName: "tenant"))
    var tenant: String?

    @OptionGroup(title: "Which server") var vault: VaultFolderOptions

    @Option(help: .init("Bytes in all repositories of the tenant: 500G.", valueName: "size"))
    var bytes: String?

    @Option(help: .init("Files in all repositories of the tenant.", valueName: "count"))
    var files: Int?

    @Flag(help: "No bound.")
    var none = false

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard tenant != nil else {
            if none || bytes != nil || files != nil { throw ValidationError("whose quota? Name the tenant.") }
            return
        }
        if none != (bytes == nil && files == nil) { throw ValidationError("give --bytes, --files or both, or --none") }
        if let files, files < 0 { throw ValidationError("--files must not be negative") }
        if let bytes, ByteCount(bytes) == nil { throw ValidationError("--bytes \(bytes) is no size") }
    }

    func execute() throws(HikaeError) -> ExitStatus {
        guard let tenant else { return try show() }
        let name = try VaultName.check(tenant, "a tenant")
        let quota = TenantQuota(bytes: bytes.flatMap { ByteCount($0)?.bytes }, files: files)
        try vault.change { users throws(HikaeError) in users.quotas[name] = none ? nil : quota }
        console.note("the tenant \(name) has \(none ? "no bound" : "a new bound")")
        return .done
    }

    private func show() throws(HikaeError) -> ExitStatus {
        let tenants = try TenantUsage.all(folder: vault.folder)
        if console.isJSON {
            console.printJSON { json in
                json.beginArray()
                for usage in tenants {
                    json.beginObject()
                    json.member("tenant", usage.tenant)
                    json.member("bytes", usage.bytes)
                    json.member("files", usage.files)
                    if let bytes = usage.quota.bytes { json.member("quota_bytes", bytes) }
                    if let files = usage.quota.files { json.member("quota_files", files) }
                    json.endObject()
                }
                json.endArray()
            }
            return .done
        }
        var table = Table(["Tenant", "Holds", "May hold", "Files", "May have"])
        for usage in tenants {
            table.rows.append([
                [usage.tenant], [ByteCount(usage.bytes).display],
                [usage.quota.bytes.map { ByteCount($0).display } ?? ""], [String(usage.files)],
                [usage.quota.files.map { String($0) } ?? ""],
            ])
        }
        for line in table.lines { console.print(line) }
        return .done
    }
}

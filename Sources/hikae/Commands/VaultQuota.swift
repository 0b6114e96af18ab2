// `hikae vault quota`

import ArgumentParser
import HikaeCore
import HikaeServer

struct VaultQuota: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "quota", abstract: "Say how much a tenant may hold.",
        discussion: """
            A tenant that is full can still restore; it can store nothing until its quota is raised, and no other \
            tenant notices. A server that runs takes over changes within a second.

            EXAMPLES
              hikae vault quota sakura --folder /srv/vault --bytes 500G --files 1000000
              hikae vault quota sakura --folder /srv/vault --none
            """)

    @Argument(help: .init("The tenant's name.", valueName: "tenant"))
    var tenant: String

    @OptionGroup(title: "Which server") var vault: VaultFolderOptions

    @Option(help: .init("Bytes in all repositories of the tenant: 500G.", valueName: "size"))
    var bytes: String?

    @Option(help: .init("Files in all repositories of the tenant.", valueName: "count"))
    var files: Int?

    @Flag(help: "No bound.")
    var none = false

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if none != (bytes == nil && files == nil) { throw ValidationError("give --bytes, --files or both, or --none") }
        if let files, files < 0 { throw ValidationError("--files must not be negative") }
        if let bytes, ByteCount(bytes) == nil { throw ValidationError("--bytes \(bytes) is no size") }
    }

    func execute() throws(HikaeError) -> ExitStatus {
        let name = try VaultName.check(tenant, "a tenant")
        let quota = TenantQuota(bytes: bytes.flatMap { ByteCount($0)?.bytes }, files: files)
        try vault.change { users throws(HikaeError) in users.quotas[name] = none ? nil : quota }
        console.note("the tenant \(name) has \(none ? "no bound" : "a new bound")")
        return .done
    }
}

// A vault server's folder: `users.json`, `audit/`, and a folder a tenant with a folder a repository in it.
// What people name is looked at by `VaultName` before it becomes part of a path.

public import HikaeCore
internal import HikaeStore
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The folder that a vault server keeps everything in.
public final class VaultFolder: Sendable {
    /// Absolute, without a slash at its end.
    public let path: String
    /// Where every request that matters is written down.
    let audit: AuditLog
    /// What every tenant holds and may hold.
    let usage: UsageBook
    let folderSyncs = FolderSyncs()
    let folders = FolderMaking()
    /// What is left free on the disk.
    let room: DiskRoom
    /// What tenants' requests hold in memory.
    let memory: MemoryBudget
    /// Where files are going just now, by agreement.
    let removals = RemovalMarks()

    /// Opens the folder of a server that is about to run. Only one server may: `.locked`.
    init(path: String, audit: AuditLog, usage: UsageBook, limits: ServerLimits) {
        (self.path, self.audit, self.usage) = (path, audit, usage)
        room = DiskRoom(path: path, most: limits.freeBytes)
        memory = MemoryBudget(limit: limits.tenantMemoryBytes)
    }

    /// A tenant's repository, whether it exists or not. Names that are no names: `.usage`.
    public func repository(tenant: String, name: String) throws(HikaeError) -> TenantRepository {
        TenantRepository(
            vault: self, tenant: try VaultName.check(tenant, "a tenant"),
            name: try VaultName.check(name, "a repository"))
    }

    /// Every repository of every tenant.
    public func repositories() throws(HikaeError) -> [TenantRepository] {
        var found: [TenantRepository] = []
        for tenant in try tenants() {
            for name in try SystemFile.names("\(path)/\(tenant)") ?? [] where VaultName.isValid(name) {
                guard try SystemFile.isFolder("\(path)/\(tenant)/\(name)") else { continue }
                found.append(TenantRepository(vault: self, tenant: tenant, name: name))
            }
        }
        return found.sorted { ($0.tenant, $0.name) < ($1.tenant, $1.name) }
    }

    /// Every tenant that has a folder.
    func tenants() throws(HikaeError) -> [String] {
        try VaultFolder.tenants(of: path)
    }

    static func tenants(of path: String) throws(HikaeError) -> [String] {
        var tenants: [String] = []
        for name in try SystemFile.names(path) ?? [] where VaultName.isValid(name) {
            if try SystemFile.isFolder("\(path)/\(name)") { tenants.append(name) }
        }
        return tenants.sorted()
    }
}

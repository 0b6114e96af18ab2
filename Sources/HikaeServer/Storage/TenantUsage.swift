// What tenants hold and may hold, for whoever looks after the vault's machine.

public import HikaeCore

/// What one tenant holds, and what it may hold.
public struct TenantUsage: Sendable, Equatable {
    /// Whose it is.
    public let tenant: String
    /// Bytes in all its repositories, locks apart.
    public let bytes: UInt64
    /// Files in all its repositories, locks apart.
    public let files: Int
    /// What it may hold.
    public let quota: TenantQuota

    /// Every tenant that has a folder, a user or a quota, by name. Counts what stands on the disk.
    public static func all(folder: String) throws(HikaeError) -> [TenantUsage] {
        let users = try UsersFile.load(folder: folder)
        let tallies = try UsageBook(counting: folder).tallies
        let names = Set(tallies.keys).union(users.quotas.keys).union(users.users.map(\.tenant))
        return names.sorted().map { name in
            let tally = tallies[name] ?? UsageBook.Tally()
            return TenantUsage(
                tenant: name, bytes: tally.bytes, files: tally.files, quota: users.quotas[name] ?? TenantQuota())
        }
    }
}

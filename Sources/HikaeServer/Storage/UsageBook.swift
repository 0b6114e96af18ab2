// What every tenant holds, and what it may hold. One that is full harms no other: each has a count of its own.

internal import HikaeCore
internal import HikaeStore
internal import Synchronization

/// What tenants hold, uploads under way included. Locks do not count: a full tenant can still be restored from.
final class UsageBook: Sendable {
    struct Tally: Sendable, Equatable {
        var bytes: UInt64 = 0
        var files = 0
    }

    private struct Pages: Sendable {
        var tallies: [String: Tally] = [:]
        var quotas: [String: TenantQuota] = [:]
    }

    private let pages = Mutex(Pages())

    /// Counts what stands on the disk under `path`.
    init(counting path: String) throws(HikaeError) {
        var tallies: [String: Tally] = [:]
        for tenant in try VaultFolder.tenants(of: path) {
            tallies[tenant] = try Self.count("\(path)/\(tenant)", depth: 0)
        }
        pages.withLock { [tallies] in $0.tallies = tallies }
    }

    /// Takes over what tenants may hold.
    func set(quotas: [String: TenantQuota]) { pages.withLock { $0.quotas = quotas } }

    /// Counts in what is about to be stored; `.quota` when the tenant has no room for it.
    func reserve(_ tenant: String, bytes: UInt64, files: Int) throws(HikaeError) {
        let isFull = pages.withLock { pages in
            var tally = pages.tallies[tenant] ?? Tally()
            tally.bytes += bytes
            tally.files += files
            let quota = pages.quotas[tenant] ?? TenantQuota()
            if let limit = quota.bytes, bytes > 0, tally.bytes > limit { return true }
            if let limit = quota.files, files > 0, tally.files > limit { return true }
            pages.tallies[tenant] = tally
            return false
        }
        guard !isFull else { throw Self.full(tenant) }
    }

    /// Throws `.quota` when the tenant has no room for so many bytes more. Nothing is counted.
    func check(_ tenant: String, bytes: UInt64) throws(HikaeError) {
        let isFull = pages.withLock { pages in
            guard let limit = pages.quotas[tenant]?.bytes, bytes > 0 else { return false }
            return (pages.tallies[tenant]?.bytes ?? 0) + bytes > limit
        }
        guard !isFull else { throw Self.full(tenant) }
    }

    private static func full(_ tenant: String) -> HikaeError {
        HikaeError(.quota, "the tenant \(tenant) has used up its quota")
    }

    /// Counts out what was not stored after all, or was removed.
    func release(_ tenant: String, bytes: UInt64, files: Int) {
        pages.withLock { pages in
            guard var tally = pages.tallies[tenant] else { return }
            tally.bytes -= min(bytes, tally.bytes)
            tally.files = max(0, tally.files - files)
            pages.tallies[tenant] = tally
        }
    }

    /// Every tenant's tally, by name.
    var tallies: [String: Tally] { pages.withLock { $0.tallies } }
    /// Every tenant's quota, by name.
    var quotas: [String: TenantQuota] { pages.withLock { $0.quotas } }

    private static func count(_ path: String, depth: Int) throws(HikaeError) -> Tally {
        var tally = Tally()
        for name in try SystemFile.names(path) ?? [] where !name.hasPrefix(".") && name != "locks" {
            let inner = "\(path)/\(name)"
            if let size = try SystemFile.size(inner) {
                tally.bytes += size
                tally.files += 1
            } else if depth < 4, try SystemFile.isFolder(inner) {
                let below = try count(inner, depth: depth + 1)
                tally.bytes += below.bytes
                tally.files += below.files
            }
        }
        return tally
    }
}

// What requests of a tenant may hold in memory at once beyond the steps that files are moved in: whole bodies of routes, and
// lists of files. One tenant that asks for too much at once waits; no other notices.

internal import Synchronization

/// The memory that tenants' requests hold.
final class MemoryBudget: Sendable {
    private let held = Mutex<[String: Int]>([:])
    private let limit: Int

    /// - Parameter limit: bytes for each tenant.
    init(limit: Int) { self.limit = limit }

    /// A request's share, which grows; given back when it is let go.
    final class Share: Sendable {
        private let budget: MemoryBudget
        private let tenant: String
        private let bytes = Mutex(0)

        fileprivate init(_ budget: MemoryBudget, _ tenant: String) { (self.budget, self.tenant) = (budget, tenant) }

        deinit { budget.give(tenant, bytes.withLock { $0 }) }

        /// Takes more; false when others of the tenant hold too much. What one request alone needs it gets.
        func grow(by count: Int) -> Bool {
            bytes.withLock { bytes in
                guard budget.take(tenant, count, own: bytes) else { return false }
                bytes += count
                return true
            }
        }
    }

    /// A share of nothing yet.
    func share(_ tenant: String) -> Share { Share(self, tenant) }

    private func take(_ tenant: String, _ count: Int, own: Int) -> Bool {
        held.withLock { held in
            let all = held[tenant, default: 0]
            guard all == own || all + count <= limit else { return false }
            held[tenant] = all + count
            return true
        }
    }

    private func give(_ tenant: String, _ count: Int) {
        held.withLock { held in
            let rest = held[tenant, default: 0] - count
            held[tenant] = rest > 0 ? rest : nil
        }
    }
}

// What all vaults of a plan have, looked at before anything is forgotten in one of them: a capture that waits for a
// decision in one vault holds its source in every vault, and what cannot be looked at may be such a one.

public import HikaeCore
public import HikaeGuard
public import HikaePlan
public import HikaeRepository

/// The snapshots of every vault of a plan.
public struct VaultSurvey: Sendable {
    /// By vault, of those that could be read.
    public private(set) var snapshots: [String: [NamedSnapshot]] = [:]
    /// Vaults that could not be read, in the plan's order.
    public private(set) var unread: [(vault: String, error: HikaeError)] = []
    /// Snapshots that could not be read in vaults that could.
    public private(set) var damaged: [(vault: String, snapshot: FileID, error: HikaeError)] = []

    /// Reads the lists of snapshots, without any lock.
    ///
    /// Throws only when it is stopped.
    public init(_ plan: Plan, opener: VaultOpener) throws(HikaeError) {
        for vault in plan.vaults {
            do throws(HikaeError) {
                let open = try opener.open(vault, lock: .none)
                defer { open.close() }
                var damaged: [(vault: String, snapshot: FileID, error: HikaeError)] = []
                snapshots[vault.name] = try open.repository.snapshots { damaged.append((vault.name, $0, $1)) }
                self.damaged += damaged
            } catch {
                if error.code == .cancelled { throw error }
                unread.append((vault.name, error))
            }
        }
    }

    /// What must stay in one vault, whose snapshots were read again under its lock.
    ///
    /// - Parameter isComplete: whether all of them could be read.
    public func holds(in vault: String, _ own: [NamedSnapshot], isComplete: Bool) -> RetentionHolds {
        RetentionHolds(
            own, isComplete: isComplete && damaged.isEmpty,
            elsewhere: snapshots.filter { $0.key != vault }.flatMap(\.value), unread: unread.first?.vault)
    }
}

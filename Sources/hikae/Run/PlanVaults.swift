// A plan's vaults opened to be read: by restores, differences and look-ups.

import HikaeCore
import HikaeOperations
import HikaeRepository

/// The vaults of a plan.
enum PlanVaults {
    /// Opens every vault that can be opened, locked for reading, runs `body`, and gives the locks back.
    static func run<Result>(
        _ session: PlanSession, _ global: GlobalOptions, _ body: ([VaultView]) throws(HikaeError) -> Result
    ) throws(HikaeError) -> Result {
        let opener = VaultOpener(session.plan, options: session.vaults, context: session.context)
        let open = try opener.openAll(lock: global.noLock ? .none : .shared, loadingIndex: true) { _, error in
            Console.shared.warn("warning: \(error.message)")
        }
        defer { for vault in open { vault.close() } }
        var views: [VaultView] = []
        for vault in open {
            let snapshots = try vault.repository.snapshots { id, error in
                Console.shared.warn("warning: snapshot \(id.short) cannot be read: \(error.message)")
            }
            views.append(VaultView(name: vault.name, repository: vault.repository, snapshots: snapshots))
        }
        return try body(views)
    }
}

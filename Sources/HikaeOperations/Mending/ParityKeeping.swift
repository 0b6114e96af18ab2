// Parity by the plan: made for the packs that lack it, straight after a round of captures.

import HikaeCore
import HikaeParity
import HikaePlan
import HikaeRepository

/// Looks after the parity of a plan's vaults.
struct ParityKeeping {
    let plan: Plan
    let context: WorkContext

    /// Makes what is missing in open vaults that are to have parity. They are locked beside others who add, so that
    /// nothing is removed.
    ///
    /// - Parameter failed: told of each vault where it could not be made, and of packs that are damaged already.
    func bring(in vaults: [VaultSession], failed: (String, HikaeError) -> Void) throws(HikaeError) {
        for vault in vaults {
            guard let share = plan.vaults.first(where: { $0.name == vault.name })?.parity else { continue }
            do throws(HikaeError) {
                try vault.confirm()
                let summary = try ParityRound(vault.repository.uncached, cancellation: vault.cancellation)
                    .bring(share: share, removesStale: false)
                guard let pack = summary.rotten.first else { continue }
                throw HikaeError(
                    .damaged, "\(summary.rotten.count) packs are damaged and got no parity: \(pack.hex)",
                    hint: "Run `hikae check --read-data --mend`.")
            } catch {
                let error = vault.explained(error)
                if error.code == .cancelled { throw error }
                failed(
                    vault.name,
                    HikaeError(error.code, "parity of vault \(vault.name): \(error.message)", hint: error.hint))
            }
        }
    }
}

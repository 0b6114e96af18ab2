// At the end of a round of captures: every vault that cannot read what it keeps is told what each snapshot is and needs.

import HikaeAgreement
import HikaeCore
import HikaePlan
import HikaeRepository

extension VaultOpener {
    /// Registers what has not registered yet in the vaults that keep an agreement. A vault that cannot be told now is
    /// told by the next round; until then it keeps what it does not know.
    ///
    /// Throws `.cancelled` only.
    func registerCaptures(
        in sessions: [VaultSession], of plan: Plan, failed: (String, HikaeError) -> Void
    ) throws(HikaeError) {
        for session in sessions {
            guard let vault = plan.vaults.first(where: { $0.name == session.name }) else { continue }
            do throws(HikaeError) {
                guard let client = try agreement(of: vault) else { continue }
                defer { client.close() }
                try LedgerRegistration.registerNew(session.repository, client, failed: { failed(session.name, $0) })
            } catch {
                if error.code == .cancelled { throw error }
                failed(session.name, error)
            }
        }
    }
}

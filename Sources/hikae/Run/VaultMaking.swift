// Making the vaults that a plan names, as the plan says.

import HikaeCore
import HikaeOperations
import HikaePlan
import HikaeRepository
import HikaeStore

/// Makes vaults of a plan.
struct VaultMaking {
    /// What was found or made.
    struct Outcome {
        var location: String
        var isNew: Bool
        /// The file that a new password was written to; nil when there was one.
        var newPasswordFile: String?
    }

    let session: PlanSession
    let opening: OpenOptions

    /// The vaults of these names, or all of them. Throws `.usage` for a name that the plan has not.
    func vaults(named names: [String]) throws(HikaeError) -> [PlanVault] {
        let all = session.plan.vaults
        guard !names.isEmpty else { return all }
        var chosen: [PlanVault] = []
        for name in names {
            guard let vault = all.first(where: { $0.name == name }) else {
                throw HikaeError(
                    .usage, "the plan has no vault \(Words.safe(name))",
                    hint: "It has \(all.map(\.name).joined(separator: ", ")).")
            }
            chosen.append(vault)
        }
        return chosen
    }

    /// Makes one vault, or makes sure that its password opens the one that is there.
    func make(_ vault: PlanVault) throws(HikaeError) -> Outcome {
        do throws(HikaeError) {
            return try attempt(vault)
        } catch {
            throw HikaeError(
                error.code, "vault \(vault.name): \(error.message)", hint: error.hint, isRetryable: error.isRetryable)
        }
    }

    private func attempt(_ vault: PlanVault) throws(HikaeError) -> Outcome {
        let opener = VaultOpener(session.plan, options: session.vaults, context: session.context)
        let store = try opener.store(of: vault)
        var new = NewVault(
            store: store, creation: CreateOptions(), opening: opening,
            hint: "Say in the plan where its password is, or name another place for the vault.")
        if try new.isThere() {
            try new.open(try vault.password.fetch())
            return Outcome(location: store.location, isNew: false)
        }
        let identity = ProcessIdentity.current()
        (new.creation.username, new.creation.hostname) = (identity.username, identity.hostname)
        if let first = cutting(besides: vault, opener) { new.creation.chunking = .sameAs(first.config) }
        guard case .file(let file) = vault.password, !NewFile.exists(file) else {
            try new.make(try vault.password.fetch())
            return Outcome(location: store.location, isNew: true)
        }
        try new.make(try NewVault.password(in: file))
        return Outcome(location: store.location, isNew: true, newPasswordFile: file)
    }

    /// The first of the plan's other vaults that opens: files are to be cut as there.
    private func cutting(besides vault: PlanVault, _ opener: VaultOpener) -> Repository? {
        for other in session.plan.vaults where other.name != vault.name {
            if let open = try? opener.open(other, lock: .none) { return open.repository }
        }
        return nil
    }
}

// A vault that is to be made where there may be one already. What is there is never made anew, and never taken for
// made unless the password opens it.

import HikaeCore
import HikaeFormat
import HikaePlan
import HikaeRepository
import HikaeStore

/// The place of a vault, and how it is made.
struct NewVault {
    let store: any ObjectStore
    var creation: CreateOptions
    let opening: OpenOptions
    /// What to do about a repository that is there with another password.
    let hint: String

    /// Whether a repository is there; a place that does not exist has none. Throws `.refused` for a folder of this
    /// machine that holds anything else.
    func isThere() throws(HikaeError) -> Bool {
        do throws(HikaeError) {
            if try store.exists(StoredFile.config) { return true }
        } catch {
            guard error.code == .noRepository || error.code == .notFound else { throw error }
        }
        if !store.traits.isRemote { try NewPlace.check(store.location) }
        return false
    }

    /// Makes the vault.
    @discardableResult
    func make(_ password: Secret) throws(HikaeError) -> Repository {
        try Repository.create(store, password: password.bytes, options: creation, opening: opening)
    }

    /// Makes sure that the password opens the vault that is there.
    func open(_ password: Secret) throws(HikaeError) {
        do throws(HikaeError) {
            _ = try Repository.open(store, password: password.bytes, options: opening)
        } catch {
            guard error.code == .wrongPassword else { throw error }
            throw HikaeError(
                .wrongPassword, "there is a repository at \(store.location) already, and the password does not open it",
                hint: hint)
        }
    }

    /// The password in the file; a new one, written to it, where the file is not there.
    static func password(in file: String) throws(HikaeError) -> Secret {
        if NewFile.exists(file) { return try SecretReference.file(file).fetch() }
        let password = GeneratedPassword.make()
        try NewFile.make(file, password.bytes + Array("\n".utf8), mode: 0o600)
        return password
    }
}

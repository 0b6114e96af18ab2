// Repositories from which files are going just now. Nobody takes a lock there meanwhile, so nobody begins to rely on
// what will be gone a moment later.

internal import HikaeCore
internal import Synchronization

/// The marks of one server.
final class RemovalMarks: Sendable {
    private let addresses = Mutex<Set<String>>([])

    /// Begins.
    func set(_ repository: TenantRepository) { addresses.withLock { _ = $0.insert(repository.address) } }

    /// Ends.
    func clear(_ repository: TenantRepository) { addresses.withLock { _ = $0.remove(repository.address) } }

    /// Throws `.locked` while files of the repository are going.
    func check(_ repository: TenantRepository) throws(HikaeError) {
        guard addresses.withLock({ $0.contains(repository.address) }) else { return }
        throw HikaeError(.locked, "files are being removed from the repository by agreement: try again in a minute")
    }
}

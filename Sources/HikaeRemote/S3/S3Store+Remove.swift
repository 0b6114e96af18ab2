// How a file leaves a repository in a bucket. In a bucket that keeps versions only a mark is laid over it, and the lock of
// what lies below stays; only the repository's own locks, which are nobody's loss, go for good.

public import HikaeCore
import HikaeS3
public import HikaeStore

extension S3Store {
    /// Removes a file. S3 answers the same whether there was one or not, so it is looked for first, unless it is a lock
    /// that was saved here.
    public func remove(_ file: StoredFile) throws(HikaeError) {
        let key = key(file)
        do throws(HikaeError) {
            if file.kind == .lock, let id = file.id, let own = takeLock(id), own.version == nil {
                return try client.delete(key)
            }
            guard let facts = try client.facts(key) else { throw HikaeError(.notFound, "") }
            if file.kind == .lock, let version = facts.version, try removeVersions(key, version) { return }
            try client.delete(key)
        } catch {
            throw missing(file, error)
        }
    }

    /// Removes the newest version for good, and those that come to light below it. False when that is not allowed.
    private func removeVersions(_ key: [UInt8], _ newest: String) throws(HikaeError) -> Bool {
        var version = newest
        for _ in 0..<16 {
            do throws(HikaeError) {
                try client.delete(key, version: version)
            } catch {
                guard error.code == .accessDenied else { throw error }
                return false
            }
            guard let next = try client.facts(key)?.version else { return true }
            version = next
        }
        return false
    }
}

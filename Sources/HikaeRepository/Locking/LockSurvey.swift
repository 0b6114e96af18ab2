// Looking at the locks that are there: whose they are, whether they are alive, whether they stand in the way.

public import HikaeCore
public import HikaeFormat
import HikaeStore

/// A lock as found; nil content when it cannot be read.
public struct FoundLock: Sendable {
    public let id: FileID
    public let lock: LockFile?
    /// Whether its holder is certainly gone or it is older than half an hour.
    public let isStale: Bool
}

/// The locks of a repository.
public struct LockSurvey {
    private let repository: Repository

    public init(_ repository: Repository) { self.repository = repository }

    /// All locks there are now.
    public func locks() throws(HikaeError) -> [FoundLock] { try locks(except: nil) }

    /// All locks but one, which is not even read.
    private func locks(except own: FileID?) throws(HikaeError) -> [FoundLock] {
        var found: [FoundLock] = []
        for file in try repository.list(.lock) where file.id != own {
            do throws(HikaeError) {
                let lock = try LockFile(decoding: repository.loadUnpacked(StoredFile(.lock, file.id)))
                found.append(FoundLock(id: file.id, lock: lock, isStale: isStale(lock)))
            } catch {
                if error.code == .notFound { continue }
                if error.code == .inputOutput { throw error }
                found.append(FoundLock(id: file.id, lock: nil, isStale: false))
            }
        }
        return found
    }

    /// Removes stale locks, or with `all` every lock. Returns how many went.
    public func remove(all: Bool) throws(HikaeError) -> Int {
        var count = 0
        for found in try locks() where all || found.isStale {
            try repository.removeFile(.lock, found.id)
            count += 1
        }
        return count
    }

    /// Throws `.locked` when a lock forbids ours. Locks of our own, made here by processes that are dead, are removed.
    func check(exclusive: Bool, except own: FileID?, removesDead: Bool) throws(HikaeError) {
        for found in try locks(except: own) {
            let ours = OwnLocks(repository)
            if let lock = found.lock, removesDead, isHolderDead(lock), ours.madeHere(found.id) {
                try ours.remove(found.id)
                continue
            }
            guard exclusive || found.lock?.exclusive == true else { continue }
            throw blocked(found)
        }
    }

    private func blocked(_ found: FoundLock) -> HikaeError {
        guard let lock = found.lock else {
            return HikaeError(
                .locked, "the repository has a lock, \(found.id.short), that cannot be read",
                hint: "If nobody is at work there, run `hikae unlock --remove-all`.")
        }
        let how = lock.exclusive ? "exclusively locked" : "locked"
        return HikaeError(
            .locked,
            "the repository is \(how) by process \(lock.pid) on \(lock.hostname) (user \(lock.username)) since "
                + "\(lock.time.display)",
            hint: found.isStale
                ? "That lock is stale: `hikae unlock` removes it."
                : "Wait for it to end, or use --retry-lock; `hikae unlock` removes locks whose process is gone.")
    }

    private func isStale(_ lock: LockFile) -> Bool {
        let age = repository.clock.now().seconds - lock.time.seconds
        return Double(age) > LockTiming.stale || isHolderDead(lock)
    }

    private func isHolderDead(_ lock: LockFile) -> Bool {
        let here = ProcessIdentity.current()
        guard !here.hostname.isEmpty, lock.hostname == here.hostname else { return false }
        return !ProcessIdentity.exists(pid: Int(lock.pid))
    }
}

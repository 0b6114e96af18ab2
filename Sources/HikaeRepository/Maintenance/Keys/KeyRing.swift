// The key files of a repository: who may open it. Never removes the key that the caller came in with.

public import HikaeCore
public import HikaeFormat
import HikaeStore

/// One key of a repository.
public struct KeyEntry: Sendable, Equatable {
    public let id: FileID
    /// Whether the repository was opened with it.
    public let isCurrent: Bool
    public let username: String
    public let hostname: String
    public let created: Timestamp
}

/// Lists and changes the keys. Needs a lock: exclusive to remove and to change the password.
public struct KeyRing: Sendable {
    private let repository: Repository
    private let report: @Sendable (HikaeError) -> Void

    /// - Parameter report: told of key files that cannot be read.
    public init(repository: Repository, report: @escaping @Sendable (HikaeError) -> Void = { _ in }) {
        self.repository = repository
        self.report = report
    }

    /// All keys, oldest first.
    public func list() throws(HikaeError) -> [KeyEntry] {
        var entries: [KeyEntry] = []
        for info in try repository.store.list(.key) {
            do throws(HikaeError) {
                let key = try KeyFile(decoding: try repository.store.load(StoredFile(.key, info.id)))
                entries.append(
                    KeyEntry(
                        id: info.id, isCurrent: info.id == repository.keyID, username: key.username,
                        hostname: key.hostname, created: key.created))
            } catch {
                report(HikaeError(.damaged, "the key \(info.id.short) cannot be read: \(error.message)"))
            }
        }
        return entries.sorted { ($0.created, $0.id) < ($1.created, $1.id) }
    }

    /// Adds a key for `password`. It was opened once by the time this returns.
    public func add(
        password: [UInt8], username: String, hostname: String, parameters: ScryptParameters = .standard
    ) throws(HikaeError) -> FileID {
        let key = try KeyFile.create(
            master: repository.key, password: password, username: username, hostname: hostname,
            created: repository.clock.now(), parameters: parameters)
        let bytes = key.encoded()
        let id = Digest.fileID(bytes)
        let file = StoredFile(.key, id)
        try repository.store.save(file, bytes)
        // A key that does not open would be found out when it is the last one.
        do throws(HikaeError) {
            let master = try KeyFile(decoding: try repository.store.load(file)).unlock(password: password)
            _ = try master.open(try repository.store.load(StoredFile.config))
        } catch {
            try? repository.removeFile(.key, id)
            throw HikaeError(.damaged, "the new key does not open the repository: \(error.message)")
        }
        try repository.store.flush()
        return id
    }

    /// Removes the key whose ID begins with `prefix`. Throws `.refused` for the one in use.
    @discardableResult
    public func remove(_ prefix: String) throws(HikaeError) -> FileID {
        let id = try repository.find(.key, prefix: prefix)
        guard id != repository.keyID else {
            throw HikaeError(
                .refused, "refusing to remove key currently used to access repository",
                hint: "Open the repository with another password to remove this key.")
        }
        guard try repository.store.exists(StoredFile(.key, id)) else {
            throw HikaeError(.notFound, "there is no key \(id.short)")
        }
        try repository.removeFile(.key, id)
        try repository.store.flush()
        return id
    }

    /// Replaces the key in use by one for `password`; the old one goes when the new one is known to open.
    public func changePassword(
        _ password: [UInt8], username: String, hostname: String, parameters: ScryptParameters = .standard
    ) throws(HikaeError) -> FileID {
        let id = try add(password: password, username: username, hostname: hostname, parameters: parameters)
        try repository.removeFile(.key, repository.keyID)
        try repository.store.flush()
        return id
    }
}

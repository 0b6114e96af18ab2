// One repository of a tenant on a vault server. Only the server itself removes anything here, and says so in the log.

public import HikaeCore
public import HikaeStore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A repository of a tenant, which may not exist yet.
public struct TenantRepository: Sendable {
    let vault: VaultFolder
    /// Whose it is.
    public let tenant: String
    /// What it is called.
    public let name: String

    /// Its folder.
    public var folder: String { "\(vault.path)/\(tenant)/\(name)" }

    /// Its address on the server, without a slash at its end.
    public var address: String { "/\(tenant)/\(name)" }

    /// Where a file of it stands.
    func path(_ file: StoredFile) -> String { "\(folder)/\(file.path)" }

    /// Whether there is such a repository: laid out, and with a config.
    public func exists() throws(HikaeError) -> Bool { try SystemFile.size("\(folder)/config") != nil }

    /// The repository as a store of this machine. What is saved through it counts in no quota and stands in no log.
    public var store: LocalStore { LocalStore(path: folder) }

    /// Lays the repository out, durable on return; no error when that was done before.
    func create(limit: Int) throws(HikaeError) {
        let above = "\(vault.path)/\(tenant)"
        try vault.folders.make([tenant], in: vault.path)
        if try SystemFile.kind(folder) == nil {
            let there = (try SystemFile.names(above) ?? []).filter { VaultName.isValid($0) }.count
            guard there < limit else {
                throw HikaeError(.quota, "the tenant \(tenant) has \(there) repositories already")
            }
        }
        try vault.folders.make([name], in: above)
        try vault.folders.make(FileKind.standard.map(\.folder).filter { !$0.isEmpty }, in: folder)
        try vault.folders.make((0..<256).map { Hex.encode([UInt8($0)]) }, in: "\(folder)/data")
    }

    /// Makes the folder that a file stands in, if it is missing; never the repository's own.
    func makeFolder(of file: StoredFile) throws(HikaeError) {
        guard try SystemFile.isFolder(folder) else {
            throw HikaeError(.notFound, "there is no repository at \(address)")
        }
        var above = vault.path
        for part in [tenant, name] + file.path.split(separator: "/").dropLast().map(String.init) {
            try vault.folders.make([part], in: above)
            above += "/\(part)"
        }
    }

    /// Names and sizes of a kind of file, in no order; names that are no IDs are left out.
    func list(_ kind: FileKind) throws(HikaeError) -> [StoredFileInfo] {
        let top = "\(folder)/\(kind.folder)"
        guard let names = try SystemFile.names(top) else {
            guard try SystemFile.isFolder(folder) else {
                throw HikaeError(.notFound, "there is no repository at \(address)")
            }
            return []
        }
        guard kind == .pack else { return try infos(top, names) }
        var found: [StoredFileInfo] = []
        for name in names where name.utf8.count == 2 {
            found += try infos("\(top)/\(name)", try SystemFile.names("\(top)/\(name)") ?? [])
        }
        return found
    }

    private func infos(_ folder: String, _ names: [String]) throws(HikaeError) -> [StoredFileInfo] {
        var found: [StoredFileInfo] = []
        for name in names {
            guard let id = FileID(hex: name), id.hex == name, let size = try SystemFile.size("\(folder)/\(name)") else {
                continue
            }
            found.append(StoredFileInfo(id: id, size: size))
        }
        return found
    }

    /// Removes files of the repository, for the server itself; what is not there is passed over. Durable on return.
    ///
    /// Before anything goes, the log says durably what and why; when the log cannot be written, nothing goes.
    /// - Parameters:
    ///   - files: in the order in which they are to go.
    ///   - reason: for the log, in words: "proposal 0123, approved by …".
    /// - Returns: how many were there, and their bytes.
    @discardableResult
    public func remove(_ files: [StoredFile], reason: String) throws(HikaeError) -> (files: Int, bytes: UInt64) {
        var folders: Set<String> = []
        var removed = (files: 0, bytes: UInt64(0))
        // In parts: on a full disk, the room that is kept free must be enough for the lines until the first files are gone.
        for start in stride(from: 0, to: files.count, by: Self.removalStep) {
            var there: [(file: StoredFile, size: UInt64)] = []
            for file in files[start..<min(start + Self.removalStep, files.count)] {
                if let size = try SystemFile.size(path(file)) { there.append((file, size)) }
            }
            for (index, entry) in there.enumerated() {
                var event = AuditEvent("REMOVE", "\(address)/\(entry.file.path)")
                event.bytes = entry.size
                event.note = reason
                try vault.audit.append(event, durable: index == there.count - 1)
            }
            for (file, size) in there {
                try unlinkFile(file)
                folders.insert(SystemFile.parent(path(file)))
                removed.files += 1
                removed.bytes += size
                if file.kind != .lock { vault.usage.release(tenant, bytes: size, files: 1) }
            }
        }
        for folder in folders.sorted() { try vault.folderSyncs.sync(folder) }
        return removed
    }

    /// Files whose lines are written to the log before the first of them goes.
    private static let removalStep = 1000

    /// Removes a lock, durable on return; no error when it is gone.
    func removeLock(_ id: FileID) throws(HikaeError) {
        let file = StoredFile(.lock, id)
        try unlinkFile(file)
        try vault.folderSyncs.sync(SystemFile.parent(path(file)))
    }

    private func unlinkFile(_ file: StoredFile) throws(HikaeError) {
        guard unlink(path(file)) == 0 || errno == ENOENT else { throw .system("remove", path(file)) }
    }

    /// Writes down in the audit log what happened to this repository; durable on return.
    public func note(_ text: String, user: String = "", address from: String = "") throws(HikaeError) {
        try vault.audit.append(noted(text, user, from), durable: true)
    }

    /// Writes down that something was refused, unless the user is refused too often.
    func noteRefusal(_ text: String, user: String, address from: String) {
        vault.audit.appendRefusal(noted(text, user, from))
    }

    /// Writes down what went wrong, where the log can be written.
    func noteIfPossible(_ text: String) { vault.audit.appendIfPossible(noted(text, "", "")) }

    private func noted(_ text: String, _ user: String, _ from: String) -> AuditEvent {
        var event = AuditEvent("NOTE", address)
        (event.note, event.user, event.address) = (text, user, from)
        return event
    }
}

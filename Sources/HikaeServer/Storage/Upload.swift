// One file on its way into a repository: hashed while it comes, kept under a name that means nothing until it is whole,
// verified and on the disk. What is there is never written over, save a file whose bytes are no longer its name.

internal import Crypto
internal import HikaeCore
internal import HikaeStore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// An upload. `begin`, `take` any number of times, then `finish` or `abandon`; all of them block.
///
/// `@unchecked Sendable` is sound because one request owns it and awaits each call before it makes the next.
final class Upload: @unchecked Sendable {
    /// How an upload ended well.
    enum Outcome: Equatable {
        /// It is there now.
        case stored
        /// It was there before, byte for byte.
        case known
        /// It was there before, but no longer what its name says; it is now.
        case mended
    }

    private let repository: TenantRepository
    private let file: StoredFile
    private let limit: Int
    private let path: String
    private let temporary: String
    private var descriptor: Int32 = -1
    private var hasher = SHA256()
    /// Bytes that have come.
    private(set) var bytes: UInt64 = 0
    private var reserved: UInt64 = 0
    private var reservedFiles = 0
    /// The hash of the file that stands there already; nil when there is none.
    private var there: FileID?

    /// - Parameter limit: the most bytes that the file may have.
    init(_ file: StoredFile, in repository: TenantRepository, limit: Int) {
        (self.file, self.repository, self.limit) = (file, repository, limit)
        path = repository.path(file)
        temporary =
            "\(Self.folder(repository))/\(file.id?.hex ?? "config")-\(UInt64.random(in: 0...UInt64.max))"
    }

    /// Where a tenant's uploads are until they are whole.
    private static func folder(_ repository: TenantRepository) -> String {
        "\(repository.vault.path)/\(repository.tenant)/.incoming"
    }

    /// Removes what a crash has left of uploads.
    static func sweep(vault: String) throws(HikaeError) {
        for tenant in try VaultFolder.tenants(of: vault) {
            let folder = "\(vault)/\(tenant)/.incoming"
            for name in try SystemFile.names(folder) ?? [] { _ = unlink("\(folder)/\(name)") }
        }
    }

    /// Whether the file's name must be the hash of its bytes.
    private var isNamedByHash: Bool { file.kind != .config && file.kind != .parity }

    /// Whether it is a lock, which stays for a while only.
    var isLock: Bool { file.kind == .lock }

    /// Locks do not count: who is full must still be able to restore.
    private var counts: Bool { !isLock }

    /// Makes ready. `.notFound` when there is no such repository, `.locked`, `.quota` or `.noSpace` when nothing can be taken.
    ///
    /// - Parameter announced: bytes that are to come, when that is known: what there will be no room for is refused now.
    func begin(_ limits: ServerLimits, announced: UInt64? = nil) throws(HikaeError) {
        try repository.makeFolder(of: file)
        if isLock { try repository.vault.removals.check(repository) }
        if try SystemFile.kind(path) != nil {
            there = try Self.hash(of: path)
            // A file that is what it must be needs no second copy, only a comparison.
            if !isNamedByHash || there == file.id { return }
        }
        if there == nil {
            if isLock { try checkNumber(limits.locks) }
            if file.kind == .key { try checkNumber(limits.keys) }
        }
        try repository.vault.room.check(forLock: !counts)
        if counts {
            if let announced { try repository.vault.usage.check(repository.tenant, bytes: announced) }
            try repository.vault.usage.reserve(repository.tenant, bytes: 0, files: 1)
            reservedFiles = 1
        }
        try SystemFile.makeFolder(Self.folder(repository), mode: 0o700)
        descriptor = try SystemFile.createNew(temporary)
    }

    private func checkNumber(_ limit: Int) throws(HikaeError) {
        let number = try SystemFile.names(SystemFile.parent(path))?.count ?? 0
        guard number < limit else {
            throw HikaeError(.quota, "the repository has \(number) \(file.kind.rawValue) files already")
        }
    }

    /// Takes the next bytes. `.limit` when there are too many, `.quota` or `.noSpace` when there is no room for them.
    func take(_ part: UnsafeRawBufferPointer) throws(HikaeError) {
        bytes += UInt64(part.count)
        guard bytes <= UInt64(limit) else { throw HikaeError(.limit, "the \(file.kind.rawValue) is too large") }
        hasher.update(bufferPointer: part)
        guard descriptor >= 0 else { return }
        if counts {
            try repository.vault.usage.reserve(repository.tenant, bytes: UInt64(part.count), files: 0)
            reserved += UInt64(part.count)
        }
        try repository.vault.room.check(forLock: !counts)
        try SystemFile.write(part, to: descriptor, temporary)
    }

    /// Verifies the file and gives it its name; durable on return. `.damaged` when it is not what its name says,
    /// `.refused` when another content stands there.
    func finish() throws(HikaeError) -> Outcome {
        let hash = hasher.finalize().withUnsafeBytes { FileID($0) }
        if isNamedByHash, hash != file.id {
            throw HikaeError(.damaged, "what was sent as \(file) has the hash \(hash.hex)")
        }
        guard descriptor >= 0 else {
            guard hash == there else { throw occupied }
            // Whoever stored it may have died before its name was durable.
            try repository.vault.folderSyncs.sync(SystemFile.parent(path))
            return .known
        }
        let written = descriptor
        descriptor = -1
        try SystemFile.finish(written, mode: 0o400, path: temporary)
        let outcome = try give(hash)
        if isLock { try withdrawIfRemoving() }
        try repository.vault.folderSyncs.sync(SystemFile.parent(path))
        // What was there before is counted already.
        if outcome != .stored { release() }
        (reserved, reservedFiles) = (0, 0)
        return outcome
    }

    /// Takes a lock away again when files have begun to go since it was begun. Who removes marks the repository first and
    /// looks for locks then, so one of the two always sees the other.
    private func withdrawIfRemoving() throws(HikaeError) {
        do throws(HikaeError) {
            try repository.vault.removals.check(repository)
        } catch {
            _ = unlink(path)
            throw error
        }
    }

    /// Gives up: nothing is left of it.
    func abandon() {
        if descriptor >= 0 { SystemFile.close(descriptor) }
        descriptor = -1
        _ = unlink(temporary)
        release()
    }

    private func release() {
        repository.vault.usage.release(repository.tenant, bytes: reserved, files: reservedFiles)
        (reserved, reservedFiles) = (0, 0)
    }

    private var occupied: HikaeError {
        HikaeError(.refused, "there is another \(file) already, and nothing here is written over")
    }

    /// Gives the temporary file its name.
    private func give(_ hash: FileID) throws(HikaeError) -> Outcome {
        if there != nil {
            guard rename(temporary, path) == 0 else { throw .system("rename", temporary) }
            return .mended
        }
        // link(2) never replaces a name; filesystems without hard links fall back to looking first.
        if link(temporary, path) == 0 {
            _ = unlink(temporary)
            return .stored
        }
        let number = errno
        if number == EEXIST {
            // Somebody else was faster.
            guard try Self.hash(of: path) == hash else { throw occupied }
            _ = unlink(temporary)
            return .known
        }
        guard number == EPERM || number == ENOTSUP || number == EMLINK else {
            throw .system("name", path, errno: number)
        }
        guard try SystemFile.kind(path) == nil else { throw occupied }
        guard rename(temporary, path) == 0 else { throw .system("rename", temporary) }
        return .stored
    }

    private static func hash(of path: String) throws(HikaeError) -> FileID {
        let file = try SystemFile.open(path)
        defer { file.close() }
        var hasher = SHA256()
        var offset: UInt64 = 0
        while true {
            let part = try file.read(at: offset, count: 1 << 20)
            part.withUnsafeBytes { hasher.update(bufferPointer: $0) }
            offset += UInt64(part.count)
            if part.count < 1 << 20 { break }
        }
        return hasher.finalize().withUnsafeBytes { FileID($0) }
    }
}

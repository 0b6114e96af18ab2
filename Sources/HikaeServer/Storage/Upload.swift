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
            for name in try Disk.names(folder) ?? [] { _ = unlink("\(folder)/\(name)") }
        }
    }

    /// Whether the file's name must be the hash of its bytes.
    private var isNamedByHash: Bool { file.kind != .config && file.kind != .parity }

    /// Locks do not count: who is full must still be able to restore.
    private var counts: Bool { file.kind != .lock }

    /// Makes ready. `.notFound` when there is no such repository.
    func begin(maximumLocks: Int) throws(HikaeError) {
        try repository.makeFolder(of: file)
        if file.kind == .lock {
            try repository.vault.removals.check(repository)
            let locks = try Disk.names("\(repository.folder)/locks")?.count ?? 0
            guard locks < maximumLocks else { throw HikaeError(.quota, "the repository has \(locks) locks already") }
        }
        if try Disk.kind(path) != nil {
            there = try Self.hash(of: path)
            // A file that is what it must be needs no second copy, only a comparison.
            if !isNamedByHash || there == file.id { return }
        }
        if counts {
            try repository.vault.usage.reserve(repository.tenant, bytes: 0, files: 1)
            reservedFiles = 1
        }
        try Disk.makeFolder(Self.folder(repository))
        descriptor = try Disk.createNew(temporary)
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
        try Disk.write(part, to: descriptor, temporary)
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
            try repository.vault.folderSyncs.sync(Disk.parent(path))
            return .known
        }
        _ = fchmod(descriptor, 0o400)
        try Disk.sync(descriptor, temporary)
        let closed = close(descriptor)
        descriptor = -1
        // Some network filesystems report a full disk only here.
        guard closed == 0 || errno == EINTR else { throw .system("close", temporary) }
        let outcome = try give(hash)
        try repository.vault.folderSyncs.sync(Disk.parent(path))
        // What was there before is counted already.
        if outcome != .stored { release() }
        (reserved, reservedFiles) = (0, 0)
        return outcome
    }

    /// Gives up: nothing is left of it.
    func abandon() {
        if descriptor >= 0 { Disk.close(descriptor) }
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
        guard try Disk.kind(path) == nil else { throw occupied }
        guard rename(temporary, path) == 0 else { throw .system("rename", temporary) }
        return .stored
    }

    private static func hash(of path: String) throws(HikaeError) -> FileID {
        let (descriptor, _) = try Disk.openRegular(path)
        defer { Disk.close(descriptor) }
        var hasher = SHA256()
        var offset: UInt64 = 0
        while true {
            let part = try Disk.read(descriptor, at: offset, count: 1 << 20, path)
            part.withUnsafeBytes { hasher.update(bufferPointer: $0) }
            offset += UInt64(part.count)
            if part.count < 1 << 20 { break }
        }
        return hasher.finalize().withUnsafeBytes { FileID($0) }
    }
}

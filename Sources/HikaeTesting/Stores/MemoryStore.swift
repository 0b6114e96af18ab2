// A repository in memory, which forgets on a power cut exactly what the protocol allows a store to forget.

internal import Crypto
public import HikaeCore
public import HikaeStore
internal import Synchronization

/// A store in memory. Keeps every promise of ``ObjectStore``, and no more: see ``afterPowerCut(using:)``.
public final class MemoryStore: ObjectStore {
    private let state: Mutex<State>

    private struct State {
        var isCreated = false
        var files: [StoredFile: [UInt8]] = [:]
        /// Packs saved since the last flush: a power cut may take them.
        var unflushed: Set<StoredFile> = []
        /// Packs removed since the last flush: a power cut may bring them back.
        var removed: [StoredFile: [UInt8]] = [:]
    }

    /// A place without a repository, until `create()`.
    public init() { state = Mutex(State()) }

    private init(_ state: State) { self.state = Mutex(state) }

    /// The place, as people are to see it.
    public var location: String { "memory" }

    /// Lays out an empty repository.
    public func create() throws(HikaeError) {
        let exists = state.withLock { state in
            state.isCreated = true
            return state.files[.config] != nil
        }
        if exists { throw HikaeError(.repositoryExists, "there is a repository in memory already") }
    }

    /// Stores a file, whole or not at all.
    public func save(_ file: StoredFile, _ content: UnsafeRawBufferPointer) throws(HikaeError) {
        let bytes = Array(content)
        let failure: HikaeError? = state.withLock { state in
            guard state.isCreated else { return HikaeError(.noRepository, "there is no repository in memory") }
            if file == .config, state.files[file] != nil {
                return HikaeError(.repositoryExists, "there is a repository in memory already")
            }
            if file.kind == .pack, state.files[file] == nil { state.unflushed.insert(file) }
            state.files[file] = bytes
            return nil
        }
        if let failure { throw failure }
    }

    /// The bytes of a file, or of a range of it.
    public func load(_ file: StoredFile, range: Range<UInt64>?) throws(HikaeError) -> [UInt8] {
        let content = try content(file)
        guard let range else { return content }
        guard range.upperBound <= UInt64(content.count) else { throw shorter(file) }
        return Array(content[Int(range.lowerBound)..<Int(range.upperBound)])
    }

    /// Fills a buffer from a file.
    public func read(
        _ file: StoredFile, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(HikaeError) {
        let content = try content(file)
        guard offset <= UInt64(content.count), buffer.count <= content.count - Int(offset) else { throw shorter(file) }
        buffer.copyBytes(from: content[Int(offset)..<Int(offset) + buffer.count])
    }

    /// The length of a file in bytes.
    public func size(_ file: StoredFile) throws(HikaeError) -> UInt64 { UInt64(try content(file).count) }

    /// All files of a kind.
    public func list(_ kind: FileKind) throws(HikaeError) -> [StoredFileInfo] {
        let listing: [StoredFileInfo]? = state.withLock { state in
            guard state.isCreated else { return nil }
            return state.files.compactMap { file, content in
                guard file.kind == kind, let id = file.id else { return nil }
                return StoredFileInfo(id: id, size: UInt64(content.count))
            }
        }
        guard let listing else { throw HikaeError(.noRepository, "there is no repository in memory") }
        return listing
    }

    /// Removes a file.
    public func remove(_ file: StoredFile) throws(HikaeError) {
        let removed = state.withLock { state in
            guard let content = state.files.removeValue(forKey: file) else { return false }
            if file.kind == .pack, state.unflushed.remove(file) == nil { state.removed[file] = content }
            return true
        }
        if !removed { throw HikaeError(.notFound, "there is no \(file) in memory") }
    }

    /// Makes all changes so far durable.
    public func flush() throws(HikaeError) {
        state.withLock { ($0.unflushed, $0.removed) = ([], [:]) }
    }

    private func content(_ file: StoredFile) throws(HikaeError) -> [UInt8] {
        let (isCreated, content) = state.withLock { ($0.isCreated, $0.files[file]) }
        if let content { return content }
        if !isCreated { throw HikaeError(.noRepository, "there is no repository in memory") }
        throw HikaeError(.notFound, "there is no \(file) in memory")
    }

    private func shorter(_ file: StoredFile) -> HikaeError {
        HikaeError(.damaged, "\(file) in memory is damaged: it is shorter than expected")
    }
}

extension MemoryStore {
    /// What a power cut now would leave: of the packs saved since the last flush each is lost or kept by chance, and
    /// of those removed each gone or back.
    public func afterPowerCut(using generator: inout some RandomNumberGenerator) -> MemoryStore {
        var left = state.withLock { $0 }
        for file in left.unflushed.sorted(by: { $0.path < $1.path }) where Bool.random(using: &generator) {
            left.files[file] = nil
        }
        for (file, content) in left.removed.sorted(by: { $0.key.path < $1.key.path })
        where Bool.random(using: &generator) { left.files[file] = content }
        (left.unflushed, left.removed) = ([], [:])
        return MemoryStore(left)
    }

    /// A copy of everything, for comparing or for starting over from.
    public func copy() -> MemoryStore { MemoryStore(state.withLock { $0 }) }

    /// All files and their bytes.
    public var files: [StoredFile: [UInt8]] { state.withLock { $0.files } }

    /// Replaces a file's bytes behind the repository's back; nil removes it.
    public func damage(_ file: StoredFile, with content: [UInt8]?) { state.withLock { $0.files[file] = content } }
}

extension FileID {
    /// The SHA-256 of some bytes: what a repository's file is named by.
    public static func named(by content: [UInt8]) -> FileID {
        SHA256.hash(data: content).withUnsafeBytes { FileID($0) }
    }
}

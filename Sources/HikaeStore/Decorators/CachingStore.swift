// A local copy of what is read again and again: snapshots, indexes and the packs that hold trees. Never an authority:
// what the store itself lists is what there is, and a cached file counts only if it hashes to its own name.

public import HikaeCore
internal import Synchronization

/// Keeps copies of small, often read files of a slow store in a local folder.
///
/// Every failure of the cache itself is silent: the store answers instead. Files are named by their SHA-256, so a copy
/// is checked once a process and thrown away when it does not match.
public final class CachingStore: ObjectStore {
    /// The store that copies are of.
    public let base: any ObjectStore
    let cache: CacheFolder
    let treePacks = Mutex<Set<FileID>>([])
    private let fetching = Monitor<Set<StoredFile>>([])

    /// - Parameters:
    ///   - folder: The folder of all caches, for example `~/.cache/hikae`. Made when it is missing.
    ///   - repositoryID: The 64 digits from the repository's config; names this repository's part of the folder.
    public init(_ base: any ObjectStore, folder: String, repositoryID: FileID) {
        self.base = base
        cache = CacheFolder(root: "\(SystemFile.absolute(folder))/\(repositoryID.hex)")
    }

    /// Says that packs hold trees only, and are worth keeping: known from the index, or before they are saved.
    public func noteTreePacks(_ ids: some Sequence<FileID>) {
        treePacks.withLock { $0.formUnion(ids) }
    }

    /// Brings copies of these files here, several at once. What cannot be had now is had, or fails, when it is read.
    public func fetch(_ files: [StoredFile]) {
        let missing = files.filter { isCached($0) && !cache.contains($0) }
        let threads = min(traits.threads(1), missing.count)
        guard threads > 1 else { return }
        let next = Atomic<Int>(0)
        runThreads(threads) { [self] _ in
            while case let number = next.add(1, ordering: .relaxed).oldValue, number < missing.count {
                do throws(HikaeError) { _ = try load(missing[number], range: nil) } catch { return }
            }
        }
    }

    /// Drops the copy of a file that has proved wrong, so that the next read asks the store.
    public func forget(_ file: StoredFile) { cache.remove(file) }

    /// The place, as people are to see it.
    public var location: String { base.location }

    /// What kind of place it is.
    public var traits: StoreTraits { base.traits }

    /// Lays out an empty repository.
    public func create() throws(HikaeError) { try base.create() }

    /// Stores a file, whole or not at all.
    public func save(_ file: StoredFile, _ content: UnsafeRawBufferPointer) throws(HikaeError) {
        try base.save(file, content)
        if isCached(file) { cache.save(file, content) }
    }

    /// The bytes of a file, or of a range of it.
    public func load(_ file: StoredFile, range: Range<UInt64>?) throws(HikaeError) -> [UInt8] {
        guard isCached(file) else { return try base.load(file, range: range) }
        if let bytes = cache.load(file, range: range) { return bytes }
        // One thread fetches a file, and the others that want it then find the copy.
        begin(fetching: file)
        defer { fetching.withLock { _ = $0.remove(file) } }
        if let bytes = cache.load(file, range: range) { return bytes }
        let whole = try base.load(file)
        whole.withUnsafeBytes { cache.save(file, $0) }
        guard let range else { return whole }
        guard range.upperBound <= UInt64(whole.count) else { return try base.load(file, range: range) }
        return Array(whole[Int(range.lowerBound)..<Int(range.upperBound)])
    }

    /// Fills a buffer from a file.
    public func read(
        _ file: StoredFile, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(HikaeError) {
        guard isCached(file) else { return try base.read(file, at: offset, into: buffer) }
        if cache.read(file, at: offset, into: buffer) { return }
        let bytes = try load(file, range: offset..<offset + UInt64(buffer.count))
        buffer.copyBytes(from: bytes)
    }

    /// The length of a file in bytes.
    public func size(_ file: StoredFile) throws(HikaeError) -> UInt64 {
        do throws(HikaeError) {
            return try base.size(file)
        } catch {
            if error.code == .notFound { cache.remove(file) }
            throw error
        }
    }

    /// Also drops copies of files that are no longer in the store.
    public func list(_ kind: FileKind) throws(HikaeError) -> [StoredFileInfo] {
        let files = try base.list(kind)
        if CacheFolder.kinds.contains(kind) { cache.keepOnly(Set(files.map(\.id)), kind) }
        return files
    }

    /// Removes a file.
    public func remove(_ file: StoredFile) throws(HikaeError) {
        try base.remove(file)
        cache.remove(file)
    }

    /// Makes all changes so far durable.
    public func flush() throws(HikaeError) { try base.flush() }

    /// Removes what killed runs have left half written.
    public func removeLeftovers() throws(HikaeError) -> Int { try base.removeLeftovers() }

    private func begin(fetching file: StoredFile) {
        fetching.wait { fetching -> Void? in fetching.insert(file).inserted ? () : nil }
    }

    private func isCached(_ file: StoredFile) -> Bool {
        guard let id = file.id else { return false }
        if file.kind == .pack { return treePacks.withLock { $0.contains(id) } }
        return CacheFolder.kinds.contains(file.kind)
    }
}

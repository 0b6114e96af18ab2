// A repository that is open: its store, its key, its config and its index. What everything else is handed.

public import HikaeCore
public import HikaeFormat
public import HikaeStore
import Synchronization

/// An open restic-format repository. Safe to use from many threads.
public final class Repository: Sendable {
    /// Where its files are: behind a local copy of what is read often, when the store is far off.
    public let store: any ObjectStore
    /// That copy; nil without one.
    let fileCache: CachingStore?
    public let config: Config
    /// The master key.
    public let key: CryptoKey
    /// The key file that the password opened.
    public let keyID: FileID
    public let clock: any WallClock
    public let options: OpenOptions
    /// Listings asked for before they are wanted.
    private let ahead: ListingsAhead
    private let currentIndex = Mutex(BlobIndex())
    /// Trees that stand in no pack: put together from others, for as long as the repository is open.
    private let composed = Mutex<[BlobID: Tree]>([:])

    init(
        store: any ObjectStore, config: Config, key: CryptoKey, keyID: FileID, options: OpenOptions,
        clock: any WallClock, ahead: ListingsAhead = ListingsAhead()
    ) {
        fileCache = Self.fileCache(store, config, options)
        self.store = fileCache ?? store
        self.config = config
        self.key = key
        self.keyID = keyID
        self.options = options
        self.clock = clock
        self.ahead = ahead
    }

    /// Asks a store that is far off for the snapshots and index files there are, without waiting: whoever loads them
    /// within the next seconds, once each, is spared a round trip. Call it under the lock under which they are wanted.
    public func lookAhead() { ahead.begin([.snapshot, .index], of: store) }

    /// What was asked for ahead holds no more: this process has changed something of that kind.
    func changed(_ kind: FileKind) { ahead.drop(kind) }

    /// All files of a kind: as asked for ahead, once, or as the store lists them now.
    func list(_ kind: FileKind) throws(HikaeError) -> [StoredFileInfo] {
        if let files = try ahead.take(kind) { return files }
        return try store.list(kind)
    }

    private static func fileCache(_ store: any ObjectStore, _ config: Config, _ options: OpenOptions) -> CachingStore? {
        guard options.cachesFiles, store.traits.isRemote, let folder = options.cacheDirectory,
            let id = FileID(hex: config.id)
        else { return nil }
        return CachingStore(store, folder: folder, repositoryID: id)
    }

    /// The same repository on the store itself, its index not loaded: for what must see what is really there.
    package var uncached: Repository {
        guard let fileCache else { return self }
        var options = options
        options.cachesFiles = false
        return Repository(
            store: fileCache.base, config: config, key: key, keyID: keyID, options: options, clock: clock)
    }

    /// The index as loaded last; empty before `loadIndex`.
    public var index: BlobIndex { currentIndex.withLock { $0 } }

    /// Reads the repository's index files, through the local cache. Call it under a lock of the repository.
    ///
    /// - Parameter unreadable: told of index files that cannot be read; without it the first such file is thrown.
    public func loadIndex(progress: Progress? = nil, unreadable: ((FileID, HikaeError) -> Void)? = nil)
        throws(HikaeError)
    {
        let loader = IndexLoader(repository: self, cacheDirectory: cacheDirectory, progress: progress)
        let loaded = try loader.load(unreadable: unreadable)
        currentIndex.withLock { $0 = loaded }
    }

    /// Puts an index in place that was loaded in a special way, by maintenance.
    func useIndex(_ index: BlobIndex) { currentIndex.withLock { $0 = index } }

    /// Adds what was written in this run to the index.
    func addToIndex(_ segment: IndexSegment) { currentIndex.withLock { $0 = $0.adding(segment) } }

    /// Makes a tree known that was put together from what the repository holds, without storing it: `tree(_:)` finds it
    /// under the ID that comes back, this program's readers with it.
    public func compose(_ tree: Tree) throws(HikaeError) -> BlobID {
        let id = try tree.encoded().withBytes { bytes throws(HikaeError) in Digest.blobID(bytes) }
        composed.withLock { $0[id] = tree }
        return id
    }

    /// A tree that `compose` made known.
    func composedTree(_ id: BlobID) -> Tree? { composed.withLock { $0.isEmpty ? nil : $0[id] } }

    /// This repository's folder in the local cache, or nil when caching is off.
    var cacheDirectory: String? { options.cacheDirectory.map { "\($0)/\(config.id)" } }
}

/// How a repository is opened.
public struct OpenOptions: Sendable {
    /// The local cache's folder (one folder a repository below it), or nil for none.
    public var cacheDirectory: String?
    /// Whether snapshots, indexes and trees of a store that is far off are kept there, too.
    public var cachesFiles = true
    /// Bytes at which a pack is closed: 4 MiB to 128 MiB.
    public var packSize = 16 << 20
    public var compression: CompressionMode = .auto
    /// The key to try first: a prefix of its ID.
    public var keyHint: String?
    /// Whether a lock is asked for as soon as it is open: the locks there are can then be listed meanwhile.
    public var willLock = false

    public init() {}
}

/// How a new repository is cut and encrypted.
public struct CreateOptions: Sendable {
    /// How files are cut into blobs.
    public enum Chunking: Sendable {
        /// Gear hash with a table of this repository's own: fast, and chunk lengths tell an observer nothing.
        case gear
        /// restic's Rabin fingerprint with a fresh polynomial: deduplicates against what restic adds.
        case rabin
        /// As another repository does it, so that copies between the two deduplicate.
        case sameAs(Config)
    }

    /// Repository version, 1 or 2.
    public var version = 2
    public var chunking: Chunking = .gear
    public var username = ""
    public var hostname = ""
    public var scrypt: ScryptParameters = .standard

    public init() {}
}

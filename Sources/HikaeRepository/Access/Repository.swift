// A repository that is open: its store, its key, its config and its index. What everything else is handed.

public import HikaeCore
public import HikaeFormat
public import HikaeStore
import Synchronization

/// An open restic-format repository. Safe to use from many threads.
public final class Repository: Sendable {
    public let store: any ObjectStore
    public let config: Config
    /// The master key.
    public let key: CryptoKey
    /// The key file that the password opened.
    public let keyID: FileID
    public let clock: any WallClock
    public let options: OpenOptions
    private let currentIndex = Mutex(BlobIndex())

    init(
        store: any ObjectStore, config: Config, key: CryptoKey, keyID: FileID, options: OpenOptions,
        clock: any WallClock
    ) {
        self.store = store
        self.config = config
        self.key = key
        self.keyID = keyID
        self.options = options
        self.clock = clock
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

    /// This repository's folder in the local cache, or nil when caching is off.
    var cacheDirectory: String? { options.cacheDirectory.map { "\($0)/\(config.id)" } }
}

/// How a repository is opened.
public struct OpenOptions: Sendable {
    /// The local cache's folder (one folder a repository below it), or nil for none.
    public var cacheDirectory: String?
    /// Bytes at which a pack is closed: 4 MiB to 128 MiB.
    public var packSize = 16 << 20
    public var compression: CompressionMode = .auto
    /// The key to try first: a prefix of its ID.
    public var keyHint: String?

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

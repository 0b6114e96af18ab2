// A repository in a bucket, laid out as restic lays it out. Makes every request once: RetryingStore repeats what may
// succeed, and knows from the error what the server asked for. A bucket that is gone, or that holds nothing, is no empty
// repository.

public import HikaeCore
import HikaeHTTP
package import HikaeS3
public import HikaeStore
import Synchronization

/// A repository below a bucket's prefix: `config`, `keys/`, `locks/`, `snapshots/`, `index/`, `data/00` to `data/ff`.
///
/// Reads, writes and lists from many threads at once. What it writes is locked as its options say, save locks of
/// the repository, which come and go.
public final class S3Store: ObjectStore {
    public let location: String
    public let traits: StoreTraits
    package let client: S3Client
    /// The same bucket for work that is no call of a store, and so is repeated by nobody else.
    package let patient: S3Client
    /// What every key begins with: empty, or ending with a slash.
    package let base: String
    /// Which lock every object gets; nil: none.
    public let objectLock: ObjectLockSettings?
    let clock: any WallClock
    private let state = Mutex(State())

    /// Requests in flight unless the options say otherwise. More keep a far server no busier, and a near one less well.
    private static let usualConnections = 8
    /// Connections beside those for data: for trees, for the count of what is to come, for the renewal of locks. Who waits
    /// for one that is busy with a pack is given up as if the server were not there.
    private static let spareConnections = 3
    /// Bytes of a file that is loaded whole, at most.
    static let largestWhole: UInt64 = 4 << 30

    private struct State {
        /// Something of a repository was seen here.
        var isSeen = false
        /// This object laid the repository out, and nothing says yet that there is one.
        var isBegun = false
        /// The server refuses to compare before it writes.
        var looksFirstOnly = false
        /// The repository's locks that were saved here and not removed, each with its version.
        var locks: [FileID: StoredObject] = [:]
    }

    /// The store at `location`. Asks for the secrets; opens no connection yet.
    public convenience init(_ location: S3Location, _ options: RemoteOptions) throws(HikaeError) {
        var conditions = S3Client.Conditions()
        conditions.cancellation = options.cancellation
        try self.init(location, options, conditions)
    }

    /// - Parameters:
    ///   - conditions: how long to wait. Its schedule is not used for the store's calls: these are made once.
    ///   - clock: what locks are counted from.
    package init(
        _ location: S3Location, _ options: RemoteOptions, _ conditions: S3Client.Conditions,
        clock: any WallClock = SystemClock()
    ) throws(HikaeError) {
        let connections = options.connections > 0 ? options.connections : Self.usualConnections
        patient = try S3Client(location.settings(options), connections: connections, conditions)
        var once = conditions
        once.schedule = RetrySchedule(attempts: 1)
        do throws(HikaeError) {
            client = try S3Client(location.settings(options), connections: connections + Self.spareConnections, once)
        } catch {
            patient.close()
            throw error
        }
        self.location = location.display
        base = location.prefix.isEmpty ? "" : location.prefix + "/"
        traits = StoreTraits(isRemote: true, wantedConcurrency: connections, keepsExtras: true)
        objectLock = options.objectLock
        self.clock = clock
    }

    deinit {
        client.close()
        patient.close()
    }

    /// A file's key.
    func key(_ file: StoredFile) -> [UInt8] { Array((base + file.path).utf8) }

    /// The lock of what is written now.
    func lock(_ file: StoredFile) -> ObjectRetention? {
        file.kind == .lock ? nil : objectLock?.retention(at: clock.now())
    }

    /// Makes the bucket when there is none, with versions and locks if objects are to be locked.
    public func create() throws(HikaeError) {
        do throws(HikaeError) {
            try client.headBucket()
        } catch {
            guard error.code == .notFound else { throw error }
            try makeBucket()
        }
        if try client.facts(key(.config)) != nil { throw there() }
        if objectLock != nil, try !client.locksObjects() {
            throw HikaeError(
                .refused, "the bucket at \(location) cannot lock objects",
                hint: "Locks are switched on when a bucket is made: name one that does not exist yet, or ask the "
                    + "provider to switch Object Lock on for this one.")
        }
        state.withLock { $0.isBegun = true }
    }

    private func makeBucket() throws(HikaeError) {
        do throws(HikaeError) {
            try client.createBucket(locked: objectLock != nil)
        } catch {
            // Somebody else may have made it, or the answer to our own request was lost.
            do throws(HikaeError) { try client.headBucket() } catch _ { throw error }
        }
    }

    private func there() -> HikaeError {
        HikaeError(
            .repositoryExists, "there is a repository at \(location) already",
            hint: "Use it as it is, or choose another bucket or prefix.")
    }

    /// Stores a file in one request: an object is there whole, or not at all.
    public func save(_ file: StoredFile, _ content: UnsafeRawBufferPointer) throws(HikaeError) {
        try checkRepository()
        do throws(HikaeError) {
            if file == .config { return try saveConfig(content) }
            let stored = try client.store(key(file), content, lock: lock(file))
            state.withLock { state in
                state.isSeen = true
                if file.kind == .lock, let id = file.id { state.locks[id] = stored }
            }
        } catch {
            throw missing(file, error)
        }
    }

    /// Never replaces a config: looks first, and has the server look again where it can.
    private func saveConfig(_ content: UnsafeRawBufferPointer) throws(HikaeError) {
        let key = key(.config)
        if try client.facts(key) != nil { throw there() }
        let isStored: Bool
        if state.withLock({ $0.looksFirstOnly }) {
            isStored = try client.store(key, content, lock: lock(.config)) != nil
        } else {
            do throws(HikaeError) {
                isStored = try client.store(key, content, lock: lock(.config), onlyIfMissing: true) != nil
            } catch {
                guard error.code == .unsupported else { throw error }
                state.withLock { $0.looksFirstOnly = true }
                isStored = try client.store(key, content, lock: lock(.config)) != nil
            }
        }
        guard isStored else { throw there() }
        state.withLock { ($0.isSeen, $0.isBegun) = (true, false) }
    }

    /// The bytes of a file, or of a range of it.
    public func load(_ file: StoredFile, range: Range<UInt64>?) throws(HikaeError) -> [UInt8] {
        guard let range else {
            do throws(HikaeError) {
                let whole = try client.load(key(file), limit: Self.largestWhole)
                noteSeen()
                return whole
            } catch {
                throw missing(file, error)
            }
        }
        guard range.count <= Self.largestWhole else {
            throw HikaeError(.limit, "\(range.count) bytes of \(file) are more than can be loaded at once")
        }
        var bytes = [UInt8](repeating: 0, count: range.count)
        try bytes.withMutableBytes { buffer throws(HikaeError) in try read(file, at: range.lowerBound, into: buffer) }
        return bytes
    }

    /// Fills a buffer from a file, as the bytes come in.
    public func read(
        _ file: StoredFile, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(HikaeError) {
        guard !buffer.isEmpty else {
            // No range of HTTP is empty.
            let size = try size(file)
            guard offset <= size else {
                throw HikaeError(
                    .damaged, "\(file) in \(location) is damaged: it has \(size) bytes where \(offset) are expected")
            }
            return
        }
        do throws(HikaeError) {
            try client.read(key(file), at: offset, into: buffer)
        } catch {
            throw missing(file, error)
        }
    }

    /// The length of a file in bytes.
    public func size(_ file: StoredFile) throws(HikaeError) -> UInt64 {
        do throws(HikaeError) {
            guard let facts = try client.facts(key(file)) else { throw HikaeError(.notFound, "") }
            return facts.size
        } catch {
            throw missing(file, error)
        }
    }

    /// Every answered save is durable already.
    public func flush() throws(HikaeError) {}
}

extension S3Store {
    /// Throws `.noRepository` unless something of a repository is here, or this object is laying one out.
    private func checkRepository() throws(HikaeError) {
        guard state.withLock({ !$0.isSeen && !$0.isBegun }) else { return }
        if let gone = vanished() { throw gone }
    }

    /// Tells a file that is not there from a repository that is not there: `error` itself unless it is `.notFound`.
    func missing(_ file: StoredFile, _ error: HikaeError) -> HikaeError {
        guard error.code == .notFound else { return error }
        if let gone = vanished() { return gone }
        return HikaeError(.notFound, "there is no \(file) in \(location)")
    }

    /// An error when nothing of a repository is to be seen below the prefix.
    func vanished() -> HikaeError? {
        var isEmpty = true
        do throws(HikaeError) {
            try client.list(prefix: Array(base.utf8), most: 1) { page throws(HikaeError) in
                isEmpty = page.objects.isEmpty
                return isEmpty
            }
        } catch {
            guard error.code == .notFound else { return error }
            return none("there is no such bucket")
        }
        if !isEmpty {
            state.withLock { $0.isSeen = true }
            return nil
        }
        if state.withLock({ $0.isBegun }) { return nil }
        return none("there is nothing")
    }

    private func none(_ why: String) -> HikaeError {
        HikaeError(
            .noRepository, "there is no repository at \(location): \(why)",
            hint:
                "Check the host, the bucket and the prefix. If the objects were deleted and the bucket keeps versions, "
                + "`hikae vault undelete` brings them back.")
    }

    func noteSeen() { state.withLock { $0.isSeen = true } }

    /// A lock of the repository that was saved here; nil for those of others. It is asked for once.
    func takeLock(_ id: FileID) -> StoredObject? { state.withLock { $0.locks.removeValue(forKey: id) } }
}

extension ObjectLockSettings {
    /// The lock of an object that is written or renewed at `now`. To the second, as S3 keeps it.
    func retention(at now: Timestamp) -> ObjectRetention {
        ObjectRetention(
            mode: mode.rawValue.uppercased(), until: Timestamp(seconds: now.seconds + Int64(days) * 86_400))
    }
}

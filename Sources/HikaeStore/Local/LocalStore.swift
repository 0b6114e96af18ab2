// A repository in a folder of this machine, laid out as restic lays it out. Owns durability on a filesystem.
// Never creates the repository's own folder save in create(): a folder that has vanished is an unmounted disk, and
// writing beside it would look like a backup.

public import HikaeCore
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A repository in a local folder: `config`, `keys/`, `locks/`, `snapshots/`, `index/`, `data/00` to `data/ff`.
///
/// A file is written under `NAME-tmp-RANDOM` in its own folder, as restic does and ignores, synced, then renamed.
/// The folder is synced before `save` returns, for packs in `flush()`. What crashes have left under such names is
/// removed by `flush()` once it is a day old and `list` has come across it.
public final class LocalStore: ObjectStore {
    /// The folder as it was given.
    public let location: String
    /// The folder, absolute, without a slash at its end.
    package let root: String
    let clock: any WallClock
    let state = Mutex(State())
    /// Held while folders are synced: who comes meanwhile waits until what they were promised holds.
    private let syncing = Mutex<Void>(())
    private let syncFolder: @Sendable (String) throws(HikaeError) -> Void

    struct State {
        /// Folders with names that are not durable yet.
        var unsynced: Set<String> = []
        /// Old temporary files that a listing has met.
        var leftovers: Set<String> = []
        /// Modes taken from the config, once there is one.
        var modes: LocalModes?
    }

    /// The store in the folder at `path`, which need not exist yet. A relative path is taken from the current folder
    /// once, now.
    public convenience init(path: String, clock: any WallClock = SystemClock()) {
        self.init(path: path, clock: clock, syncFolder: SystemFile.syncFolder)
    }

    /// - Parameter syncFolder: makes the names in a folder durable.
    init(path: String, clock: any WallClock, syncFolder: @escaping @Sendable (String) throws(HikaeError) -> Void) {
        location = path
        self.syncFolder = syncFolder
        root = SystemFile.absolute(path)
        self.clock = clock
    }

    /// Lays out an empty repository.
    public func create() throws(HikaeError) {
        if try SystemFile.kind(root + "/config") != nil {
            throw HikaeError(
                .repositoryExists, "there is a repository at \(location) already",
                hint: "Use it as it is, or choose another folder.")
        }
        try SystemFile.makeFolders(root, mode: 0o700)
        for kind in FileKind.standard where kind != .config { try SystemFile.makeFolder(folder(kind), mode: 0o700) }
        for byte in 0..<256 {
            try SystemFile.makeFolder("\(folder(.pack))/\(Hex.encode([UInt8(byte)]))", mode: 0o700)
        }
        try SystemFile.syncFolder(folder(.pack))
        try SystemFile.syncFolder(root)
    }

    /// The bytes of a file, or of a range of it.
    public func load(_ file: StoredFile, range: Range<UInt64>?) throws(HikaeError) -> [UInt8] {
        let opened = try open(file)
        defer { opened.close() }
        let start = range?.lowerBound ?? 0
        let end = range?.upperBound ?? opened.size
        guard end <= opened.size else { throw shorter(file, opened.size, than: end) }
        var failure: HikaeError?
        let count = Int(end - start)
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            do throws(HikaeError) {
                try fill(UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]))
            } catch { failure = error }
            // Nothing is said to be there unless all of it was read.
            initialized = failure == nil ? count : 0
        }
        func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(HikaeError) {
            let got = try opened.read(at: start, into: buffer)
            guard got == count else { throw shorter(file, start + UInt64(got), than: end) }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Fills a buffer from a file.
    public func read(
        _ file: StoredFile, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(HikaeError) {
        let opened = try open(file)
        defer { opened.close() }
        let got = try opened.read(at: offset, into: buffer)
        guard got == buffer.count else {
            throw shorter(file, opened.size, than: offset + UInt64(buffer.count))
        }
    }

    /// The length of a file in bytes.
    public func size(_ file: StoredFile) throws(HikaeError) -> UInt64 {
        let opened = try open(file)
        defer { opened.close() }
        return opened.size
    }

    /// Removes a file.
    public func remove(_ file: StoredFile) throws(HikaeError) {
        let path = path(file)
        guard unlink(path) == 0 else { throw missing(file, .system("remove", path)) }
        let folder = parent(file)
        switch file.kind {
        case .pack: state.withLock { _ = $0.unsynced.insert(folder) }
        // A lock that comes back after a power cut is stale, and treated so.
        case .lock: break
        case .config, .key, .snapshot, .index, .parity: try SystemFile.syncFolder(folder)
        }
    }

    /// Makes all changes so far durable.
    public func flush() throws(HikaeError) {
        let leftovers = state.withLock { state in
            defer { state.leftovers = [] }
            return state.leftovers
        }
        try syncFolders()
        for path in leftovers { _ = unlink(path) }
    }

    /// Syncs every folder with names that are not durable yet. Several at once: the disk then flushes its cache once
    /// for many of them.
    func syncFolders() throws(HikaeError) {
        let outcome: Swift.Result<Void, HikaeError> = syncing.withLock { _ in
            do throws(HikaeError) { return .success(try syncFoldersAlone()) } catch { return .failure(error) }
        }
        try outcome.get()
    }

    private func syncFoldersAlone() throws(HikaeError) {
        let folders = state.withLock { state in
            defer { state.unsynced = [] }
            return Array(state.unsynced)
        }
        guard !folders.isEmpty else { return }
        let threads = min(16, folders.count)
        let failure = FirstError()
        runThreads(threads) { [syncFolder] thread in
            for folder in stride(from: thread, to: folders.count, by: threads).map({ folders[$0] }) {
                do throws(HikaeError) { try syncFolder(folder) } catch { failure.set(error) }
            }
        }
        guard let error = failure.value else { return }
        // None of them counts as synced, so that the next call tries all of them again.
        state.withLock { $0.unsynced.formUnion(folders) }
        throw error.code == .notFound ? vanished() ?? error : error
    }
}

extension LocalStore {
    func folder(_ kind: FileKind) -> String { kind == .config ? root : "\(root)/\(kind.folder)" }

    /// Where the file is or would be.
    package func path(_ file: StoredFile) -> String { "\(root)/\(file.path)" }

    /// The folder that holds the file.
    func parent(_ file: StoredFile) -> String {
        guard file.kind == .pack, let id = file.id else { return folder(file.kind) }
        return "\(root)/data/\(id.hex.prefix(2))"
    }

    private func open(_ file: StoredFile) throws(HikaeError) -> SystemFile {
        let path = path(file)
        do throws(HikaeError) {
            return try SystemFile.open(path)
        } catch {
            throw missing(file, error)
        }
    }

    private func shorter(_ file: StoredFile, _ size: UInt64, than expected: UInt64) -> HikaeError {
        HikaeError(
            .damaged, "\(file) in \(location) is damaged: it has \(size) bytes where \(expected) are expected")
    }

    /// Tells a file that is not there from a repository that is not there: `error` itself unless it is `.notFound`.
    func missing(_ file: StoredFile, _ error: HikaeError) -> HikaeError {
        guard error.code == .notFound else { return error }
        if let gone = vanished() { return gone }
        return HikaeError(.notFound, "there is no \(file) in \(location)")
    }

    /// An error when nothing of a repository is to be seen in the folder.
    func vanished() -> HikaeError? {
        for name in ["config", "data"] {
            do throws(HikaeError) {
                if try SystemFile.kind("\(root)/\(name)") != nil { return nil }
            } catch { return error }
        }
        return HikaeError(
            .noRepository, "there is no repository at \(location)",
            hint: "Check the path, and that the disk that holds it is attached.")
    }
}

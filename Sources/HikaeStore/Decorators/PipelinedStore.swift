// Packs on their way to a store that is far off: several at once, within a bound on memory. Owns the promise that
// nothing that was handed over is forgotten: flush() is the barrier, and an error that nobody saw comes out of it.

public import HikaeCore
internal import Synchronization

/// Hands pack saves to a few threads, so that the caller goes on while they travel.
///
/// Exactly what ``ObjectStore/save(_:_:)-swift.method`` allows: the name of a pack counts only after ``flush()``. All
/// other files are saved at once, and an index or a snapshot not before every pack that was handed over earlier is
/// there. Once a pack could not be stored, every later pack, index, snapshot and flush throws why: nothing may be built
/// on what is missing.
public final class PipelinedStore: ObjectStore {
    private let base: any ObjectStore
    private let lane: UploadLane
    /// Whether a repository was seen or laid out here: what is handed over without one would only fail later.
    private let isKnown = Atomic<Bool>(false)

    /// - Parameter uploads: packs under way at once, at least one. Two more may wait: memory for so many packs is used.
    public init(_ base: any ObjectStore, uploads: Int) {
        self.base = base
        lane = UploadLane(base, threads: max(1, uploads))
    }

    deinit { lane.close() }

    /// The place, as people are to see it.
    public var location: String { base.location }

    /// What kind of place it is.
    public var traits: StoreTraits { base.traits }

    /// Lays out an empty repository.
    public func create() throws(HikaeError) {
        try base.create()
        isKnown.store(true, ordering: .relaxed)
    }

    private func confirm() throws(HikaeError) {
        if isKnown.load(ordering: .relaxed) { return }
        do throws(HikaeError) { _ = try base.size(.config) } catch { if error.code != .notFound { throw error } }
        isKnown.store(true, ordering: .relaxed)
    }

    /// Hands over a pack; stores any other file, whole or not at all.
    public func save(_ file: StoredFile, _ content: UnsafeRawBufferPointer) throws(HikaeError) {
        switch file.kind {
        case .pack:
            try confirm()
            try lane.hand(file, content)
            return
        case .index, .snapshot: try lane.drain()
        case .config, .key, .lock, .parity: break
        }
        try base.save(file, content)
    }

    /// The bytes of a file, or of a range of it. A pack that is under way is waited for.
    public func load(_ file: StoredFile, range: Range<UInt64>?) throws(HikaeError) -> [UInt8] {
        try lane.settle(file)
        let bytes = try base.load(file, range: range)
        if file == .config { isKnown.store(true, ordering: .relaxed) }
        return bytes
    }

    /// Fills a buffer from a file. A pack that is under way is waited for.
    public func read(
        _ file: StoredFile, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(HikaeError) {
        try lane.settle(file)
        try base.read(file, at: offset, into: buffer)
    }

    /// The length of a file in bytes. A pack that is under way is waited for.
    public func size(_ file: StoredFile) throws(HikaeError) -> UInt64 {
        try lane.settle(file)
        return try base.size(file)
    }

    /// All files of a kind. Packs that are under way are waited for.
    public func list(_ kind: FileKind) throws(HikaeError) -> [StoredFileInfo] {
        if kind == .pack { lane.settleAll() }
        return try base.list(kind)
    }

    /// Removes a file. A pack that is under way is waited for.
    public func remove(_ file: StoredFile) throws(HikaeError) {
        try lane.settle(file)
        try base.remove(file)
    }

    /// Waits until every pack is stored and makes all changes durable. Throws the first error that any of them met.
    public func flush() throws(HikaeError) {
        try lane.drain()
        try base.flush()
    }

    /// Removes what killed runs have left half written. Packs that are under way are waited for.
    public func removeLeftovers() throws(HikaeError) -> Int {
        lane.settleAll()
        return try base.removeLeftovers()
    }
}

/// The packs under way, and the threads that carry them.
private final class UploadLane: Sendable {
    private struct Pack: Sendable {
        let file: StoredFile
        let content: [UInt8]
    }

    private struct State {
        /// Packs handed over and not stored yet.
        var underWay: Set<StoredFile> = []
        /// What each pack that could not be stored met.
        var failed: [StoredFile: HikaeError] = [:]
        var first: HikaeError?
        /// Buffers that are not in use.
        var spare: [[UInt8]] = []
        var threads: [RunningThread] = []
    }

    /// Packs that may wait besides those that are being carried.
    private static let waiting = 2

    private let base: any ObjectStore
    private let threadCount: Int
    private let queue: BoundedQueue<Pack>
    private let state = Monitor(State())

    init(_ base: any ObjectStore, threads: Int) {
        self.base = base
        threadCount = threads
        queue = BoundedQueue(capacity: Self.waiting)
    }

    /// Takes a copy of the pack, waiting for room. Throws when an earlier one could not be stored.
    func hand(_ file: StoredFile, _ content: UnsafeRawBufferPointer) throws(HikaeError) {
        enum Turn { case failed(HikaeError), mine([UInt8]) }
        let most = threadCount + Self.waiting
        let turn = state.wait { state -> Turn? in
            if let first = state.first { return .failed(first) }
            // Two of one name keep their order: the later one stands.
            guard state.underWay.count < most, !state.underWay.contains(file) else { return nil }
            state.underWay.insert(file)
            while state.threads.count < min(threadCount, state.underWay.count) {
                state.threads.append(RunningThread { [self] in carry() })
            }
            return .mine(state.spare.popLast() ?? [])
        }
        switch turn {
        case .failed(let error): throw error
        case .mine(var buffer):
            buffer.removeAll(keepingCapacity: true)
            buffer.append(contentsOf: content)
            queue.push(Pack(file: file, content: buffer))
        }
    }

    /// Waits until nothing is under way. Throws the first error.
    func drain() throws(HikaeError) {
        settleAll()
        if let error = state.withLock({ $0.first }) { throw error }
    }

    func settleAll() { state.wait { $0.underWay.isEmpty ? () : nil } }

    /// Waits until the file is not under way. Throws what its saving met.
    func settle(_ file: StoredFile) throws(HikaeError) {
        guard file.kind == .pack else { return }
        let failure = state.wait { state -> HikaeError?? in
            state.underWay.contains(file) ? nil : .some(state.failed[file])
        }
        if let failure { throw failure }
    }

    /// Ends the threads once they have carried what they were given.
    func close() {
        queue.close()
        let threads = state.withLock { state in
            defer { state.threads = [] }
            return state.threads
        }
        for thread in threads { thread.join() }
    }

    private func carry() {
        while let pack = queue.pop() {
            var failure: HikaeError?
            if state.withLock({ $0.first }) == nil {
                do throws(HikaeError) { try base.save(pack.file, pack.content) } catch { failure = error }
            } else {
                failure = HikaeError(.cancelled, "\(pack.file) was not stored, because another could not be")
            }
            state.withLock { state in
                state.underWay.remove(pack.file)
                if let failure {
                    state.failed[pack.file] = failure
                    if state.first == nil { state.first = failure }
                } else if state.spare.count < 2 {
                    state.spare.append(pack.content)
                }
            }
        }
    }
}

// The write pipeline's far end: who stores which blob, packs on their way, the index behind them.
// Order is the promise: a pack is durable before an index names it, an index before a snapshot does.

import HikaeChunker
public import HikaeCore
import HikaeFormat
import HikaeStore
import Synchronization

/// Takes blobs from many threads, stores each once, and keeps the index. Call `finish` at the end.
public final class BlobWriter: Sendable {
    /// How blobs are written.
    public struct Options: Sendable {
        /// Does everything but store.
        public var isDryRun = false
        /// Stores blobs that the repository has already (each once in this run): how packs are rewritten.
        public var storesKnownBlobs = false

        public init() {}
    }

    struct Claims: Sendable {
        var data = ClaimTable()
        var trees = ClaimTable()
        /// Raised whenever claims were dropped because the repository's index has them now.
        var generation = 0

        mutating func insert(_ id: BlobID, _ type: BlobType) -> Bool {
            type == .data ? data.insert(id) : trees.insert(id)
        }
    }

    let repository: Repository
    let options: Options
    public let statistics = WriteStatistics()
    private let claims = Mutex(Claims())
    private let uploads = BoundedQueue<FinishedPack>(capacity: 1)
    /// Packs that are finished and not stored yet: one at a time, because each is 16 MiB and more of memory.
    private let inFlight = Monitor(0)
    private let failure = FirstError()
    private let leftovers = Mutex<[PackBuilder]>([])
    private let buffers = Mutex<[[UInt8]]>([])
    private let indexing: Mutex<IndexRecorder>
    private let uploader = Mutex<RunningThread?>(nil)

    /// A writer for a repository whose index is loaded and which is locked.
    public init(_ repository: Repository, options: Options = Options()) throws(HikaeError) {
        self.repository = repository
        self.options = options
        indexing = Mutex(try IndexRecorder(repository, isDryRun: options.isDryRun))
        let thread = RunningThread { [self] in upload() }
        uploader.withLock { $0 = thread }
    }

    /// Lets one thread save: `body` gets a saver, and when it is done everything that was saved stands in the repository,
    /// indexed. What it throws ends the run: packs that are stored by then stay, unused.
    static func session<Result>(
        _ repository: Repository, options: Options = Options(), _ body: (BlobSaver) throws(HikaeError) -> Result
    ) throws(HikaeError) -> Result {
        let writer = try BlobWriter(repository, options: options)
        let saver = writer.makeSaver()
        let result: Result
        do throws(HikaeError) {
            result = try body(saver)
        } catch {
            saver.close()
            writer.abandon()
            throw error
        }
        saver.close()
        try writer.finish()
        return result
    }

    /// A saver for one thread.
    public func makeSaver() -> BlobSaver { BlobSaver(self) }

    /// Throws what went wrong in storing so far, if anything.
    public func check() throws(HikaeError) { try failure.check() }

    /// Ends the run without an index for what is not indexed yet: packs that are stored stay, unused.
    public func abandon() {
        failure.set(HikaeError(.cancelled, "stopped before the end"))
        stopUploader()
    }

    /// Stores what is left, then the index. Every saver must be closed. Nothing may be saved afterwards.
    public func finish() throws(HikaeError) {
        for pack in mergedLeftovers() { send(pack) }
        stopUploader()
        try failure.check()
        try indexing.withLock { recorder throws(HikaeError) in
            if let segment = try recorder.finish() { repository.addToIndex(segment) }
        }
    }

    private func stopUploader() {
        uploads.close()
        let thread = uploader.withLock { held in
            defer { held = nil }
            return held
        }
        thread?.join()
    }

    /// Joins the savers' last packs, so that a small run leaves one pack of each type.
    private func mergedLeftovers() -> [PackBuilder] {
        var merged: [PackBuilder] = []
        for builder in leftovers.withLock({ $0 }) {
            let type = builder.blobs[0].type
            if let place = merged.firstIndex(where: {
                $0.blobs[0].type == type && $0.size + builder.size <= repository.options.packSize
                    && PackBuilder.headerFits($0.blobs.count + builder.blobs.count)
            }) {
                merged[place].absorb(builder)
            } else {
                merged.append(builder)
            }
        }
        leftovers.withLock { $0 = [] }
        return merged
    }

    // MARK: For savers

    /// Whether the caller is to store this blob: true once for each, false when it is known or another stores it.
    func claim(_ id: BlobID, _ type: BlobType, _ index: inout BlobIndex, _ generation: inout Int) -> Bool {
        claims.withLock { claims in
            if claims.generation != generation {
                generation = claims.generation
                index = repository.index
                if !options.storesKnownBlobs, index.contains(id, type) { return false }
            }
            return claims.insert(id, type)
        }
    }

    /// A builder for data, with a full pack's room; the trees of most runs need little.
    func emptyBuilder() -> PackBuilder {
        let room = repository.options.packSize + ChunkLimits.standard.maximum
        return PackBuilder(buffer: buffers.withLock { $0.popLast() } ?? [], capacity: room)
    }

    func store(_ builder: consuming PackBuilder) throws(HikaeError) {
        send(builder)
        try failure.check()
    }

    private func send(_ builder: consuming PackBuilder) {
        inFlight.wait { count -> Void? in
            guard count == 0 else { return nil }
            count += 1
            return ()
        }
        uploads.push(builder.finish(key: repository.key))
    }

    func keepLeftover(_ builder: PackBuilder) { leftovers.withLock { $0.append(builder) } }

    // MARK: The uploading thread

    private func upload() {
        while var pack = uploads.pop() {
            if failure.value == nil {
                do throws(HikaeError) { try save(pack) } catch { failure.set(error) }
            }
            let buffer = pack.takeBuffer()
            buffers.withLock { if $0.isEmpty { $0.append(buffer) } }
            inFlight.withLock { $0 -= 1 }
        }
    }

    private func save(_ pack: FinishedPack) throws(HikaeError) {
        if !options.isDryRun {
            if pack.blobs.first?.type == .tree { repository.fileCache?.noteTreePacks(CollectionOfOne(pack.id)) }
            try repository.store.save(StoredFile(.pack, pack.id), pack.bytes)
        }
        statistics.packs.add(1, ordering: .relaxed)
        statistics.packBytes.add(pack.bytes.count, ordering: .relaxed)
        let segment = try indexing.withLock { recorder throws(HikaeError) in
            try recorder.add(pack.id, pack.blobs)
        }
        if let segment { retire(segment) }
    }

    /// Puts a full part of the index into the repository's and drops the claims that it answers for.
    private func retire(_ segment: IndexSegment) {
        repository.addToIndex(segment)
        claims.withLock { claims in
            claims.data.filter { segment.position(of: $0, .data) == nil }
            claims.trees.filter { segment.position(of: $0, .tree) == nil }
            claims.generation += 1
        }
    }
}

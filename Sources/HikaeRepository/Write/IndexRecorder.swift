// Turns stored packs into index files, and the same rows into a segment for this machine's cache.

import HikaeCore
import HikaeFormat
import HikaeStore

/// Collects packs and saves an index file whenever enough blobs are together. One thread at a time.
struct IndexRecorder: Sendable {
    /// Blobs in one index file, as restic has it.
    static let blobsPerFile = 50_000

    private let repository: Repository
    private let isDryRun: Bool
    private var packs: [(FileID, [PackedBlob])] = []
    private var blobCount = 0
    private var builder: IndexSegmentBuilder?

    init(_ repository: Repository, isDryRun: Bool) throws(HikaeError) {
        self.repository = repository
        self.isDryRun = isDryRun
    }

    /// Takes in a pack that is stored. Returns a segment when so many blobs came together that it is time for one.
    mutating func add(_ pack: FileID, _ blobs: [PackedBlob]) throws(HikaeError) -> IndexSegment? {
        guard !isDryRun else { return nil }
        packs.append((pack, blobs))
        blobCount += blobs.count
        guard blobCount >= Self.blobsPerFile else { return nil }
        try saveIndexFile()
        guard let count = builder?.count, count >= IndexSegmentBuilder.runLimit else { return nil }
        return try finishSegment()
    }

    /// Saves what is left. Returns the last segment, if any.
    mutating func finish() throws(HikaeError) -> IndexSegment? {
        try saveIndexFile()
        return try finishSegment()
    }

    private mutating func saveIndexFile() throws(HikaeError) {
        guard !packs.isEmpty else { return }
        try repository.store.flush()
        let id = try repository.saveUnpacked(.index, IndexCodec.encode(packs: packs, supersedes: []))
        if builder == nil {
            builder = IndexSegmentBuilder(directory: IndexCache.workDirectory(repository.cacheDirectory))
        }
        builder?.addIndexFile(id)
        for (pack, blobs) in packs {
            builder?.addPack(pack)
            for blob in blobs { try builder?.addBlob(blob) }
        }
        packs = []
        blobCount = 0
    }

    private mutating func finishSegment() throws(HikaeError) -> IndexSegment? {
        guard var full = builder else { return nil }
        builder = nil
        return try IndexCache.build(&full, repository.cacheDirectory)
    }
}

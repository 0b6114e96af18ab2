// How much snapshots hold and how much they take, counted in restic's four ways.

public import HikaeCore
import HikaeFormat

/// What is counted.
public enum StatisticsMode: String, Sendable, CaseIterable {
    /// What a restore of each snapshot would write.
    case restoreSize = "restore-size"
    /// Files, each content once.
    case filesByContents = "files-by-contents"
    /// Blobs, once for each file content that has them.
    case blobsPerFile = "blobs-per-file"
    /// Blobs as they stand in the repository, each once.
    case rawData = "raw-data"
}

/// The figures.
public struct StatisticsResult: Sendable, Equatable {
    public let mode: StatisticsMode
    public var snapshots = 0
    /// Items; zero for raw data.
    public var files: UInt64 = 0
    /// Blobs; zero where they are not counted.
    public var blobs: UInt64 = 0
    public var bytes: UInt64 = 0
    /// Raw data of a version 2 repository: what the blobs would take without compression.
    public var uncompressedBytes: UInt64 = 0
    /// The part of `bytes` that is compressed, and what it would take otherwise.
    public var compressedBlobBytes: UInt64 = 0
    public var compressedBlobUncompressedBytes: UInt64 = 0

    /// Uncompressed over compressed, of what is compressed.
    public var compressionRatio: Double? {
        compressedBlobBytes > 0 ? Double(compressedBlobUncompressedBytes) / Double(compressedBlobBytes) : nil
    }
    /// Percent of the data that is compressed.
    public var compressionProgress: Double? {
        uncompressedBytes > 0 ? Double(compressedBlobUncompressedBytes) / Double(uncompressedBytes) * 100 : nil
    }
    /// Percent of the space that compression saves.
    public var compressionSpaceSaving: Double? {
        uncompressedBytes > 0 ? (1 - Double(bytes) / Double(uncompressedBytes)) * 100 : nil
    }
}

/// Counts. The repository's index is loaded; a lock that is not exclusive is held.
public struct Statistics: Sendable {
    private let repository: Repository
    private let progress: Progress?
    private let cancellation: Cancellation?

    public init(repository: Repository, progress: Progress? = nil, cancellation: Cancellation? = nil) {
        self.repository = repository
        self.progress = progress
        self.cancellation = cancellation
    }

    /// Counts what `snapshots` hold, together.
    public func collect(_ snapshots: [NamedSnapshot], mode: StatisticsMode) throws(HikaeError) -> StatisticsResult {
        progress?.begin(phase: "scanning", files: snapshots.count)
        var result = StatisticsResult(mode: mode)
        result.snapshots = snapshots.count
        if mode == .rawData {
            try countRawData(snapshots.map(\.snapshot.tree), &result)
            return result
        }
        var counter = ContentCounter(repository, mode: mode, cancellation: cancellation)
        for snapshot in snapshots {
            try counter.count(snapshot.snapshot.tree)
            progress?.add(files: 1)
        }
        (result.files, result.blobs, result.bytes) = (counter.files, counter.blobs, counter.bytes)
        return result
    }

    private func countRawData(_ roots: [BlobID], _ result: inout StatisticsResult) throws(HikaeError) {
        let used = try UsedBlobs(repository, roots: roots, threads: processorCount(), cancellation: cancellation)
        let index = repository.index
        for position in 0..<index.entryCount where used.bits.contains(position) {
            let blob = index.blob(at: position)
            let isCompressed = blob.uncompressedLength != 0
            let whole =
                isCompressed ? UInt64(blob.uncompressedLength) + UInt64(CryptoKey.overhead) : UInt64(blob.length)
            result.blobs += 1
            result.bytes += UInt64(blob.length)
            guard repository.config.version >= 2 else { continue }
            result.uncompressedBytes += whole
            if isCompressed {
                result.compressedBlobBytes += UInt64(blob.length)
                result.compressedBlobUncompressedBytes += whole
            }
        }
    }
}

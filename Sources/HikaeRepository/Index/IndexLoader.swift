// Brings the sorted index level with the repository's index files: cached segments where they still hold, the rest
// decoded and merged in.

import HikaeCore
import HikaeFormat
import HikaeStore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Loads the index through the local cache, or without one through temporary files.
struct IndexLoader {
    let repository: Repository
    /// The cache folder of this repository, or nil for none.
    let cacheDirectory: String?
    let progress: Progress?

    /// The index as the store has it now. Index files that cannot be read are handed to `unreadable`, or thrown.
    func load(unreadable: ((FileID, HikaeError) -> Void)? = nil) throws(HikaeError) -> BlobIndex {
        let files = try repository.list(.index)
        var wanted = Set<FileID>(minimumCapacity: files.count)
        for file in files { wanted.insert(file.id) }
        var segments = cachedSegments(covering: &wanted)
        if !wanted.isEmpty {
            let fresh = try decode(wanted.sorted(), total: files.count, unreadable)
            if let fresh { segments.append(fresh) }
        }
        return BlobIndex(try compacted(segments))
    }

    /// The cached segments whose every index file is still there; takes those files out of `wanted`.
    private func cachedSegments(covering wanted: inout Set<FileID>) -> [IndexSegment] {
        guard let cacheDirectory else { return [] }
        IndexCache.removeLeftovers(in: cacheDirectory)
        var kept: [IndexSegment] = []
        for path in IndexCache.segmentPaths(in: cacheDirectory) {
            guard let segment = IndexSegment(path: path) else {
                _ = remove(path)
                continue
            }
            let covered = (0..<segment.header.indexFileCount).map(segment.indexFile)
            if covered.allSatisfy(wanted.contains) {
                wanted.subtract(covered)
                kept.append(segment)
            } else {
                _ = remove(path)
            }
        }
        return kept
    }

    /// Decodes index files into one new segment; nil when none of them could be read.
    private func decode(
        _ files: [FileID], total: Int, _ unreadable: ((FileID, HikaeError) -> Void)?
    ) throws(HikaeError) -> IndexSegment? {
        let directory = IndexCache.workDirectory(cacheDirectory)
        var builder = IndexSegmentBuilder(directory: directory)
        progress?.begin(phase: "loading the index", files: files.count)
        repository.fileCache?.fetch(files.map { StoredFile(.index, $0) })
        for id in files {
            do throws(HikaeError) {
                try add(id, to: &builder)
            } catch {
                guard let unreadable else { throw error }
                unreadable(id, error)
            }
            progress?.add(files: 1)
        }
        guard !builder.isEmpty else { return nil }
        return try IndexCache.build(&builder, cacheDirectory)
    }

    private func add(_ id: FileID, to builder: inout IndexSegmentBuilder) throws(HikaeError) {
        let json = try repository.loadUnpacked(StoredFile(.index, id))
        // Decoded whole before anything is taken in, so that a file with a fault in it leaves nothing behind.
        var packs: [(FileID, [PackedBlob])] = []
        var failure: HikaeError?
        do throws(HikaeError) {
            try json.withBytes { bytes throws(HikaeError) in
                try IndexCodec.decode(
                    bytes, supersedes: { _ in }, pack: { packs.append(($0, [])) },
                    blob: { _, blob in packs[packs.count - 1].1.append(blob) })
            }
        } catch {
            failure = HikaeError(
                .damaged, "the index file \(id.short) is damaged: \(error.message)",
                hint: "Run `hikae repair index` to make the index anew from the packs.")
        }
        if let failure { throw failure }
        builder.addIndexFile(id)
        for (pack, blobs) in packs {
            builder.addPack(pack)
            for blob in blobs { try builder.addBlob(blob) }
        }
    }

    /// Merges small segments into larger ones, so that their number stays logarithmic in the number of blobs.
    private func compacted(_ segments: [IndexSegment]) throws(HikaeError) -> [IndexSegment] {
        var sorted = segments.sorted { $0.count > $1.count }
        while sorted.count > 1, sorted[sorted.count - 2].count < 2 * sorted[sorted.count - 1].count + 4096 {
            let last = sorted.removeLast()
            let previous = sorted.removeLast()
            let directory = IndexCache.workDirectory(cacheDirectory)
            var builder = IndexSegmentBuilder(directory: directory)
            builder.add(previous)
            builder.add(last)
            let merged = try IndexCache.build(&builder, cacheDirectory)
            for old in [previous, last] { if let path = old.path { _ = remove(path) } }
            sorted.append(merged)
            sorted.sort { $0.count > $1.count }
        }
        return sorted
    }
}

// Builds a sorted segment from entries in any order, in bounded memory: sorted runs, then one merge.

import HikaeCore
import HikaeFormat

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Collects entries and writes them as one sorted segment. Used by one thread at a time.
struct IndexSegmentBuilder: Sendable {
    /// Entries held in memory before they are written out as a run: 48 MiB.
    static let runLimit = 1 << 20

    private let directory: String
    private var pending: [IndexEntry] = []
    private var runs: [IndexRun] = []
    private(set) var packs: [FileID] = []
    private(set) var indexFiles: [FileID] = []

    /// A builder whose files stand in `directory`, which exists.
    init(directory: String) { self.directory = directory }

    /// Entries taken in so far.
    var count: Int { pending.count + runs.reduce(0) { $0 + $1.count } }
    var isEmpty: Bool { indexFiles.isEmpty && packs.isEmpty }

    /// Notes that what follows came from this index file.
    mutating func addIndexFile(_ id: FileID) { indexFiles.append(id) }

    /// Begins a pack; the blobs that follow are its.
    mutating func addPack(_ id: FileID) { packs.append(id) }

    /// Adds a blob of the pack begun last.
    mutating func addBlob(_ blob: PackedBlob) throws(HikaeError) {
        pending.append(IndexEntry(blob, pack: UInt32(packs.count - 1)))
        if pending.count >= Self.runLimit { try spill() }
    }

    /// Takes in a whole segment that stands already.
    mutating func add(_ segment: IndexSegment) {
        let base = UInt32(packs.count)
        packs.reserveCapacity(packs.count + segment.packCount)
        for number in 0..<segment.packCount { packs.append(segment.pack(number)) }
        for number in 0..<segment.header.indexFileCount { indexFiles.append(segment.indexFile(number)) }
        runs.append(.segment(segment, packBase: base))
    }

    /// Sorts what is in memory and writes it as a run without a name.
    private mutating func spill() throws(HikaeError) {
        guard !pending.isEmpty else { return }
        pending.sort(by: IndexEntry.precedes)
        let path = "\(directory)/run-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        var output = try SegmentOutput(path: path)
        for entry in pending { try output.append(entry) }
        try output.finish()
        defer { _ = remove(path) }
        guard let run = MappedFile(path: path, size: pending.count * MemoryLayout<IndexEntry>.stride) else {
            throw HikaeError.system("map", path)
        }
        runs.append(.mapped(run, count: pending.count))
        pending.removeAll(keepingCapacity: true)
    }

    /// Writes everything as a segment and maps it: at `path`, where it appears whole or not at all, or with `unlink`
    /// in that folder without a name. When it throws, it may be called again with another path.
    mutating func build(path: String, unlink: Bool) throws(HikaeError) -> IndexSegment {
        pending.sort(by: IndexEntry.precedes)
        if !pending.isEmpty { runs.append(.memory(pending)) }
        pending = []
        let total = runs.reduce(0) { $0 + $1.count }
        let header = IndexSegmentHeader(entryCount: total, packCount: packs.count, indexFileCount: indexFiles.count)
        let temporary = "\(path).\(getpid())-\(UInt64.random(in: 0 ... .max)).tmp"
        do throws(HikaeError) {
            try write(header, to: temporary)
            // Mapped before it has its name: whoever else uses the folder may remove what it does not know.
            guard let segment = IndexSegment(path: temporary) else {
                throw HikaeError(.damaged, "the index cache \(temporary) could not be read back")
            }
            try segment.moveFile(to: unlink ? nil : path)
            runs = []
            return segment
        } catch {
            _ = remove(temporary)
            throw error
        }
    }

    /// Nothing is synced: a segment that a power cut tore fails its checksum and is made again.
    private func write(_ header: IndexSegmentHeader, to path: String) throws(HikaeError) {
        var output = try SegmentOutput(path: path)
        try output.append(bytes: header.encoded())
        for id in indexFiles { try output.append(bytes: id.bytes) }
        for id in packs { try output.append(bytes: id.bytes) }
        let shift = UInt64(64 - header.fanBits)
        var fan = [UInt32](repeating: 0, count: (1 << header.fanBits) + 1)
        try output.seek(to: header.entriesOffset)
        var merge = IndexMerge(runs)
        while let entry = merge.next() {
            fan[(header.fanBits == 0 ? 0 : Int(entry.id.w0 >> shift)) + 1] += 1
            try output.append(entry)
        }
        for bucket in 1..<fan.count { fan[bucket] += fan[bucket - 1] }
        try output.seek(to: header.fanOffset)
        try output.append(bytes: fan.withUnsafeBytes { Array($0) })
        try output.finish(size: header.fileSize)
        var sealed = header
        guard let written = MappedFile(path: path, size: header.fileSize) else { throw HikaeError.system("map", path) }
        sealed.checksum = IndexChecksum.of(UnsafeRawBufferPointer(rebasing: written.bytes[IndexSegmentHeader.size...]))
        try output.seek(to: 0)
        try output.append(bytes: sealed.encoded())
        try output.finish()
    }
}

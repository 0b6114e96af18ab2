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
        guard let run = MappedRun(path: path, count: pending.count) else {
            throw HikaeError.system("map", path)
        }
        _ = remove(path)
        runs.append(.mapped(run))
        pending.removeAll(keepingCapacity: true)
    }

    /// Writes everything as the segment at `path`, which appears whole or not at all, and maps it.
    mutating func build(path: String, unlink: Bool) throws(HikaeError) -> IndexSegment {
        pending.sort(by: IndexEntry.precedes)
        if !pending.isEmpty { runs.append(.memory(pending)) }
        pending = []
        let total = runs.reduce(0) { $0 + $1.count }
        let header = IndexSegmentHeader(entryCount: total, packCount: packs.count, indexFileCount: indexFiles.count)
        let temporary = "\(path).\(getpid())-\(UInt64.random(in: 0 ... .max)).tmp"
        do {
            try write(header, to: temporary, isDurable: !unlink)
        } catch {
            _ = remove(temporary)
            throw error
        }
        runs = []
        guard rename(temporary, path) == 0 else { throw HikaeError.system("rename", temporary) }
        guard let segment = IndexSegment(path: path, unlink: unlink) else {
            throw HikaeError(.damaged, "the index cache \(path) could not be read back")
        }
        return segment
    }

    private func write(_ header: IndexSegmentHeader, to path: String, isDurable: Bool) throws(HikaeError) {
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
        try output.finish(size: header.fileSize, isDurable: isDurable)
    }
}

/// A sorted sequence of entries, wherever it stands.
enum IndexRun: Sendable {
    case memory([IndexEntry])
    case mapped(MappedRun)
    /// An old segment, whose pack numbers are to be raised by `packBase`.
    case segment(IndexSegment, packBase: UInt32)

    var count: Int {
        switch self {
        case .memory(let entries): entries.count
        case .mapped(let run): run.count
        case .segment(let segment, _): segment.count
        }
    }

    func entry(_ position: Int) -> IndexEntry {
        switch self {
        case .memory(let entries): return entries[position]
        case .mapped(let run): return run.entry(position)
        case .segment(let segment, let packBase):
            var entry = segment.entry(position)
            entry.packAndType += packBase
            return entry
        }
    }
}

/// A run in a mapped file without a name, entries as `IndexEntry` lies in memory. Unmapped at the end.
///
/// `@unchecked Sendable` is sound because the mapping is private to this object, read-only and never changed.
final class MappedRun: @unchecked Sendable {
    let count: Int
    private let base: UnsafeRawPointer

    init?(path: String, count: Int) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let size = count * MemoryLayout<IndexEntry>.stride
        guard let mapped = mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0), mapped != MAP_FAILED else {
            return nil
        }
        base = UnsafeRawPointer(mapped)
        self.count = count
    }

    deinit { munmap(UnsafeMutableRawPointer(mutating: base), count * MemoryLayout<IndexEntry>.stride) }

    func entry(_ position: Int) -> IndexEntry {
        precondition(position < count)
        let address = base + position * MemoryLayout<IndexEntry>.stride
        var entry = IndexEntry(
            PackedBlob(
                id: BlobID(UnsafeRawBufferPointer(start: address, count: 32)), type: .data, offset: 0, length: 0,
                uncompressedLength: 0), pack: 0)
        entry.packAndType = address.load(fromByteOffset: 32, as: UInt32.self)
        entry.offset = address.load(fromByteOffset: 36, as: UInt32.self)
        entry.length = address.load(fromByteOffset: 40, as: UInt32.self)
        entry.uncompressedLength = address.load(fromByteOffset: 44, as: UInt32.self)
        return entry
    }
}

/// Merges sorted runs. The runs are few (tens), so the smallest head is found by looking at each.
struct IndexMerge {
    private let runs: [IndexRun]
    private var positions: [Int]
    private var heads: [IndexEntry?]

    init(_ runs: [IndexRun]) {
        self.runs = runs
        positions = [Int](repeating: 0, count: runs.count)
        heads = runs.map { $0.count > 0 ? $0.entry(0) : nil }
    }

    mutating func next() -> IndexEntry? {
        var best: Int?
        var smallest: IndexEntry?
        for index in heads.indices {
            guard let head = heads[index] else { continue }
            if let current = smallest, !IndexEntry.precedes(head, current) { continue }
            best = index
            smallest = head
        }
        guard let best else { return nil }
        positions[best] += 1
        heads[best] = positions[best] < runs[best].count ? runs[best].entry(positions[best]) : nil
        return smallest
    }
}

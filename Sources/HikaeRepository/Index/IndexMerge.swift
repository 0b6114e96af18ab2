// Sorted runs of entries, and the merge that makes one order of them.

import HikaeCore
import HikaeFormat

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A sorted sequence of entries, wherever it stands.
enum IndexRun: Sendable {
    case memory([IndexEntry])
    /// In a file without a name, entries as `SegmentOutput` writes them.
    case mapped(MappedFile, count: Int)
    /// An old segment, whose pack numbers are to be raised by `packBase`.
    case segment(IndexSegment, packBase: UInt32)

    var count: Int {
        switch self {
        case .memory(let entries): entries.count
        case .mapped(_, let count): count
        case .segment(let segment, _): segment.count
        }
    }

    func entry(_ position: Int) -> IndexEntry {
        switch self {
        case .memory(let entries): return entries[position]
        case .mapped(let file, let count):
            precondition(position < count)
            return IndexEntry(at: file.base + position * MemoryLayout<IndexEntry>.stride)
        case .segment(let segment, let packBase):
            var entry = segment.entry(position)
            entry.packAndType += packBase
            return entry
        }
    }
}

/// A file mapped for reading, unmapped at the end.
///
/// `@unchecked Sendable` is sound because the mapping is private to this object, read-only and never changed.
final class MappedFile: @unchecked Sendable {
    let bytes: UnsafeRawBufferPointer
    let base: UnsafeRawPointer

    /// Nil when the file cannot be mapped or has another size.
    init?(path: String, size: Int) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, Int(status.st_size) == size,
            let mapped = mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0), mapped != MAP_FAILED
        else { return nil }
        base = UnsafeRawPointer(mapped)
        bytes = UnsafeRawBufferPointer(start: mapped, count: size)
    }

    deinit { munmap(UnsafeMutableRawPointer(mutating: base), bytes.count) }
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

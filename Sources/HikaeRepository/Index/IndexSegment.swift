// A sorted part of the index in a memory-mapped file: opening parses nothing, the kernel may take the memory back.
// The file is a cache of what the repository's index files say; it is never the truth.

import HikaeCore
import HikaeFormat

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The head of a segment file, 64 bytes, in the machine's byte order: the file never leaves the machine.
struct IndexSegmentHeader {
    static let size = 64
    static let magic: UInt64 = 0x0100_5844_4945_4B48

    var entryCount: Int
    var packCount: Int
    var indexFileCount: Int
    var fanBits: Int
    /// `IndexChecksum` of everything behind the head.
    var checksum: UInt64 = 0

    var indexFilesOffset: Int { Self.size }
    var packsOffset: Int { indexFilesOffset + indexFileCount * 32 }
    var fanOffset: Int { packsOffset + packCount * 32 }
    var entriesOffset: Int { (fanOffset + ((1 << fanBits) + 1) * 4 + 15) & ~15 }
    var fileSize: Int { entriesOffset + entryCount * MemoryLayout<IndexEntry>.stride }

    /// Bits of the fan-out for about eight entries a bucket.
    static func fanBits(for entryCount: Int) -> Int {
        var bits = 0
        while bits < 24, entryCount >> (bits + 3) > 0 { bits += 1 }
        return bits
    }

    private var words: [UInt64] {
        [
            Self.magic, UInt64(entryCount), UInt64(packCount), UInt64(indexFileCount), UInt64(fanBits),
            UInt64(fileSize), checksum,
        ]
    }

    /// The header's 64 bytes.
    func encoded() -> [UInt8] {
        var words = words
        words.append(words.withUnsafeBytes { IndexChecksum.of($0) })
        return words.withUnsafeBytes { Array($0) }
    }

    /// Nil unless the bytes are a header whose file would be `fileSize` bytes long.
    init?(_ bytes: UnsafeRawBufferPointer, fileSize: Int) {
        guard bytes.count >= Self.size else { return nil }
        let words = (0..<8).map { bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self) }
        let own = IndexChecksum.of(UnsafeRawBufferPointer(rebasing: bytes[..<(Self.size - 8)]))
        guard words[0] == Self.magic, words[7] == own, words[5] == UInt64(fileSize),
            words[1] < 1 << 32, words[2] < 1 << 31, words[3] < 1 << 31, words[4] <= 24
        else { return nil }
        entryCount = Int(words[1])
        packCount = Int(words[2])
        indexFileCount = Int(words[3])
        fanBits = Int(words[4])
        checksum = words[6]
        guard self.fileSize == fileSize else { return nil }
    }

    init(entryCount: Int, packCount: Int, indexFileCount: Int) {
        self.entryCount = entryCount
        self.packCount = packCount
        self.indexFileCount = indexFileCount
        fanBits = Self.fanBits(for: entryCount)
    }
}

/// A mapped segment.
///
/// `@unchecked Sendable` and the unsafe pointers are sound because the mapping is private to this object, read-only,
/// never changed after `init`, and unmapped only in `deinit`; every read is bounded by the header, which was checked
/// against the file's size, and the whole against a checksum. `path` changes only before the object is shared.
final class IndexSegment: @unchecked Sendable {
    let header: IndexSegmentHeader
    /// The file, so that merging can delete it; nil when it has no name.
    private(set) var path: String?
    private let base: UnsafeRawPointer

    var count: Int { header.entryCount }
    var packCount: Int { header.packCount }

    /// Maps the file at `path` and reads it through once; nil when it is not, byte for byte, what was written.
    init?(path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        let size = Int(status.st_size)
        guard size >= IndexSegmentHeader.size,
            let mapped = mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0), mapped != MAP_FAILED
        else { return nil }
        let bytes = UnsafeRawBufferPointer(start: mapped, count: size)
        guard let header = IndexSegmentHeader(bytes, fileSize: size),
            header.checksum == IndexChecksum.of(UnsafeRawBufferPointer(rebasing: bytes[IndexSegmentHeader.size...]))
        else {
            munmap(mapped, size)
            return nil
        }
        self.header = header
        base = UnsafeRawPointer(mapped)
        self.path = path
    }

    /// Gives the file its final name, or with nil none. Only the one who built the segment calls this, before anybody
    /// else has it.
    func moveFile(to final: String?) throws(HikaeError) {
        guard let current = path else { return }
        if let final {
            guard rename(current, final) == 0 else { throw HikaeError.system("rename", current) }
        } else {
            _ = remove(current)
        }
        path = final
    }

    deinit { munmap(UnsafeMutableRawPointer(mutating: base), header.fileSize) }

    func indexFile(_ number: Int) -> FileID { identifier(at: header.indexFilesOffset, number, header.indexFileCount) }

    func pack(_ number: Int) -> FileID { identifier(at: header.packsOffset, number, header.packCount) }

    private func identifier(at offset: Int, _ number: Int, _ count: Int) -> FileID {
        // A damaged cache may name a pack that is not in the table: such a pack is then simply not found.
        guard number < count else { return FileID(words: 0, 0, 0, 0) }
        return FileID(UnsafeRawBufferPointer(start: base + offset + number * 32, count: 32))
    }

    func entry(_ position: Int) -> IndexEntry {
        precondition(position < count)
        return IndexEntry(at: base + header.entriesOffset + position * MemoryLayout<IndexEntry>.stride)
    }

    /// The position of the first entry with this ID and type, or nil. About two cache lines are touched.
    func position(of id: BlobID, _ type: BlobType) -> Int? {
        guard count > 0 else { return nil }
        let bucket = header.fanBits == 0 ? 0 : Int(id.w0 >> UInt64(64 - header.fanBits))
        let fan = base + header.fanOffset + bucket * 4
        let start = Int(fan.load(as: UInt32.self))
        let end = min(Int(fan.load(fromByteOffset: 4, as: UInt32.self)), count)
        guard start < end else { return nil }
        let typeBit: UInt32 = type == .tree ? IndexEntry.treeBit : 0
        let position = lowerBound(id, typeBit, start, end)
        guard position < end else { return nil }
        let found = entry(position)
        return found.id == id && found.type == type ? position : nil
    }

    /// The first position from `start` up to `end` that is not before the key. IDs are hashes, so the key's own bits
    /// say where in its bucket it stands, give or take a few; where they do not, the search falls back to halving.
    private func lowerBound(_ id: BlobID, _ typeBit: UInt32, _ start: Int, _ end: Int) -> Int {
        let fraction = id.w0 << UInt64(header.fanBits)
        var position = start + Int(fraction.multipliedFullWidth(by: UInt64(end - start)).high)
        var low = start
        var high = end
        for _ in 0..<12 {
            if isBefore(position, id, typeBit) {
                low = position + 1
                if low == high { return low }
                position += 1
            } else {
                high = position
                if low == high { return high }
                position -= 1
            }
        }
        while low < high {
            let middle = (low + high) >> 1
            if isBefore(middle, id, typeBit) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    @inline(__always)
    private func isBefore(_ position: Int, _ id: BlobID, _ typeBit: UInt32) -> Bool {
        let address = base + header.entriesOffset + position * MemoryLayout<IndexEntry>.stride
        let first = UInt64(bigEndian: address.load(as: UInt64.self))
        if first != id.w0 { return first < id.w0 }
        let whole = BlobID(UnsafeRawBufferPointer(start: address, count: 32))
        if whole != id { return whole < id }
        return address.load(fromByteOffset: 32, as: UInt32.self) & IndexEntry.treeBit < typeBit
    }

    func location(_ position: Int) -> BlobLocation {
        let entry = entry(position)
        return BlobLocation(
            pack: pack(Int(entry.pack)), type: entry.type, offset: entry.offset, length: entry.length,
            uncompressedLength: entry.uncompressedLength)
    }
}

// What is where: all segments of one repository's index. Lookups take no lock.

public import HikaeCore
public import HikaeFormat

/// The index of a repository at one moment: an immutable value, shared freely between threads.
///
/// Each stored copy of a blob has a dense *position* from 0, stable as long as this value lives, so that a bit or a
/// number per blob fits a flat array.
public struct BlobIndex: Sendable {
    private let segments: [IndexSegment]
    private let bases: [Int]
    /// Stored copies of blobs, all packs together.
    public let entryCount: Int

    init(_ segments: [IndexSegment] = []) {
        // The largest first: most lookups end there.
        self.segments = segments.sorted { $0.count > $1.count }
        var bases: [Int] = []
        var total = 0
        for segment in self.segments {
            bases.append(total)
            total += segment.count
        }
        self.bases = bases
        entryCount = total
    }

    /// This index and one more segment.
    func adding(_ segment: IndexSegment) -> BlobIndex { BlobIndex(segments + [segment]) }

    /// Sorted parts that this index is made of.
    var segmentCount: Int { segments.count }

    /// Whether a position is the first of a segment.
    func isSegmentStart(_ position: Int) -> Bool { bases.contains(position) }

    /// The position of one copy of the blob, or nil when the repository has none.
    public func lookupPosition(_ id: BlobID, _ type: BlobType) -> Int? {
        for (number, segment) in segments.enumerated() {
            if let position = segment.position(of: id, type) { return bases[number] + position }
        }
        return nil
    }

    /// Whether a copy of the blob is there.
    public func contains(_ id: BlobID, _ type: BlobType) -> Bool { lookupPosition(id, type) != nil }

    /// Where one copy of the blob stands, or nil.
    public func lookup(_ id: BlobID, _ type: BlobType) -> BlobLocation? {
        for segment in segments {
            if let position = segment.position(of: id, type) { return segment.location(position) }
        }
        return nil
    }

    /// Where each copy of the blob stands.
    public func copies(_ id: BlobID, _ type: BlobType) -> [BlobLocation] {
        copyPositions(id, type).map(location)
    }

    /// The positions of each copy of the blob.
    public func copyPositions(_ id: BlobID, _ type: BlobType) -> [Int] {
        var found: [Int] = []
        for (number, segment) in segments.enumerated() {
            guard var position = segment.position(of: id, type) else { continue }
            while position < segment.count {
                let entry = segment.entry(position)
                guard entry.id == id, entry.type == type else { break }
                found.append(bases[number] + position)
                position += 1
            }
        }
        return found
    }

    /// The blob at a position.
    public func blob(at position: Int) -> PackedBlob {
        let (segment, offset) = split(position)
        return segment.entry(offset).blob
    }

    /// Where the copy at a position stands.
    public func location(_ position: Int) -> BlobLocation {
        let (segment, offset) = split(position)
        return segment.location(offset)
    }

    /// The number of the pack of the copy at a position: an index into `packs`.
    public func packNumber(at position: Int) -> Int {
        let number = segmentNumber(position)
        return packBase(number) + Int(segments[number].entry(position - bases[number]).pack)
    }

    private func segmentNumber(_ position: Int) -> Int {
        var number = segments.count - 1
        while bases[number] > position { number -= 1 }
        return number
    }

    private func split(_ position: Int) -> (IndexSegment, Int) {
        let number = segmentNumber(position)
        return (segments[number], position - bases[number])
    }

    private func packBase(_ number: Int) -> Int {
        segments[..<number].reduce(0) { $0 + $1.packCount }
    }

    /// The packs that the index files name, each as often as they name it.
    public var packs: [FileID] {
        segments.flatMap { segment in (0..<segment.packCount).map(segment.pack) }
    }

    /// The index files that this index was read from.
    public var indexFiles: [FileID] {
        segments.flatMap { segment in (0..<segment.header.indexFileCount).map(segment.indexFile) }
    }

    /// Calls `body` with each copy's position, pack number (see `packs`) and blob, in the order of positions. Within a
    /// segment that is the order of IDs.
    public func forEachEntry(_ body: (_ position: Int, _ pack: Int, _ blob: PackedBlob) throws(HikaeError) -> Void)
        throws(HikaeError)
    {
        var packBase = 0
        for (number, segment) in segments.enumerated() {
            for offset in 0..<segment.count {
                let entry = segment.entry(offset)
                try body(bases[number] + offset, packBase + Int(entry.pack), entry.blob)
            }
            packBase += segment.packCount
        }
    }
}

// The packs that an index names, each once. Index files may name a pack again; nothing may be counted twice for it.

import HikaeCore
import HikaeFormat

/// The distinct packs of an index. `BlobIndex` numbers packs as its files name them; this numbers them once each.
struct PackTable: Sendable {
    /// Each pack once, in the order of first naming. A pack's place here is its *number*.
    let ids: [FileID]
    /// How often the index files name each.
    let namings: [UInt32]
    private let numbers: [UInt32]
    private let numberByID: [FileID: UInt32]

    init(_ index: BlobIndex) {
        let named = index.packs
        var ids: [FileID] = []
        var namings: [UInt32] = []
        var numbers: [UInt32] = []
        var numberByID: [FileID: UInt32] = [:]
        numbers.reserveCapacity(named.count)
        numberByID.reserveCapacity(named.count)
        for id in named {
            if let number = numberByID[id] {
                namings[Int(number)] += 1
                numbers.append(number)
            } else {
                let number = UInt32(ids.count)
                numberByID[id] = number
                ids.append(id)
                namings.append(1)
                numbers.append(number)
            }
        }
        (self.ids, self.namings, self.numbers, self.numberByID) = (ids, namings, numbers, numberByID)
    }

    var count: Int { ids.count }

    /// The number of a pack, or nil when the index does not name it.
    func number(of id: FileID) -> Int? { numberByID[id].map(Int.init) }

    /// The number of the pack that the index calls `named`.
    func number(named: Int) -> Int { Int(numbers[named]) }

    /// The number of the pack that the copy at a position stands in.
    func number(at position: Int, in index: BlobIndex) -> Int { number(named: index.packNumber(at: position)) }
}

/// What the index says of one pack as a whole.
struct PackTotals: Sendable, Equatable {
    var blobs: UInt32 = 0
    var compressedBlobs: UInt32 = 0
    var hasTrees = false
    var hasData = false
    var blobBytes: UInt64 = 0

    mutating func add(_ blob: PackedBlob) {
        blobs += 1
        if blob.uncompressedLength != 0 { compressedBlobs += 1 }
        if blob.type == .tree { hasTrees = true } else { hasData = true }
        blobBytes += UInt64(blob.length)
    }

    /// Bytes of the pack beside its blobs: the sealed header and its length.
    var headerBytes: UInt64 {
        UInt64(blobs - compressedBlobs) * UInt64(PackHeader.plainEntrySize)
            + UInt64(compressedBlobs) * UInt64(PackHeader.compressedEntrySize) + UInt64(PackHeader.entryOverhead)
    }

    /// Bytes of the whole pack.
    var bytes: UInt64 { blobBytes + headerBytes }
}

extension PackTotals {
    /// The totals of every pack, by number.
    static func all(_ index: BlobIndex, _ table: PackTable) throws(HikaeError) -> [PackTotals] {
        var totals = [PackTotals](repeating: PackTotals(), count: table.count)
        try index.forEachDistinctEntry(table) { _, pack, blob throws(HikaeError) in totals[pack].add(blob) }
        return totals
    }
}

extension BlobIndex {
    /// As `forEachEntry`, with the pack's number in `table`, and without what a second naming of a pack says again.
    func forEachDistinctEntry(
        _ table: PackTable, _ body: (_ position: Int, _ pack: Int, _ blob: PackedBlob) throws(HikaeError) -> Void
    ) throws(HikaeError) {
        try forEachEntry { position, named, blob throws(HikaeError) in
            let pack = table.number(named: named)
            if table.namings[pack] > 1, isRepeated(position, pack, blob, table) { return }
            try body(position, pack, blob)
        }
    }

    private func isRepeated(_ position: Int, _ pack: Int, _ blob: PackedBlob, _ table: PackTable) -> Bool {
        copyPositions(blob.id, blob.type).contains { other in
            other < position && table.number(at: other, in: self) == pack && self.blob(at: other) == blob
        }
    }

    /// What the index says of some packs: their blobs in the order of offsets, each once.
    func blobs(of packs: Set<FileID>, _ table: PackTable) throws(HikaeError) -> [FileID: [PackedBlob]] {
        var wanted = [Bool](repeating: false, count: table.count)
        for (number, id) in table.ids.enumerated() where packs.contains(id) { wanted[number] = true }
        var blobs: [FileID: [PackedBlob]] = [:]
        guard wanted.contains(true) else { return blobs }
        try forEachDistinctEntry(table) { _, pack, blob in
            if wanted[pack] { blobs[table.ids[pack], default: []].append(blob) }
        }
        for id in blobs.keys { blobs[id]?.sort { $0.offset < $1.offset } }
        return blobs
    }

    /// Calls `body` once for each distinct blob, with the position that `lookupPosition` gives and all distinct copies
    /// as positions and pack numbers. The array is used again.
    func forEachBlob(
        _ table: PackTable,
        _ body: (_ primary: Int, _ copies: [(position: Int, pack: Int, blob: PackedBlob)]) throws(HikaeError) -> Void
    ) throws(HikaeError) {
        var copies: [(position: Int, pack: Int, blob: PackedBlob)] = []
        let isSingle = segmentCount == 1
        var run: PackedBlob?
        var runStart = 0
        func flush() throws(HikaeError) {
            guard let first = run else { return }
            if !isSingle {
                guard lookupPosition(first.id, first.type) == runStart else { return }
                let positions = copyPositions(first.id, first.type)
                if positions.count > copies.count {
                    copies = positions.map { ($0, table.number(at: $0, in: self), blob(at: $0)) }
                }
            }
            if copies.count > 1 { Self.dropRepeated(&copies) }
            try body(runStart, copies)
        }
        try forEachEntry { position, named, blob throws(HikaeError) in
            if let current = run, current.id == blob.id, current.type == blob.type,
                !isSegmentStart(position)
            {
                copies.append((position, table.number(named: named), blob))
                return
            }
            try flush()
            run = blob
            runStart = position
            copies.removeAll(keepingCapacity: true)
            copies.append((position, table.number(named: named), blob))
        }
        try flush()
    }

    private static func dropRepeated(_ copies: inout [(position: Int, pack: Int, blob: PackedBlob)]) {
        var kept: [(position: Int, pack: Int, blob: PackedBlob)] = []
        for copy in copies where !kept.contains(where: { $0.pack == copy.pack && $0.blob == copy.blob }) {
            kept.append(copy)
        }
        copies = kept
    }
}

// What the index says of each pack once it is known which blobs are needed. Pure, and 32 bytes a pack.

import HikaeCore
import HikaeFormat

/// How much of one pack is needed.
struct PackUsage: Equatable {
    /// What kind of blobs a pack holds.
    enum Content: UInt8 {
        case none, data, trees, mixed
    }

    var usedBytes: UInt64 = 0
    var unusedBytes: UInt64 = 0
    var usedBlobs: UInt32 = 0
    var unusedBlobs: UInt32 = 0
    /// Blobs that have copies in other packs, or more than once in this one.
    var duplicateBlobs: UInt32 = 0
    var content = Content.none
    var hasUncompressed = false

    var bytes: UInt64 { usedBytes + unusedBytes }

    mutating func note(_ copy: BlobCopy) {
        let kind: Content = copy.type == .tree ? .trees : .data
        if content == .none { content = kind } else if content != kind { content = .mixed }
        if !copy.isCompressed { hasUncompressed = true }
    }
}

/// One place where a blob is: the pack by its number in the index, and the sealed length there.
struct BlobCopy: Equatable {
    var pack: Int
    var type: BlobType
    var length: UInt32
    var isCompressed: Bool
}

/// Sums up all packs, blob by blob. Feed every blob twice, with all its copies at once: first to `count`, then,
/// if `hasDuplicates`, to `settle`, which decides the copy that counts as the one in use.
struct PackUsageCounter {
    private(set) var packs: [PackUsage]
    private(set) var statistics = PruneStatistics()
    private(set) var hasDuplicates = false

    private let isStored: [Bool]

    /// - Parameters:
    ///   - headerBytes: what each pack takes beside its blobs, by the pack's number.
    ///   - isStored: whether the pack is there at all, by its number.
    init(headerBytes: [UInt64], isStored: [Bool]) {
        packs = headerBytes.map { PackUsage(usedBytes: $0) }
        self.isStored = isStored
    }

    /// Counts one blob.
    mutating func count(_ copies: some Collection<BlobCopy>, isUsed: Bool) {
        let isDuplicate = isUsed && copies.count > 1
        if isDuplicate { hasDuplicates = true }
        for copy in copies {
            packs[copy.pack].note(copy)
            if isUsed, !isDuplicate {
                packs[copy.pack].usedBytes += UInt64(copy.length)
                packs[copy.pack].usedBlobs += 1
                statistics.used.add(blobs: 1, bytes: copy.length)
                continue
            }
            packs[copy.pack].unusedBytes += UInt64(copy.length)
            packs[copy.pack].unusedBlobs += 1
            if isDuplicate {
                packs[copy.pack].duplicateBlobs += 1
                statistics.duplicate.add(blobs: 1, bytes: copy.length)
            } else {
                statistics.unused.add(blobs: 1, bytes: copy.length)
            }
        }
    }

    /// Chooses the copy that counts as used: in a pack that is needed anyway, or that holds nothing but copies (what
    /// an interrupted prune left behind), else the last. One in a pack that is missing only when all of them are.
    mutating func settle(_ copies: some BidirectionalCollection<BlobCopy>, isUsed: Bool) {
        guard isUsed, copies.count > 1 else { return }
        let chosen =
            copies.first { copy in
                let pack = packs[copy.pack]
                return isStored[copy.pack] && (pack.usedBlobs > 0 || pack.duplicateBlobs == pack.unusedBlobs)
            } ?? copies.last { isStored[$0.pack] } ?? copies.last
        guard let chosen else { return }
        packs[chosen.pack].usedBytes += UInt64(chosen.length)
        packs[chosen.pack].usedBlobs += 1
        packs[chosen.pack].unusedBytes -= UInt64(chosen.length)
        packs[chosen.pack].unusedBlobs -= 1
        statistics.used.add(blobs: 1, bytes: chosen.length)
        statistics.duplicate.subtract(blobs: 1, bytes: chosen.length)
    }
}

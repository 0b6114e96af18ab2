// Decides what happens to each pack. Pure: it is told what is there and returns what to do.

import HikaeCore
import HikaeFormat
import HikaeStore

/// What is to happen to a pack that the index knows.
enum PackFate: UInt8 {
    case keep, repack, remove
    /// Not in the store and not needed: only the index forgets it.
    case forget
}

/// The outcome of a selection.
struct PackSelection {
    /// By the pack's number in the index.
    var fates: [PackFate]
    /// Packs that no index knows.
    var unreferenced: [FileID]
    var statistics: PruneStatistics
}

/// Chooses packs to keep, rewrite and remove, by restic's rules.
struct PackSelector {
    let options: PruneOptions
    /// Bytes that a pack aims at.
    let packSize: UInt64
    let repositoryVersion: Int

    /// Packs below this are "small".
    private var smallLimit: UInt64 { options.repackSmall ? packSize / 5 * 4 : packSize / 25 }

    /// - Parameters:
    ///   - ids: the packs' names, by number.
    ///   - usage: what is needed of them, by number.
    ///   - stored: the packs that are really there.
    /// - Throws: `.damaged` when a pack that is needed is missing or has another size than the index says.
    func select(
        ids: [FileID], usage: [PackUsage], stored: [StoredFileInfo], statistics: PruneStatistics
    ) throws(HikaeError) -> PackSelection {
        var selection = PackSelection(
            fates: [PackFate](repeating: .forget, count: ids.count), unreferenced: [], statistics: statistics)
        var numbers: [FileID: Int] = [:]
        numbers.reserveCapacity(ids.count)
        for (number, id) in ids.enumerated() { numbers[id] = number }
        var isStored = [Bool](repeating: false, count: ids.count)
        var candidates: [Int] = []
        var small: [Int] = []
        for file in stored {
            guard let number = numbers[file.id] else {
                selection.unreferenced.append(file.id)
                selection.statistics.unreferencedBytes += file.size
                continue
            }
            isStored[number] = true
            let pack = usage[number]
            guard pack.usedBlobs == 0 || pack.bytes == file.size else {
                throw HikaeError(
                    .damaged,
                    "pack \(file.id.short): calculated size \(pack.bytes) does not match real size \(file.size)",
                    hint: "Nothing was removed. Run `hikae repair index`.")
            }
            classify(number, pack, &selection, &candidates, &small)
        }
        try settleMissing(ids, usage, isStored, &selection)
        // Fewer are not worth the trouble, and one small pack left over would be rewritten for ever.
        if small.count < 10 { selection.statistics.keptPacks += UInt64(small.count) } else { candidates += small }
        chooseRepacks(candidates, usage, &selection)
        selection.statistics.unreferencedPacks = UInt64(selection.unreferenced.count)
        return selection
    }

    private func classify(
        _ number: Int, _ pack: PackUsage, _ selection: inout PackSelection, _ candidates: inout [Int],
        _ small: inout [Int]
    ) {
        selection.fates[number] = .keep
        if pack.usedBlobs == 0 {
            selection.statistics.unusedPacks += 1
            selection.statistics.removedPacks += 1
            selection.statistics.removed.add(blobs: pack.unusedBlobs, bytes: pack.unusedBytes)
            selection.fates[number] = .remove
            return
        }
        if pack.unusedBlobs == 0 {
            selection.statistics.usedPacks += 1
        } else {
            selection.statistics.partlyUsedPacks += 1
        }
        if options.repackCacheableOnly, pack.content == .data {
            selection.statistics.keptPacks += 1
        } else if pack.unusedBlobs == 0, pack.content != .mixed, !mustCompress(pack) {
            if pack.bytes >= smallLimit { selection.statistics.keptPacks += 1 } else { small.append(number) }
        } else {
            candidates.append(number)
        }
    }

    /// Version 2 wants trees compressed always, data when asked.
    private func mustCompress(_ pack: PackUsage) -> Bool {
        repositoryVersion >= 2 && pack.hasUncompressed && (pack.content == .trees || options.repackUncompressed)
    }

    private func settleMissing(
        _ ids: [FileID], _ usage: [PackUsage], _ isStored: [Bool], _ selection: inout PackSelection
    ) throws(HikaeError) {
        var needed: [FileID] = []
        for number in ids.indices where !isStored[number] {
            if usage[number].usedBlobs > 0 {
                needed.append(ids[number])
            } else {
                selection.statistics.removed.add(
                    blobs: usage[number].unusedBlobs, bytes: usage[number].unusedBytes)
            }
        }
        guard needed.isEmpty else {
            let names = needed.prefix(5).map(\.hex).joined(separator: ", ")
            throw HikaeError(
                .damaged, "\(needed.count) packs that snapshots need are missing from the repository: \(names)",
                hint: "Nothing was removed. Run `hikae check` for the files concerned, then `hikae repair`.")
        }
    }

    private func chooseRepacks(_ candidates: [Int], _ usage: [PackUsage], _ selection: inout PackSelection) {
        let sorted = candidates.sorted { left, right in precedes(usage[left], usage[right]) }
        let limit = options.maxUnused.bytes(beside: selection.statistics.used.bytes)
        for number in sorted {
            let pack = usage[number]
            let isLarge = pack.bytes >= smallLimit
            let isFull =
                options.maxRepackBytes.map { selection.statistics.repacked.bytes + pack.bytes >= $0 } ?? false
            let isTidy = selection.statistics.unusedBytesAfter < limit
            let isAlwaysDue = pack.content != .data || mustCompress(pack)
            if isFull || (!isAlwaysDue && isTidy && isLarge) {
                selection.statistics.keptPacks += 1
                continue
            }
            selection.fates[number] = .repack
            selection.statistics.repackedPacks += 1
            selection.statistics.repacked.add(blobs: pack.usedBlobs + pack.unusedBlobs, bytes: pack.bytes)
            selection.statistics.repackRemoved.add(blobs: pack.unusedBlobs, bytes: pack.unusedBytes)
        }
    }

    /// Packs with trees first, then small ones, then those with the largest share of waste.
    private func precedes(_ left: PackUsage, _ right: PackUsage) -> Bool {
        if (left.content != .data) != (right.content != .data) { return left.content != .data }
        let (leftSmall, rightSmall) = (left.bytes < smallLimit, right.bytes < smallLimit)
        if leftSmall != rightSmall { return leftSmall }
        let (first, second) = (
            left.unusedBytes.multipliedFullWidth(by: right.usedBytes),
            right.unusedBytes.multipliedFullWidth(by: left.usedBytes)
        )
        return first.high != second.high ? first.high > second.high : first.low > second.low
    }
}

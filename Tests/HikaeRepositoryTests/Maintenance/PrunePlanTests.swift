// What prune decides, from figures alone.

import HikaeCore
import HikaeFormat
import HikaeStore
import Testing

@testable import HikaeRepository

@Suite("Planning a prune")
struct PrunePlanTests {
    private func id(_ number: Int) -> FileID { FileID(words: UInt64(number), 1, 1, 1) }

    /// Selects among packs of 1,000,000 bytes each, given as used and unused bytes.
    private func select(
        _ packs: [PackUsage], missing: Set<Int> = [], extra: Int = 0, version: Int = 2,
        _ set: (inout PruneOptions) -> Void = { _ in }
    ) throws -> PackSelection {
        var options = PruneOptions()
        set(&options)
        var statistics = PruneStatistics()
        for pack in packs {
            statistics.used.add(blobs: pack.usedBlobs, bytes: pack.usedBytes)
            statistics.unused.add(blobs: pack.unusedBlobs, bytes: pack.unusedBytes)
        }
        var stored: [StoredFileInfo] = []
        for number in packs.indices where !missing.contains(number) {
            stored.append(StoredFileInfo(id: id(number), size: packs[number].bytes))
        }
        for number in 0..<extra { stored.append(StoredFileInfo(id: id(1000 + number), size: 5)) }
        let selector = PackSelector(options: options, packSize: 16 << 20, repositoryVersion: version)
        return try selector.select(
            ids: packs.indices.map(id), usage: packs, stored: stored, statistics: statistics)
    }

    private func pack(_ used: UInt64, _ unused: UInt64, _ content: PackUsage.Content = .data) -> PackUsage {
        PackUsage(
            usedBytes: used, unusedBytes: unused, usedBlobs: used > 0 ? 2 : 0, unusedBlobs: unused > 0 ? 1 : 0,
            content: content)
    }

    @Test("keeps what is used, removes what is not, and removes first what no index knows")
    func basics() throws {
        let selection = try select([pack(5_000_000, 0), pack(0, 4_000_000)], extra: 2)
        #expect(selection.fates == [.keep, .remove])
        #expect(selection.unreferenced.count == 2)
        #expect(selection.statistics.removed.bytes == 4_000_000)
        #expect(selection.statistics.unreferencedBytes == 10)
        #expect(selection.statistics.unusedBytesAfter == 0)
    }

    @Test("rewrites the most wasteful packs until the waste is tolerable")
    func maxUnused() throws {
        let packs = [pack(9_000_000, 1_000_000), pack(5_000_000, 5_000_000), pack(8_000_000, 2_000_000)]
        #expect(try select(packs) { $0.maxUnused = .percent(0) }.fates == [.repack, .repack, .repack])
        #expect(try select(packs) { $0.maxUnused = .bytes(3_500_000) }.fates == [.keep, .repack, .keep])
        #expect(try select(packs) { $0.maxUnused = .percent(10) }.fates == [.keep, .repack, .repack])
        #expect(try select(packs) { $0.maxUnused = .unlimited }.fates == [.keep, .keep, .keep])
    }

    @Test("stops rewriting at the size allowed")
    func maxRepack() throws {
        let packs = [pack(5_000_000, 5_000_000), pack(6_000_000, 4_000_000)]
        let selection = try select(packs) {
            $0.maxUnused = .bytes(0)
            $0.maxRepackBytes = 15_000_000
        }
        #expect(selection.fates == [.repack, .keep])
        #expect(try select(packs) { $0.maxRepackBytes = 0 }.fates == [.keep, .keep])
    }

    @Test("rewrites packs of trees however little they waste, and mixed ones always")
    func trees() throws {
        let packs = [pack(9_000_000, 1, .trees), pack(9_000_000, 0, .mixed), pack(9_000_000, 1)]
        #expect(try select(packs).fates == [.repack, .repack, .keep])
        #expect(
            try select(packs) {
                $0.repackCacheableOnly = true
                $0.maxUnused = .bytes(0)
            }.fates == [.repack, .repack, .keep])
    }

    @Test("rewrites what is not compressed: trees always, data when asked, nothing in version 1")
    func uncompressed() throws {
        var data = pack(9_000_000, 0)
        data.hasUncompressed = true
        var trees = pack(9_000_000, 0, .trees)
        trees.hasUncompressed = true
        #expect(try select([data, trees]).fates == [.keep, .repack])
        #expect(try select([data, trees]) { $0.repackUncompressed = true }.fates == [.repack, .repack])
        #expect(try select([data, trees], version: 1) { $0.repackUncompressed = true }.fates == [.keep, .keep])
    }

    @Test("joins small packs only when there are ten of them")
    func small() throws {
        let nine = [PackUsage](repeating: pack(100_000, 0), count: 9)
        #expect(try select(nine).fates.allSatisfy { $0 == .keep })
        #expect(try select(nine + [pack(100_000, 0)]).fates.allSatisfy { $0 == .repack })
        let medium = [PackUsage](repeating: pack(9_000_000, 0), count: 10)
        #expect(try select(medium).fates.allSatisfy { $0 == .keep })
        #expect(try select(medium) { $0.repackSmall = true }.fates.allSatisfy { $0 == .repack })
    }

    @Test("refuses when a pack that is needed is missing, and forgets one that is not")
    func missing() throws {
        #expect(throws: HikaeError.self) { try select([pack(1_000_000, 0)], missing: [0]) }
        let selection = try select([pack(1_000_000, 0), pack(0, 1_000_000)], missing: [1])
        #expect(selection.fates == [.keep, .forget])
        #expect(selection.statistics.removedPacks == 0)
    }

    @Test("counts on no copy in a missing pack while a pack that is there has one")
    func duplicatesInMissingPacks() {
        for isStored in [[false, true], [true, false], [false, false]] {
            var counter = PackUsageCounter(headerBytes: [100, 100], isStored: isStored)
            let shared = (0..<2).map { BlobCopy(pack: $0, type: .data, length: 1000, isCompressed: true) }
            let own = (0..<2).map { [BlobCopy(pack: $0, type: .data, length: 70, isCompressed: true)] }
            counter.count(shared, isUsed: true)
            // Neither holds nothing but copies.
            for blob in own { counter.count(blob, isUsed: false) }
            counter.settle(shared, isUsed: true)
            #expect(counter.packs.map(\.usedBlobs) == (isStored[0] ? [1, 0] : [0, 1]), "\(isStored)")
        }
    }

    @Test("counts each copy but one of a blob as a duplicate, and keeps the copy that costs least")
    func duplicates() {
        var counter = PackUsageCounter(headerBytes: [100, 100, 100], isStored: [true, true, true])
        let shared = [
            BlobCopy(pack: 0, type: .data, length: 1000, isCompressed: true),
            BlobCopy(pack: 1, type: .data, length: 1000, isCompressed: true),
        ]
        let own = [BlobCopy(pack: 1, type: .data, length: 500, isCompressed: true)]
        let waste = [
            BlobCopy(pack: 0, type: .data, length: 70, isCompressed: false),
            BlobCopy(pack: 2, type: .tree, length: 70, isCompressed: true),
        ]
        counter.count(shared, isUsed: true)
        counter.count(own, isUsed: true)
        counter.count(waste, isUsed: false)
        #expect(counter.hasDuplicates)
        counter.settle(shared, isUsed: true)
        counter.settle(own, isUsed: true)
        counter.settle(waste, isUsed: false)
        #expect(counter.packs[0].usedBlobs == 0 && counter.packs[0].unusedBytes == 1070)
        #expect(counter.packs[0].hasUncompressed)
        #expect(counter.packs[1].usedBlobs == 2 && counter.packs[1].usedBytes == 1600)
        #expect(counter.packs[2].usedBlobs == 0 && counter.packs[2].content == .trees)
        let statistics = counter.statistics
        #expect(statistics.used == .init(blobs: 2, bytes: 1500))
        #expect(statistics.duplicate == .init(blobs: 1, bytes: 1000))
        #expect(statistics.unused == .init(blobs: 2, bytes: 140))
    }

    @Test("reads the limits as restic writes them")
    func limits() throws {
        #expect(try UnusedLimit("5%") == .percent(5))
        #expect(try UnusedLimit(" 200M ") == .bytes(200 << 20))
        #expect(try UnusedLimit("unlimited") == .unlimited)
        for text in ["", "100%", "-1%", "x", "5 percent"] {
            #expect(throws: HikaeError.self) { try UnusedLimit(text) }
        }
        #expect(UnusedLimit.percent(5).bytes(beside: 95_000) == 5000)
        #expect(UnusedLimit.percent(0).bytes(beside: 95_000) == 0)
    }

    @Test("shows restic's table")
    func table() {
        var statistics = PruneStatistics()
        statistics.used = .init(blobs: 10, bytes: 3 << 20)
        statistics.unused = .init(blobs: 4, bytes: 1 << 20)
        statistics.removed = .init(blobs: 4, bytes: 1 << 20)
        statistics.usedPacks = 1
        statistics.unusedPacks = 1
        statistics.removedPacks = 1
        #expect(statistics.lines.contains("used:                 10 blobs / 3.000 MiB"))
        #expect(statistics.lines.contains("unused size: 25.00% of total size"))
        #expect(statistics.summaryLines.contains("total prune:           4 blobs / 1.000 MiB"))
        #expect(statistics.summaryLines.contains("unused size after prune: 0 B (0.00% of remaining size)"))
    }
}

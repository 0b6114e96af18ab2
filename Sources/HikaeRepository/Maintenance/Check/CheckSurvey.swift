// What a check knows of the repository while it goes on: the index, its packs, and which copies are lost.

import HikaeCore
import HikaeFormat

/// Shared by the parts of one check; all of it may be used from any thread.
final class CheckSurvey: Sendable {
    let index: BlobIndex
    let table: PackTable
    /// By pack number.
    let totals: [PackTotals]
    let ledger: CheckLedger
    /// Copies that cannot be read, by position.
    let lost: AtomicBitset

    init(index: BlobIndex, table: PackTable, totals: [PackTotals], ledger: CheckLedger) {
        self.index = index
        self.table = table
        self.totals = totals
        self.ledger = ledger
        lost = AtomicBitset(count: index.entryCount)
    }

    /// Marks the copies that stand past the end of a pack: `sizes` has the length by pack number, 0 for a missing pack.
    func loseBlobs(beyond sizes: [Int: UInt64]) throws(HikaeError) {
        try index.forEachEntry { position, named, blob in
            guard let size = sizes[table.number(named: named)] else { return }
            if UInt64(blob.offset) + UInt64(blob.length) > size { lost.insert(position) }
        }
    }

    /// Marks one copy, however often the index names it.
    func lose(_ blob: PackedBlob, pack: Int) {
        for position in index.copyPositions(blob.id, blob.type)
        where table.number(at: position, in: index) == pack && index.blob(at: position).offset == blob.offset {
            lost.insert(position)
        }
    }

    /// Whether some copy of a blob is not known to be lost.
    func hasCopy(_ id: BlobID, _ type: BlobType) -> Bool {
        index.copyPositions(id, type).contains { !lost.contains($0) }
    }
}

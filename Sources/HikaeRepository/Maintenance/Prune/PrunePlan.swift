// What a prune is going to do, decided before anything is touched.

public import HikaeCore
import HikaeFormat

/// A prune, planned. Valid only for the repository state it was made from, under the same lock.
public struct PrunePlan: Sendable {
    public let statistics: PruneStatistics
    /// Packs that no index knows: removed first.
    public let removePacksFirst: [FileID]
    /// Packs whose needed blobs are written to new packs.
    public let repackPacks: [FileID]
    /// Packs that nobody needs.
    public let removePacks: [FileID]
    /// Packs that are not there, nor needed: the index forgets them.
    public let forgetPacks: [FileID]
    /// Packs that stay and that several index files name: they will be named once, with these blobs. What a prune that
    /// was cut short leaves behind.
    let repeatedPacks: [FileID: [PackedBlob]]
    /// What to write again: a pack of `repackPacks` and the blobs to take from it.
    let repacks: [PackExtract]

    /// Whether there is nothing to do.
    public var isEmpty: Bool {
        removePacksFirst.isEmpty && repackPacks.isEmpty && removePacks.isEmpty && forgetPacks.isEmpty
            && repeatedPacks.isEmpty
    }
}

/// Some blobs of one pack, by their positions in the index.
struct PackExtract: Sendable {
    let pack: FileID
    let positions: ArraySlice<Int>

    /// The blobs at the positions.
    func blobs(in index: BlobIndex) -> [PackedBlob] { positions.map(index.blob(at:)) }

    /// Sorts positions into extracts, one a pack, in the order of the packs' numbers.
    static func grouping(_ positions: [Int], _ index: BlobIndex, _ table: PackTable) -> [PackExtract] {
        let keyed = positions.map { (pack: UInt32(table.number(at: $0, in: index)), position: $0) }
            .sorted { ($0.pack, $0.position) < ($1.pack, $1.position) }
        let sorted = keyed.map(\.position)
        var extracts: [PackExtract] = []
        var start = 0
        for end in keyed.indices where end + 1 == keyed.count || keyed[end + 1].pack != keyed[end].pack {
            extracts.append(
                PackExtract(pack: table.ids[Int(keyed[end].pack)], positions: sorted[start...end]))
            start = end + 1
        }
        return extracts
    }
}

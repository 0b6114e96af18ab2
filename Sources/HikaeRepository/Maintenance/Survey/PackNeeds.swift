// Which packs snapshots need, and what would be left if some files went. What a removal by agreement is proposed by,
// and what those who are asked to agree find out for themselves.

public import HikaeCore
import HikaeFormat
import HikaeStore

/// What snapshots need of a repository. Its index must be loaded.
public struct PackNeeds: Sendable {
    private let repository: Repository
    private let index: BlobIndex
    private let used: UsedBlobs

    /// Walks the trees below `roots`.
    ///
    /// Throws `.damaged` when one cannot be read or names a blob that no index has.
    public init(
        _ repository: Repository, roots: [BlobID], cancellation: Cancellation? = nil
    ) throws(HikaeError) {
        self.repository = repository
        index = repository.index
        used = try UsedBlobs(repository, roots: roots, threads: processorCount(), cancellation: cancellation)
    }

    /// For each blob that is needed one pack that has it: what a snapshot tells a vault that cannot read it.
    public func packs() throws(HikaeError) -> Set<FileID> {
        let names = index.packs
        var needed: Set<Int> = []
        try index.forEachEntry { position, pack, _ in
            if used.bits.contains(position) { needed.insert(pack) }
        }
        return Set(needed.map { names[$0] })
    }

    /// Every pack that has any copy of a needed blob.
    public func packsWithCopies() throws(HikaeError) -> Set<FileID> {
        let table = PackTable(index)
        var needed = [Bool](repeating: false, count: table.count)
        try index.forEachBlob(table) { primary, copies in
            guard used.bits.contains(primary) else { return }
            for copy in copies { needed[copy.pack] = true }
        }
        return Set(table.ids.indices.filter { needed[$0] }.map { table.ids[$0] })
    }

    /// How many needed blobs would have no copy left: none in a pack that stays and that a remaining index file names.
    ///
    /// - Parameters:
    ///   - packs: packs that go.
    ///   - indexes: index files that go.
    public func losses(withoutPacks packs: Set<FileID>, withoutIndexes indexes: Set<FileID>) throws(HikaeError) -> Int {
        var kept: [FileID: [UInt32: PackedBlob]] = [:]
        for file in try repository.store.list(.index).map(\.id) where !indexes.contains(file) {
            for (pack, blobs) in try IndexFiles.load(file, of: repository) where !packs.contains(pack) {
                for blob in blobs { kept[pack, default: [:]][blob.offset] = blob }
            }
        }
        let table = PackTable(index)
        var lost = 0
        try index.forEachBlob(table) { primary, copies in
            guard used.bits.contains(primary) else { return }
            if !copies.contains(where: { kept[table.ids[$0.pack]]?[$0.blob.offset] == $0.blob }) { lost += 1 }
        }
        return lost
    }
}

/// Index files as they stand, one by one.
enum IndexFiles {
    /// The packs that a file names, with their blobs.
    static func load(_ file: FileID, of repository: Repository) throws(HikaeError) -> [(FileID, [PackedBlob])] {
        let json = try repository.loadUnpacked(StoredFile(.index, file))
        var packs: [(FileID, [PackedBlob])] = []
        try json.withBytes { bytes throws(HikaeError) in
            try IndexCodec.decode(
                bytes, supersedes: { _ in }, pack: { packs.append(($0, [])) },
                blob: { _, blob in packs[packs.count - 1].1.append(blob) })
        }
        return packs
    }
}

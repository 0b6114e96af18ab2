// What could go if some snapshots went, for a vault that lets nobody remove anything by himself: packs that no
// remaining snapshot needs, whole ones only, and the index files that name them, with new ones in their place.

public import HikaeCore
import HikaeFormat
import HikaeStore

/// Files that could go.
public struct RemovalSurvey: Sendable {
    /// Packs without any blob that a remaining snapshot needs.
    public private(set) var packs: [FileID] = []
    /// Parity of those packs.
    public private(set) var parity: [FileID] = []
    /// Index files that name some of them.
    public private(set) var indexes: [FileID] = []
    /// Index files that say the rest of what those said, saved already. Until the others go, some packs are named
    /// twice, which harms nothing.
    public private(set) var newIndexes: [FileID] = []
    /// Bytes of the packs.
    public private(set) var bytes: UInt64 = 0

    /// Looks, and saves the new index files. Under an exclusive lock.
    ///
    /// - Parameter snapshots: those that are to go.
    /// - Throws: `.damaged` when a snapshot, tree or index cannot be read: then nobody knows what is needed.
    public init(
        _ repository: Repository, without snapshots: Set<FileID>, isDryRun: Bool = false,
        cancellation: Cancellation? = nil
    ) throws(HikaeError) {
        try repository.loadIndexAnew(progress: nil)
        let roots = try repository.snapshots().filter { !snapshots.contains($0.id) }.map(\.snapshot.tree)
        let needs = try PackNeeds(repository, roots: roots, cancellation: cancellation)
        let needed = try needs.packsWithCopies()
        for info in try repository.store.list(.pack) where !needed.contains(info.id) {
            packs.append(info.id)
            bytes += info.size
        }
        guard !packs.isEmpty else { return }
        let going = Set(packs)
        var output = IndexOutput(repository: repository)
        for file in try repository.store.list(.index).map(\.id).sorted() {
            let named = try IndexFiles.load(file, of: repository)
            guard named.contains(where: { going.contains($0.0) }) else { continue }
            indexes.append(file)
            if isDryRun { continue }
            for (pack, blobs) in named where !going.contains(pack) { try output.add(pack, blobs) }
        }
        try output.finish()
        newIndexes = output.saved.sorted()
        parity = Self.parity(repository).filter(going.contains)
    }

    /// A store that keeps no parity has none.
    private static func parity(_ repository: Repository) -> [FileID] {
        (try? repository.store.list(.parity).map(\.id)) ?? []
    }
}

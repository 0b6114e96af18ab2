// Gathers the blobs that a copy must move: what the snapshots need and the destination lacks.

import HikaeCore
import HikaeFormat
import HikaeStore
import Synchronization

/// The blobs to copy, gathered over several snapshots. `add` walks on several threads; the rest is for one.
final class CopySelection: Sendable {
    private struct Chosen {
        var positions: [Int] = []
        /// How many of them belong to snapshots that were walked to the end.
        var committed = 0
        var bytes: UInt64 = 0
    }

    private let source: Repository
    private let index: BlobIndex
    private let destination: Repository
    private let threads: Int
    private let walk: TreeWalk
    private let wanted: AtomicBitset
    private let chosen = Mutex(Chosen())

    init(_ source: Repository, _ destination: Repository, options: CopyOptions, cancellation: Cancellation?) {
        self.source = source
        self.destination = destination
        threads = options.threads
        index = source.index
        walk = TreeWalk(source, cancellation: cancellation)
        wanted = AtomicBitset(count: index.entryCount)
    }

    /// Bytes chosen and not yet taken, as they stand in the source's packs.
    var bytes: UInt64 { chosen.withLock { $0.bytes } }

    /// Adds what the tree `root` needs. Throws `.damaged` when some of it cannot be read or is in no index.
    func add(_ root: BlobID) throws(HikaeError) {
        let known = destination.index
        try walk.run(roots: [root], threads: threads) { [self] id, result throws(HikaeError) in
            let tree: Tree
            switch result {
            case .success(let read): tree = read
            case .failure(let error):
                throw HikaeError(.damaged, "the tree \(id.short) cannot be copied: \(error.message)")
            }
            try choose(id, .tree, known)
            for node in tree.nodes {
                for blob in node.content ?? [] { try choose(blob, .data, known) }
            }
        }
    }

    private func choose(_ id: BlobID, _ type: BlobType, _ known: BlobIndex) throws(HikaeError) {
        guard let position = index.lookupPosition(id, type) else {
            if known.contains(id, type) { return }
            throw HikaeError(
                .damaged, "the blob \(id.short) cannot be copied: it is in no index of \(source.store.location)",
                hint: "Run `hikae check` there for the files concerned.")
        }
        guard wanted.insert(position), !known.contains(id, type) else { return }
        let length = UInt64(index.blob(at: position).length)
        chosen.withLock { chosen in
            chosen.positions.append(position)
            chosen.bytes += length
        }
    }

    /// What was added so far belongs to whole snapshots.
    func commit() { chosen.withLock { $0.committed = $0.positions.count } }

    /// Forgets what was added since the last `commit`.
    func drop() { chosen.withLock { $0.positions.removeLast($0.positions.count - $0.committed) } }

    /// Takes what was chosen, pack by pack.
    func takeExtracts() -> [PackExtract] {
        let positions = chosen.withLock { chosen in
            defer { chosen = Chosen() }
            return chosen.positions
        }
        return PackExtract.grouping(positions, index, PackTable(index))
    }
}

// Which blobs the snapshots need: a bit for each, at the position the index looks it up at.

import HikaeCore
import HikaeFormat
import Synchronization

/// The blobs that some snapshots need. Complete or an error: nothing that deletes may work with less.
struct UsedBlobs: Sendable {
    let bits: AtomicBitset

    /// Walks all trees of `roots`.
    ///
    /// Throws `.damaged` when a tree cannot be read or a blob is in no index, naming the first ones.
    init(_ repository: Repository, roots: [BlobID], threads: Int, cancellation: Cancellation?) throws(HikaeError) {
        let index = repository.index
        let bits = AtomicBitset(count: index.entryCount)
        let missing = Mutex<[BlobID]>([])
        let walk = TreeWalk(repository, cancellation: cancellation)
        try walk.run(roots: roots, threads: threads) { id, result throws(HikaeError) in
            let tree: Tree
            switch result {
            case .success(let read): tree = read
            case .failure(let error):
                throw HikaeError(
                    .damaged, "the tree \(id.short) is needed and cannot be read: \(error.message)",
                    hint: "Nothing was removed. Run `hikae check` for the files concerned.")
            }
            if let position = index.lookupPosition(id, .tree) { bits.insert(position) }
            for node in tree.nodes {
                guard let content = node.content else { continue }
                for blob in content {
                    if let position = index.lookupPosition(blob, .data) {
                        bits.insert(position)
                    } else {
                        missing.withLock { if $0.count < 1000 { $0.append(blob) } }
                    }
                }
            }
        }
        let lost = missing.withLock { $0 }
        guard lost.isEmpty else {
            let names = lost.prefix(5).map(\.short).joined(separator: ", ")
            throw HikaeError(
                .damaged, "data seems to be missing: \(lost.count) blobs are in no index, among them \(names)",
                hint: "Nothing was removed, to lose no more. Run `hikae check` for the files concerned.")
        }
        self.bits = bits
    }
}

// Totals for progress: a walk over the trees that restores nothing.

import HikaeCore
import HikaeFormat
import HikaeRepository
import Synchronization

/// Counts the files and bytes that a restore will come to. What it cannot read it does not count.
struct RestoreCounter: Sendable {
    let repository: Repository
    let options: RestoreOptions
    let progress: Progress
    let cancellation: Cancellation

    /// Counts, then declares the totals final.
    func count(_ tree: BlobID) {
        var pending = [(tree, RestoreSelection(options))]
        while let (tree, selection) = pending.popLast(), !cancellation.isCancelled {
            guard let nodes = try? repository.tree(tree).nodes else { continue }
            var files = 0
            var bytes = 0
            for node in nodes {
                let choice = selection.choice(node.name, isDirectory: node.kind == .dir)
                if node.kind == .dir {
                    if let subtree = node.subtree, choice.isSelected || choice.isEntered {
                        pending.append((subtree, selection.entering(node.name)))
                    }
                } else if choice.isSelected {
                    files += 1
                    bytes += Int(clamping: node.size)
                }
            }
            progress.filesTotal.add(files, ordering: .relaxed)
            progress.bytesTotal.wrappingAdd(bytes, ordering: .relaxed)
        }
        progress.totalsAreFinal.store(true, ordering: .relaxed)
    }
}

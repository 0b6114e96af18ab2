// The parent snapshot's view of a directory, looked through in step with the listing.

import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeSource

/// The nodes of one tree of the parent snapshot, asked for in the order of names.
struct PreviousEntries {
    private var nodes: [Node] = []
    private var position = 0

    /// Loads a tree; a tree that cannot be read is reported and counts as empty: everything in it is read again.
    init(_ repository: Repository, tree: BlobID?, warn: (HikaeError) -> Void) {
        guard let tree else { return }
        do throws(HikaeError) {
            nodes = try repository.tree(tree).nodes
        } catch {
            warn(error)
        }
    }

    /// What this entry was, under its name or its former one. Entries must be asked for in the order of their names.
    mutating func find(_ entry: SourceEntry) -> Node? {
        let node = find(entry.node.name)
        guard let former = entry.formerName, former != entry.node.name else { return node }
        return search(former)
    }

    /// Any name, in any order.
    private func search(_ name: [UInt8]) -> Node? {
        var low = 0
        var high = nodes.count
        while low < high {
            let middle = (low + high) / 2
            if nodes[middle].name.lexicographicallyPrecedes(name) { low = middle + 1 } else { high = middle }
        }
        return low < nodes.count && nodes[low].name == name ? nodes[low] : nil
    }

    /// The node of this name, if there is one. Names must be asked for in rising order.
    private mutating func find(_ name: [UInt8]) -> Node? {
        while position < nodes.count, nodes[position].name.lexicographicallyPrecedes(name) { position += 1 }
        guard position < nodes.count, nodes[position].name == name else { return nil }
        return nodes[position]
    }
}

// A directory whose tree is being put together. Whoever brings the last missing entry saves the tree.

import HikaeCore
import HikaeFormat
import Synchronization

/// A directory on its way to a tree: entries in order, some still awaited.
final class DirectoryState: Sendable {
    private struct State: Sendable {
        var nodes: [Node?] = []
        /// Entries awaited, and one for the walker while it is still listing.
        var awaited = 1
    }

    /// The directory above, and the place of this one in it; nil for the root.
    let parent: (directory: DirectoryState, slot: Int)?
    /// The directory's own node, without its tree.
    let node: Node
    let path: String
    /// The node in the parent snapshot, if it was there.
    let previous: Node?
    private let state = Mutex(State())

    init(parent: (directory: DirectoryState, slot: Int)?, node: Node, path: String, previous: Node?) {
        self.parent = parent
        self.node = node
        self.path = path
        self.previous = previous
    }

    /// Adds an entry that is complete.
    func add(_ node: Node) { state.withLock { $0.nodes.append(node) } }

    /// Adds an entry to be brought later. Returns its place.
    func reserve() -> Int {
        state.withLock { state in
            state.nodes.append(nil)
            state.awaited += 1
            return state.nodes.count - 1
        }
    }

    /// Brings an awaited entry, or nil when it could not be read. True when nothing is awaited any more: the caller
    /// then saves the tree.
    func fulfil(_ slot: Int, _ node: Node?) -> Bool {
        state.withLock { state in
            state.nodes[slot] = node
            state.awaited -= 1
            return state.awaited == 0
        }
    }

    /// The walker has listed everything. True when nothing is awaited: the caller then saves the tree.
    func endListing() -> Bool {
        state.withLock { state in
            state.awaited -= 1
            return state.awaited == 0
        }
    }

    /// The tree; the entries are given away.
    func takeTree() -> Tree {
        let nodes = state.withLock { state in
            defer { state.nodes = [] }
            return state.nodes
        }
        return Tree(nodes: nodes.compactMap { $0 })
    }
}

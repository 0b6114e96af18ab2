// Rewrites trees without what is lost. Trees that lack nothing keep their ID, byte for byte.

import HikaeCore
import HikaeFormat
import HikaeStore

/// Rewrites the trees of snapshots, each tree once. One thread, with a stack of its own.
struct TreeRewriter {
    /// A tree on the way from the root.
    private struct Level {
        let id: BlobID
        let nodes: [Node]
        var next = 0
        var kept: [Node] = []
        var isChanged = false
        let pathLength: Int
    }

    private let repository: Repository
    private let index: BlobIndex
    private let table: PackTable
    /// By pack number: whether the pack is there.
    private let isStored: [Bool]
    private let saver: BlobSaver
    private let cancellation: Cancellation?
    private let note: (String) -> Void
    private var opener: BlobOpener
    /// What became of each tree.
    private var outcomes: [BlobID: BlobID] = [:]
    private var levels: [Level] = []
    private var path: [UInt8] = []

    init(
        _ repository: Repository, saver: BlobSaver, cancellation: Cancellation?, note: @escaping (String) -> Void
    ) throws(HikaeError) {
        self.repository = repository
        self.saver = saver
        self.cancellation = cancellation
        self.note = note
        index = repository.index
        table = PackTable(index)
        opener = BlobOpener(repository)
        var isStored = [Bool](repeating: false, count: table.count)
        for info in try repository.store.list(.pack) {
            if let number = table.number(of: info.id) { isStored[number] = true }
        }
        self.isStored = isStored
    }

    /// The tree to take in place of `root`: itself when nothing is missing, nil when it is lost.
    ///
    /// Throws the error of a tree that could not be read but may be whole.
    mutating func rewrite(_ root: BlobID) throws(HikaeError) -> BlobID? {
        path = []
        if let outcome = outcomes[root] { return outcome }
        guard try enter(root) else {
            note("  dir \"/\": not readable")
            return nil
        }
        while true {
            try cancellation?.check()
            let top = levels.count - 1
            if levels[top].next < levels[top].nodes.count {
                try step(top)
                continue
            }
            let outcome = try leave()
            if levels.isEmpty { return outcome }
        }
    }

    /// Goes down into a tree; false when it is lost.
    private mutating func enter(_ id: BlobID) throws(HikaeError) -> Bool {
        do throws(HikaeError) {
            let tree = try repository.tree(id, with: &opener)
            levels.append(Level(id: id, nodes: tree.nodes, pathLength: path.count))
            return true
        } catch {
            // No index names it, or the pack that should have it is gone.
            guard error.isLoss || error.code == .notFound else { throw error }
            return false
        }
    }

    private mutating func step(_ top: Int) throws(HikaeError) {
        var node = levels[top].nodes[levels[top].next]
        path.removeLast(path.count - levels[top].pathLength)
        path.append(UInt8(ascii: "/"))
        path += node.name
        if node.kind == .dir {
            let subtree = node.subtree
            if let subtree, outcomes[subtree] == nil, try enter(subtree) { return }
            levels[top].next += 1
            let outcome: BlobID
            if let subtree, let known = outcomes[subtree] {
                outcome = known
            } else {
                note("  dir \"\(shownPath)\": replaced with empty directory")
                outcome = try save([])
            }
            take(&node, subtree: outcome, top)
            return
        }
        levels[top].next += 1
        if node.kind == .irregular {
            note("  file \"\(shownPath)\": removed node with invalid type")
            levels[top].isChanged = true
            return
        }
        if node.kind == .file, repair(&node) { levels[top].isChanged = true }
        levels[top].kept.append(node)
    }

    private mutating func take(_ node: inout Node, subtree: BlobID, _ top: Int) {
        if node.subtree != subtree {
            node.subtree = subtree
            levels[top].isChanged = true
        }
        levels[top].kept.append(node)
    }

    /// Ends a tree: saves it if it changed. The level above meets it again and finds the outcome.
    private mutating func leave() throws(HikaeError) -> BlobID {
        let level = levels.removeLast()
        let outcome = level.isChanged ? try save(level.kept) : level.id
        outcomes[level.id] = outcome
        return outcome
    }

    private func save(_ nodes: [Node]) throws(HikaeError) -> BlobID {
        let bytes = Tree(nodes: nodes).encoded()
        return try bytes.withBytes { buffer throws(HikaeError) in try saver.save(buffer, .tree).id }
    }

    /// Drops the pieces of a file that are lost and sets its size to that of the rest. Whether anything changed.
    private func repair(_ node: inout Node) -> Bool {
        var kept: [BlobID] = []
        var size: UInt64 = 0
        for id in node.content ?? [] {
            guard let length = length(of: id) else { continue }
            kept.append(id)
            size += length
        }
        if node.content == kept, size == node.size { return false }
        note("  file \"\(shownPath)\": \(node.content == kept ? "fixed incorrect size" : "removed missing content")")
        node.content = kept
        node.size = size
        return true
    }

    /// Bytes of a data blob that is there; nil when no pack that is there has it.
    private func length(of id: BlobID) -> UInt64? {
        guard let position = index.lookupPosition(id, .data) else { return nil }
        if isStored[table.number(at: position, in: index)] {
            return UInt64(index.blob(at: position).plaintextLength)
        }
        let other = index.copyPositions(id, .data).first { isStored[table.number(at: $0, in: index)] }
        return other.map { UInt64(index.blob(at: $0).plaintextLength) }
    }

    private var shownPath: String { String(decoding: path, as: UTF8.self) }
}

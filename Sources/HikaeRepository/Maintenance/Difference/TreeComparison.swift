// The walk of a comparison, with a stack of its own: a tree of any depth must not end the process.

import HikaeCore
import HikaeFormat

/// Compares two trees level by level. Used once, by one thread.
struct TreeComparison {
    /// Two lists of nodes side by side, sorted by name; one of them is empty below what was added or removed.
    private struct Level {
        var old: [Node]
        var new: [Node]
        var oldNext = 0
        var newNext = 0
        let pathLength: Int
    }

    private let repository: Repository
    private let showsMetadata: Bool
    private let cancellation: Cancellation?
    private var opener: BlobOpener
    private var statistics = DifferenceStatistics()
    private var before: BlobSurvey
    private var after: BlobSurvey
    /// Trees that both sides have, not walked here.
    private var common: [BlobID] = []
    private var levels: [Level] = []
    private var path: [UInt8] = []

    init(_ repository: Repository, showsMetadata: Bool, cancellation: Cancellation?) {
        self.repository = repository
        self.showsMetadata = showsMetadata
        self.cancellation = cancellation
        opener = BlobOpener(repository)
        before = BlobSurvey(repository.index)
        after = BlobSurvey(repository.index)
    }

    mutating func run(
        _ old: BlobID, _ new: BlobID, change: (DifferenceChange) -> Void, report: (HikaeError) -> Void
    ) throws(HikaeError) {
        before.insert(old, .tree)
        after.insert(new, .tree)
        if old == new { return }
        try push(old: old, new: new)
        while let level = levels.last {
            try cancellation?.check()
            guard level.oldNext < level.old.count || level.newNext < level.new.count else {
                levels.removeLast()
                continue
            }
            path.removeLast(path.count - level.pathLength)
            let (oldNode, newNode) = nextPair()
            try step(oldNode, newNode, change: change, report: report)
        }
    }

    /// The next node of either side, or of both when they have the same name.
    private mutating func nextPair() -> (Node?, Node?) {
        let top = levels.count - 1
        let old = levels[top].oldNext < levels[top].old.count ? levels[top].old[levels[top].oldNext] : nil
        let new = levels[top].newNext < levels[top].new.count ? levels[top].new[levels[top].newNext] : nil
        let takesOld = old.map { left in new.map { !$0.name.lexicographicallyPrecedes(left.name) } ?? true } ?? false
        let takesNew = new.map { right in old.map { !$0.name.lexicographicallyPrecedes(right.name) } ?? true } ?? false
        if takesOld { levels[top].oldNext += 1 }
        if takesNew { levels[top].newNext += 1 }
        return (takesOld ? old : nil, takesNew ? new : nil)
    }

    private mutating func step(
        _ old: Node?, _ new: Node?, change: (DifferenceChange) -> Void, report: (HikaeError) -> Void
    ) throws(HikaeError) {
        guard let node = new ?? old else { return }
        if let old { before.insert(contentOf: old) }
        if let new { after.insert(contentOf: new) }
        path.append(UInt8(ascii: "/"))
        path += node.name
        let shown = node.kind == .dir ? path + [UInt8(ascii: "/")] : path
        if let old, let new {
            let modifier = self.modifier(old, new)
            if !modifier.isEmpty { change(DifferenceChange(pathBytes: shown, modifier: modifier)) }
            guard old.kind == .dir, new.kind == .dir, let left = old.subtree, let right = new.subtree else { return }
            if left == right { common.append(left) } else { try descend(left, right, report) }
        } else {
            change(DifferenceChange(pathBytes: shown, modifier: new != nil ? "+" : "-"))
            if new != nil { statistics.added.count(node) } else { statistics.removed.count(node) }
            guard node.kind == .dir, let subtree = node.subtree else { return }
            try descend(new == nil ? subtree : nil, new != nil ? subtree : nil, report)
        }
    }

    private mutating func modifier(_ old: Node, _ new: Node) -> String {
        var modifier = old.kind != new.kind ? "T" : ""
        if old.kind == .file, new.kind == .file, old.content ?? [] != new.content ?? [] {
            modifier += "M"
            statistics.changedFiles += 1
        } else if showsMetadata, old != new {
            modifier += "U"
        }
        return modifier
    }

    private mutating func descend(_ old: BlobID?, _ new: BlobID?, _ report: (HikaeError) -> Void) throws(HikaeError) {
        do throws(HikaeError) {
            try push(old: old, new: new)
        } catch {
            if error.code == .cancelled { throw error }
            report(error)
        }
    }

    private mutating func push(old: BlobID?, new: BlobID?) throws(HikaeError) {
        let level = Level(old: try nodes(old), new: try nodes(new), pathLength: path.count)
        levels.append(level)
    }

    private mutating func nodes(_ id: BlobID?) throws(HikaeError) -> [Node] {
        guard let id else { return [] }
        return try repository.tree(id, with: &opener).nodes
            .sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    /// The figures; walks what both sides share, so that a blob there counts for neither.
    func finish(report: @escaping @Sendable (HikaeError) -> Void) throws(HikaeError) -> DifferenceStatistics {
        let shared = BlobSurvey(repository.index)
        let walk = TreeWalk(repository, cancellation: cancellation)
        try walk.run(roots: common, threads: processorCount()) { id, result in
            switch result {
            case .success(let tree):
                shared.insert(id, .tree)
                for node in tree.nodes { shared.insert(contentOf: node) }
            case .failure(let error): report(error)
            }
        }
        var statistics = statistics
        before.count(without: [after, shared], into: &statistics.removed, report: report)
        after.count(without: [before, shared], into: &statistics.added, report: report)
        return statistics
    }
}

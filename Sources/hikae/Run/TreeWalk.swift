// Going through the tree of a snapshot, in the order of names. On the heap, not on the stack: a tree may be as deep as
// whoever made it liked.

import HikaeCore
import HikaeFormat
import HikaeRepository

/// A walk through one tree.
struct TreeWalk {
    /// What to do after an entry was seen.
    enum Step {
        /// Go into it if it is a directory.
        case descend
        /// Do not.
        case skip
        /// End the walk.
        case stop
    }

    private struct Level {
        var path: [UInt8]
        var id: BlobID
        var nodes: [Node]
        var next = 0
    }

    let repository: Repository
    /// Told of a tree that cannot be read; without it the walk throws.
    var unreadable: ((BlobID, HikaeError) -> Void)?

    /// Visits every entry below `root`. `visit` is given its absolute path and the tree it stands in.
    func walk(
        _ root: BlobID, at path: [UInt8] = [],
        visit: (_ path: [UInt8], Node, _ parent: BlobID) throws(HikaeError) -> Step
    ) throws(HikaeError) {
        var levels: [Level] = []
        if let level = try level(root, path) { levels.append(level) }
        while let level = levels.last {
            guard level.next < level.nodes.count else {
                levels.removeLast()
                continue
            }
            try Shutdown.cancellation.check()
            let node = level.nodes[level.next]
            levels[levels.count - 1].next += 1
            let path = level.path + [UInt8(ascii: "/")] + node.name
            switch try visit(path, node, level.id) {
            case .stop: return
            case .skip: continue
            case .descend:
                guard node.kind == .dir, let subtree = node.subtree else { continue }
                if let next = try self.level(subtree, path) { levels.append(next) }
            }
        }
    }

    private func level(_ id: BlobID, _ path: [UInt8]) throws(HikaeError) -> Level? {
        do throws(HikaeError) {
            return Level(path: path, id: id, nodes: try repository.tree(id).nodes)
        } catch {
            guard let unreadable, error.code != .cancelled else { throw error }
            unreadable(id, error)
            return nil
        }
    }
}

/// Finding what a path names in a tree.
enum TreePath {
    /// The names a path consists of; `.` counts for nothing.
    static func names(_ path: [UInt8]) -> [[UInt8]] {
        path.split(separator: UInt8(ascii: "/")).map(Array.init).filter { $0 != [UInt8(ascii: ".")] }
    }

    /// The folder at `subpath` below `root`.
    static func folder(_ repository: Repository, _ root: BlobID, _ subpath: String?) throws(HikaeError) -> BlobID {
        let path = ArgumentBytes.bytes(subpath ?? "")
        guard let node = try node(repository, root, path) else { return root }
        guard node.kind == .dir, let tree = node.subtree else {
            throw HikaeError(.notFound, "\(Words.safe(path)) is a \(node.kind.rawValue), not a folder")
        }
        return tree
    }

    /// The entry at `path` below `root`; nil for the root itself. Throws `.notFound`.
    static func node(_ repository: Repository, _ root: BlobID, _ path: [UInt8]) throws(HikaeError) -> Node? {
        var current: Node?
        for name in names(path) {
            if let folder = current, folder.kind != .dir {
                throw HikaeError(
                    .notFound, "\(Words.safe(folder.name)) in \(Words.safe(path)) is a \(folder.kind.rawValue)")
            }
            let tree = try repository.tree(current?.subtree ?? root)
            guard let node = tree.nodes.first(where: { $0.name == name }) else {
                throw HikaeError(
                    .notFound, "the snapshot has no \(Words.safe(path))",
                    hint: "`hikae ls SNAPSHOT` shows the paths it has.")
            }
            current = node
        }
        return current
    }
}

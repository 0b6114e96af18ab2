// A source as it should be: the newest capture, with the last good generation of each file that has a better one.

public import HikaeCore
import HikaeDestination
import HikaeFormat
import HikaeRepository

extension ChosenCapture {
    /// The same capture with older generations in place of what is gone or rotten. Nothing is stored.
    ///
    /// The facts of the capture no longer hold for it, so it has no record: it is proved against its own contents.
    public func mixed(with generations: [FileGeneration]) throws(HikaeError) -> ChosenCapture {
        guard !generations.isEmpty else { return self }
        var root = Replacements()
        for generation in generations { root.insert(generation.node, generation.path[...]) }
        let tree = try root.compose(over: content.tree, content)
        return ChosenCapture(
            name: name, entry: entry, record: nil, content: SnapshotContent(content.repository, tree: tree),
            vault: vault,
            notes: notes + [.olderFiles(generations.count)])
    }
}

/// What is put in place below one directory.
private struct Replacements {
    private var nodes: [[UInt8]: Node] = [:]
    private var folders: [[UInt8]: Replacements] = [:]

    mutating func insert(_ node: Node, _ path: ArraySlice<[UInt8]>) {
        guard let name = path.first else { return }
        if path.count == 1 {
            nodes[name] = node
        } else {
            folders[name, default: Replacements()].insert(node, path.dropFirst())
        }
    }

    /// The directory with the replacements in it, and those below.
    func compose(over tree: BlobID?, _ content: SnapshotContent) throws(HikaeError) -> BlobID {
        var present: [[UInt8]: Node] = [:]
        if let tree {
            for node in try content.nodes(of: tree) { present[node.name] = node }
        }
        for (name, node) in nodes { present[name] = node }
        for (name, inner) in folders {
            var node = present[name] ?? Self.folder(name)
            // A file that has come where a folder was is the newer truth; what was in the folder cannot stand below it.
            guard node.kind == .dir else { continue }
            node.subtree = try inner.compose(over: node.subtree, content)
            present[name] = node
        }
        var composed = Tree()
        composed.nodes = Array(present.values)
        composed.sort()
        return try content.repository.compose(composed)
    }

    /// A directory that the newest capture has no longer.
    private static func folder(_ name: [UInt8]) -> Node {
        var node = Node(name: name, kind: .dir)
        node.mode = FileMode.directory | 0o755
        return node
    }
}

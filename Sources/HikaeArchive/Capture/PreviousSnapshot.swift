// The capture before, as the repository has it.

public import HikaeCore
public import HikaeFormat
public import HikaeRepository
public import HikaeSource

/// A snapshot's content as a source sees it.
public struct PreviousSnapshot: PreviousCapture {
    public let facts: CaptureFacts?
    private let repository: Repository
    private let tree: BlobID

    /// The content below `tree` of an open repository whose index is loaded.
    public init(_ repository: Repository, tree: BlobID, facts: CaptureFacts?) {
        (self.repository, self.tree, self.facts) = (repository, tree, facts)
    }

    /// The nodes of a directory of the content, as the repository has them; nil when there is none.
    public func nodes(at path: [[UInt8]]) throws(HikaeError) -> [Node]? {
        guard let tree = try find(path) else { return nil }
        return try repository.tree(tree).nodes
    }

    /// The bytes of a small file of the content; nil when there is none.
    public func bytes(at path: [[UInt8]], limit: Int) throws(HikaeError) -> [UInt8]? {
        guard let name = path.last, let tree = try find(Array(path.dropLast())) else { return nil }
        guard let node = try repository.tree(tree).node(named: name), let content = node.content else { return nil }
        var bytes: [UInt8] = []
        for id in content {
            bytes += try repository.blob(id, .data)
            guard bytes.count <= limit else {
                throw HikaeError(.limit, "\(node.displayName) of the snapshot before is larger than \(limit) bytes")
            }
        }
        return bytes
    }

    private func find(_ path: [[UInt8]]) throws(HikaeError) -> BlobID? {
        var tree = tree
        for name in path {
            guard let next = try repository.tree(tree).node(named: name)?.subtree else { return nil }
            tree = next
        }
        return tree
    }
}

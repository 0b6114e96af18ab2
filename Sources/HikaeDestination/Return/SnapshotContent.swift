// A part of a snapshot as the way back sees it: directories that can be listed, files that can be read in order.

public import HikaeCore
public import HikaeFormat
public import HikaeRepository

/// The content of one capture: the tree at a snapshot's `/system/source`, read-only.
public struct SnapshotContent: Sendable {
    /// Open, its index loaded.
    public let repository: Repository
    /// The content's root directory.
    public let tree: BlobID

    /// What stands below `tree`.
    public init(_ repository: Repository, tree: BlobID) {
        self.repository = repository
        self.tree = tree
    }

    /// What stands below the directory that `path` leads to from a snapshot's root.
    ///
    /// Throws `.notFound` when it leads nowhere, or to what is no directory.
    public init(_ repository: Repository, root: BlobID, path: [[UInt8]]) throws(HikaeError) {
        var tree = root
        for name in path {
            guard let next = try repository.tree(tree).node(named: name)?.subtree else {
                let whole = path.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/")
                throw HikaeError(.notFound, "the snapshot has no folder /\(whole)")
            }
            tree = next
        }
        self.init(repository, tree: tree)
    }

    /// The nodes of the directory that `path` leads to, in the order of their names; nil when there is none. The
    /// names are validated: none can leave its directory.
    public func nodes(at path: [[UInt8]] = []) throws(HikaeError) -> [Node]? {
        var tree = tree
        for name in path {
            guard let next = try repository.tree(tree).node(named: name)?.subtree else { return nil }
            tree = next
        }
        return try nodes(of: tree)
    }

    /// The nodes of a directory's tree, validated.
    public func nodes(of tree: BlobID) throws(HikaeError) -> [Node] {
        let loaded = try repository.tree(tree)
        try loaded.validate()
        return loaded.nodes
    }

    /// Calls `visit` for everything below the root, a directory before what is in it. `path` leads there from the
    /// content's root and ends with the node's own name.
    public func walk(_ visit: (_ path: [[UInt8]], _ node: Node) throws(HikaeError) -> Void) throws(HikaeError) {
        try walk(tree, [], visit)
    }

    private func walk(
        _ tree: BlobID, _ path: [[UInt8]], _ visit: ([[UInt8]], Node) throws(HikaeError) -> Void
    ) throws(HikaeError) {
        for node in try nodes(of: tree) {
            let inner = path + [node.name]
            try visit(inner, node)
            if let subtree = node.subtree { try walk(subtree, inner, visit) }
        }
    }

    /// Calls `body` with the bytes of a file in order, a blob at a time, verified; the bytes are valid during the
    /// call only.
    ///
    /// - Parameter offset: bytes at the start that are not wanted: what a broken transfer has brought already.
    public func read(_ node: Node, from offset: UInt64 = 0, _ body: (UnsafeRawBufferPointer) throws(HikaeError) -> Void)
        throws(HikaeError)
    {
        var skip = offset
        var opener = BlobOpener(repository)
        for id in node.content ?? [] {
            if skip > 0, let length = repository.index.lookup(id, .data).map({ UInt64($0.plaintextLength) }),
                skip >= length
            {
                skip -= length
                continue
            }
            let blob = try repository.blob(id, .data, with: &opener)
            let start = Int(skip)
            skip = 0
            try blob.withBytes { bytes throws(HikaeError) in
                try body(UnsafeRawBufferPointer(rebasing: bytes[start...]))
            }
        }
    }

    /// A small file whole. Throws `.limit` when it is larger than `limit` bytes.
    public func bytes(of node: Node, limit: Int) throws(HikaeError) -> [UInt8] {
        guard node.size <= UInt64(limit) else {
            throw HikaeError(.limit, "\(node.displayName) is larger than \(limit) bytes")
        }
        var bytes: [UInt8] = []
        try read(node) { part throws(HikaeError) in
            guard bytes.count + part.count <= limit else {
                throw HikaeError(.limit, "\(node.displayName) is larger than \(limit) bytes")
            }
            bytes += part
        }
        return bytes
    }
}

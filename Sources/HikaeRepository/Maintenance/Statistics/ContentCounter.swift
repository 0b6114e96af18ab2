// Counts files and their blobs over the trees of snapshots, in restic's three ways that look at files.

import HikaeCore
import HikaeFormat

/// Counts tree by tree. One thread.
struct ContentCounter {
    private struct Inode: Hashable {
        let device: UInt64
        let number: UInt64
    }

    private struct Level {
        let nodes: [Node]
        var next = 0
        let pathLength: Int
    }

    private(set) var files: UInt64 = 0
    private(set) var blobs: UInt64 = 0
    private(set) var bytes: UInt64 = 0
    private let repository: Repository
    private let index: BlobIndex
    private let mode: StatisticsMode
    private let cancellation: Cancellation?
    private var opener: BlobOpener
    /// Contents counted already, by the hash of their blobs' IDs.
    private var contents: Set<BlobID> = []
    /// Blobs counted already for each path.
    private var blobsByPath: [[UInt8]: Set<BlobID>] = [:]
    /// Trees all of whose contents are counted.
    private let done: AtomicBitset

    init(_ repository: Repository, mode: StatisticsMode, cancellation: Cancellation?) {
        self.repository = repository
        self.mode = mode
        self.cancellation = cancellation
        index = repository.index
        opener = BlobOpener(repository)
        done = AtomicBitset(count: index.entryCount)
    }

    /// Counts the tree of one snapshot.
    mutating func count(_ root: BlobID) throws(HikaeError) {
        var links: Set<Inode> = []
        var path: [UInt8] = []
        var levels: [Level] = []
        try enter(root, path.count, &levels)
        while let level = levels.last {
            try cancellation?.check()
            guard level.next < level.nodes.count else {
                levels.removeLast()
                continue
            }
            let node = level.nodes[level.next]
            levels[levels.count - 1].next += 1
            path.removeLast(path.count - level.pathLength)
            path.append(UInt8(ascii: "/"))
            path += node.name
            if mode == .restoreSize { countRestore(node, &links) } else { try countContent(node, path) }
            if node.kind == .dir, let subtree = node.subtree { try enter(subtree, path.count, &levels) }
        }
    }

    private mutating func enter(_ id: BlobID, _ pathLength: Int, _ levels: inout [Level]) throws(HikaeError) {
        if mode != .restoreSize, let position = index.lookupPosition(id, .tree), !done.insert(position) { return }
        levels.append(Level(nodes: try repository.tree(id, with: &opener).nodes, pathLength: pathLength))
    }

    /// Hard links of one file take their space once a snapshot.
    private mutating func countRestore(_ node: Node, _ links: inout Set<Inode>) {
        files += 1
        if node.links == 1 || node.kind == .dir || node.inode == 0
            || links.insert(Inode(device: node.deviceID, number: node.inode)).inserted
        {
            bytes += node.size
        }
    }

    private mutating func countContent(_ node: Node, _ path: [UInt8]) throws(HikaeError) {
        var hasher = FileHasher()
        for id in node.content ?? [] { id.withUnsafeBytes { hasher.update($0) } }
        let hash = hasher.finish()
        guard contents.insert(BlobID(words: hash.w0, hash.w1, hash.w2, hash.w3)).inserted else { return }
        if mode == .filesByContents {
            bytes += node.size
            files += 1
            return
        }
        for id in node.content ?? [] {
            if blobsByPath[path] == nil {
                blobsByPath[path] = []
                files += 1
            }
            guard blobsByPath[path]?.insert(id).inserted == true else { continue }
            guard let location = index.lookup(id, .data) else {
                throw HikaeError(.damaged, "the blob \(id.short) is in no index", hint: "Run `hikae check`.")
            }
            bytes += UInt64(location.plaintextLength)
            blobs += 1
        }
    }
}

// Finds the files that need lost blobs, by path, in every snapshot. Runs only when something is lost.

import HikaeCore
import HikaeFormat

/// Walks the snapshots for files that cannot be restored in full. Used by one thread.
struct ConcernedFiles {
    /// A tree on the way from the root, and how far its nodes are done.
    private struct Level {
        let position: Int?
        let nodes: [Node]
        var next = 0
        let pathLength: Int
        var hasLoss = false
    }

    private let repository: Repository
    private let index: BlobIndex
    private let table: PackTable
    /// Copies that cannot be read, by position.
    private let lost: AtomicBitset
    private let ledger: CheckLedger
    private let cancellation: Cancellation?
    /// Trees below which nothing is lost.
    private let clean: AtomicBitset
    private var opener: BlobOpener
    private var fileCount = 0
    /// The one that is looked through.
    private var snapshot: FileID?

    init(
        _ repository: Repository, table: PackTable, lost: AtomicBitset, ledger: CheckLedger,
        cancellation: Cancellation?
    ) {
        self.repository = repository
        self.table = table
        self.lost = lost
        self.ledger = ledger
        self.cancellation = cancellation
        index = repository.index
        clean = AtomicBitset(count: index.entryCount)
        opener = BlobOpener(repository)
    }

    /// Looks through one snapshot.
    mutating func look(through named: NamedSnapshot) throws(HikaeError) {
        snapshot = named.id
        var path: [UInt8] = Array("\(named.id.short):".utf8)
        var levels: [Level] = []
        _ = enter(named.snapshot.tree, &path, &levels)
        while let level = levels.last {
            try cancellation?.check()
            guard level.next < level.nodes.count else {
                leave(&levels)
                continue
            }
            let node = level.nodes[level.next]
            levels[levels.count - 1].next += 1
            path.removeLast(path.count - level.pathLength)
            path.append(UInt8(ascii: "/"))
            path += node.name
            if let content = node.content, note(content, path) { levels[levels.count - 1].hasLoss = true }
            if node.kind == .dir, let subtree = node.subtree, !enter(subtree, &path, &levels) {
                levels[levels.count - 1].hasLoss = true
            }
        }
    }

    /// Goes down into a tree. False when it cannot be read, which concerns all that stands below `path`.
    private mutating func enter(_ id: BlobID, _ path: inout [UInt8], _ levels: inout [Level]) -> Bool {
        let position = index.lookupPosition(id, .tree)
        if let position, clean.contains(position) { return true }
        do throws(HikaeError) {
            let tree = try repository.tree(id, with: &opener)
            levels.append(Level(position: position, nodes: tree.nodes, pathLength: path.count))
            return true
        } catch {
            fileCount += 1
            let packs = index.copyPositions(id, .tree).map { table.number(at: $0, in: index) }
            ledger.concern(
                path: String(decoding: path + [UInt8(ascii: "/")], as: UTF8.self), of: snapshot, file: fileCount,
                blob: id, packs: packs)
            return false
        }
    }

    private func leave(_ levels: inout [Level]) {
        let level = levels.removeLast()
        if level.hasLoss {
            if !levels.isEmpty { levels[levels.count - 1].hasLoss = true }
        } else if let position = level.position {
            clean.insert(position)
        }
    }

    /// Notes a file if any of its content is lost.
    private mutating func note(_ content: [BlobID], _ path: [UInt8]) -> Bool {
        var hasLoss = false
        for id in content {
            var packs: [Int] = []
            if let primary = index.lookupPosition(id, .data) {
                guard lost.contains(primary) else { continue }
                let copies = index.copyPositions(id, .data)
                guard copies.allSatisfy(lost.contains) else { continue }
                packs = copies.map { table.number(at: $0, in: index) }
            }
            if !hasLoss { fileCount += 1 }
            hasLoss = true
            ledger.concern(
                path: String(decoding: path, as: UTF8.self), of: snapshot, file: fileCount, blob: id,
                packs: packs)
        }
        return hasLoss
    }
}

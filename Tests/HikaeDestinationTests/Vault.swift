// A repository in memory, and trees made by hand in it: also such as no honest program would write.

import HikaeArchive
import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeSource
import HikaeStore
import HikaeTesting

@testable import HikaeDestination

/// What the tests restore from.
struct Vault {
    let store: MemoryStore
    let repository: Repository

    init() throws {
        store = MemoryStore()
        var options = CreateOptions()
        options.scrypt = .insecureForTests
        repository = try Repository.create(store, password: [1], options: options)
    }

    /// Stores blobs, indexed.
    func save(_ blobs: [[UInt8]], _ type: BlobType = .data) throws -> [BlobID] {
        let writer = try BlobWriter(repository)
        let saver = writer.makeSaver()
        var ids: [BlobID] = []
        for blob in blobs { ids.append(try blob.withUnsafeBytes { try saver.save($0, type).id }) }
        saver.close()
        try writer.finish()
        return ids
    }

    /// A file's node with its content stored.
    func file(_ name: String, _ blobs: [[UInt8]], mode: UInt32 = 0o644) throws -> Node {
        var node = Node(name: Array(name.utf8), kind: .file)
        node.content = try save(blobs)
        node.size = UInt64(blobs.reduce(0) { $0 + $1.count })
        return Self.filled(node, mode)
    }

    /// A directory's node with its tree stored, sorted or as it is.
    func directory(_ name: String, _ nodes: [Node], sorted: Bool = true) throws -> Node {
        var node = Node(name: Array(name.utf8), kind: .dir)
        node.subtree = try tree(nodes, sorted: sorted)
        return Self.filled(node, FileMode.directory | 0o755)
    }

    static func symlink(_ name: String, to target: String) -> Node {
        var node = Node(name: Array(name.utf8), kind: .symlink)
        node.linkTarget = Array(target.utf8)
        return filled(node, FileMode.symlink | 0o777)
    }

    private static func filled(_ node: Node, _ mode: UInt32) -> Node {
        var node = node
        node.mode = mode
        node.mtime = Timestamp(seconds: 1_340_179_200, nanoseconds: 123_456_789)
        node.atime = node.mtime
        return node
    }

    /// A tree's ID. Names are taken as they are, whatever they are.
    func tree(_ nodes: [Node], sorted: Bool = true) throws -> BlobID {
        var tree = Tree(nodes: nodes)
        if sorted { tree.sort() }
        return try save([tree.encoded()], .tree)[0]
    }

    /// A folder itself as a source, without the directories above it.
    static func source(_ folder: String) throws -> any SourceDirectory {
        var directory = try LocalFileTree(targets: [folder]).root
        for name in folder.split(separator: "/") {
            let entry = try directory.entries(report: { _ in }).first { $0.node.name == Array(name.utf8) }
            guard case .directory(let inner)? = entry?.body else { throw HikaeError(.notFound, folder) }
            directory = inner
        }
        return directory
    }

    /// Saves what is in a folder the ordinary way.
    func capture(_ folder: String) throws -> BlobID {
        var options = ArchiveOptions(time: Timestamp(seconds: 0), paths: [folder])
        options.workers = 2
        let archiver = Archiver(repository, options: options)
        guard let tree = try archiver.run(Self.source(folder)).tree else { throw HikaeError(.notFound, "no tree") }
        try repository.loadIndex()
        return tree
    }

    /// Turns a byte of a blob as it stands in its pack.
    func damage(_ id: BlobID) throws {
        guard let location = repository.index.lookup(id, .data) else { throw HikaeError(.notFound, "no \(id)") }
        let file = StoredFile(.pack, location.pack)
        var bytes = try store.load(file)
        bytes[Int(location.offset) + 20] ^= 1
        try store.remove(file)
        try store.save(file, bytes)
    }

    /// Restores, and says what was reported.
    func restore(
        _ tree: BlobID, to folder: String, _ options: RestoreOptions = RestoreOptions()
    ) throws -> (summary: RestoreSummary, reports: [HikaeError]) {
        let reports = Reports()
        let restorer = FolderRestorer(repository, options: options, report: { reports.add($0) })
        let summary = try restorer.restore(tree, to: folder)
        return (summary, reports.all)
    }
}

/// Errors collected from many threads.
final class Reports: Sendable {
    private let monitor = Monitor<[HikaeError]>([])
    func add(_ error: HikaeError) { monitor.withLock { $0.append(error) } }
    var all: [HikaeError] { monitor.withLock { $0 } }
}

// A small repository with real content, and its truth beside it: what each snapshot must restore to.

import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeStore
import HikaeTesting
import Testing

/// A file tree as a test writes it down: paths without a leading slash, and bytes.
typealias FileTree = [String: [UInt8]]

/// Builds snapshots through the write pipeline and reads them back blob by blob.
struct SmallRepository {
    /// Bytes of a blob: files are cut at every so many.
    static let cut = 700

    let store: MemoryStore
    let repository: Repository

    init(
        store: MemoryStore = MemoryStore(), version: Int = 2, packSize: Int = 16 << 20,
        chunking: CreateOptions.Chunking = .gear
    ) throws {
        self.store = store
        repository = try Scene.repository(
            in: store, version: version, chunking: chunking, opening: Self.options(packSize: packSize))
    }

    static func options(packSize: Int = 16 << 20) -> OpenOptions {
        var options = OpenOptions()
        options.packSize = packSize
        return options
    }

    /// Saves a file tree as a snapshot.
    @discardableResult
    func save(
        _ files: FileTree, at seconds: Int64 = 1_340_000_000, host: String = "shop", tags: [String] = []
    ) throws -> NamedSnapshot {
        try Self.save(files, in: repository, at: seconds, host: host, tags: tags)
    }

    static func save(
        _ files: FileTree, in repository: Repository, at seconds: Int64 = 1_340_000_000, host: String = "shop",
        tags: [String] = []
    ) throws -> NamedSnapshot {
        let writer = try BlobWriter(repository)
        let saver = writer.makeSaver()
        let root: BlobID
        do {
            root = try saveTree(files.map { (Array($0.key.split(separator: "/").map(String.init)), $0.value) }, saver)
            saver.close()
            try writer.finish()
        } catch {
            saver.close()
            writer.abandon()
            throw error
        }
        var snapshot = Snapshot(
            time: Timestamp(seconds: seconds, offset: 0), tree: root, paths: ["/data"])
        snapshot.hostname = host
        snapshot.tags = tags
        return NamedSnapshot(id: try repository.save(snapshot), snapshot: snapshot)
    }

    private static func saveTree(_ files: [(path: [String], content: [UInt8])], _ saver: BlobSaver) throws -> BlobID {
        var nodes: [Node] = []
        var folders: [String: [(path: [String], content: [UInt8])]] = [:]
        for file in files {
            guard file.path.count == 1 else {
                folders[file.path[0], default: []].append((Array(file.path.dropFirst()), file.content))
                continue
            }
            var node = Node(name: Array(file.path[0].utf8), kind: .file)
            node.mode = 0o644
            node.links = 1
            node.size = UInt64(file.content.count)
            var content: [BlobID] = []
            for start in stride(from: 0, to: file.content.count, by: cut) {
                let piece = Array(file.content[start..<min(start + cut, file.content.count)])
                content.append(try piece.withUnsafeBytes { try saver.save($0, .data).id })
            }
            node.content = content
            nodes.append(node)
        }
        for (name, inside) in folders {
            var node = Node(name: Array(name.utf8), kind: .dir)
            node.mode = 0o755 | 1 << 31
            node.subtree = try saveTree(inside, saver)
            nodes.append(node)
        }
        var tree = Tree(nodes: nodes)
        tree.sort()
        let json = tree.encoded()
        return try json.withUnsafeBytes { try saver.save($0, .tree).id }
    }

    /// Everything a tree holds, read blob by blob; throws at the first that cannot be read.
    static func content(of root: BlobID, in repository: Repository, below prefix: String = "") throws -> FileTree {
        var files: FileTree = [:]
        for node in try repository.tree(root).nodes {
            let path = prefix + node.displayName
            if let subtree = node.subtree {
                files.merge(try content(of: subtree, in: repository, below: path + "/")) { $1 }
            } else {
                files[path] = try (node.content ?? []).flatMap { try repository.blob($0, .data) }
            }
        }
        return files
    }

    func content(of snapshot: NamedSnapshot) throws -> FileTree {
        try Self.content(of: snapshot.snapshot.tree, in: repository)
    }
}

/// Compressible text and noise, by seed.
enum TestBytes {
    static func noise(_ count: Int, seed: UInt64) -> [UInt8] {
        var generator = SeededGenerator(seed: seed)
        return generator.bytes(count)
    }

    static func text(_ count: Int, seed: UInt64) -> [UInt8] {
        let line = Array("order \(seed) was shipped to the customer on time\n".utf8)
        return (0..<count).map { line[$0 % line.count] }
    }
}

/// Findings of a check, collected from its threads.
final class Findings: Sendable {
    private let monitor = Monitor<[CheckFinding]>([])

    var all: [CheckFinding] { monitor.withLock { $0 } }
    var errors: [CheckFinding] { all.filter { $0.severity == .error } }
    func add(_ finding: CheckFinding) { monitor.withLock { $0.append(finding) } }

    /// Checks a repository opened anew from `store`, reading all data unless told otherwise.
    static func check(
        _ store: any ObjectStore, _ read: ReadSubset = .all
    ) throws -> (report: CheckReport, findings: Findings) {
        let repository = try Repository.open(store, password: Scene.password)
        return try check(repository, read)
    }

    static func check(
        _ repository: Repository, _ read: ReadSubset = .all
    ) throws -> (report: CheckReport, findings: Findings) {
        let findings = Findings()
        var options = CheckOptions()
        options.readData = read
        let report = try Checker(repository: repository, options: options, report: { findings.add($0) }).run()
        return (report, findings)
    }
}

/// Fails the test unless the repository in `store` is whole, every byte read.
func expectSound(
    _ store: any ObjectStore, allowingHints: Bool = true, _ comment: Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let (report, findings) = try Findings.check(store)
    #expect(report.isSound, comment, sourceLocation: sourceLocation)
    for finding in findings.all where finding.severity == .error || !allowingHints {
        Issue.record("\(finding.kind.rawValue): \(finding)", sourceLocation: sourceLocation)
    }
}

// The archiver cut at every store call, with a parent and without.

import HikaeArchive
import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeSource
import HikaeStore
import HikaeTesting
import Testing

/// A file tree in memory as a source.
private struct MemoryFolder: SourceDirectory {
    let displayPath: String
    let files: FileTree

    func entries(report: (HikaeError) -> Void) throws(HikaeError) -> [SourceEntry] {
        var entries: [SourceEntry] = []
        var folders: [String: FileTree] = [:]
        for (path, content) in files {
            let parts = path.split(separator: "/", maxSplits: 1).map(String.init)
            if parts.count > 1 {
                folders[parts[0], default: [:]][parts[1]] = content
                continue
            }
            var node = Node(name: Array(path.utf8), kind: .file)
            (node.size, node.links, node.mode) = (UInt64(content.count), 1, 0o644)
            // The time is the content's fingerprint here: what changed has another one.
            node.mtime = Timestamp(
                seconds: content.reduce(Int64(content.count)) { $0 &* 31 &+ Int64($1) } & 0xFFFF_FFFF)
            node.inode = UInt64(path.utf8.reduce(7) { ($0 &* 33 &+ Int($1)) & 0xFFFF })
            entries.append(SourceEntry(node: node, body: .file(MemoryFile(displayPath: path, content: content))))
        }
        for (name, inside) in folders {
            var node = Node(name: Array(name.utf8), kind: .dir)
            node.mode = 0o755 | 1 << 31
            entries.append(
                SourceEntry(
                    node: node, body: .directory(MemoryFolder(displayPath: "\(displayPath)/\(name)", files: inside))))
        }
        return entries.sorted { $0.node.name.lexicographicallyPrecedes($1.node.name) }
    }
}

private struct MemoryFile: SourceFile {
    let displayPath: String
    let content: [UInt8]

    func open() throws(HikaeError) -> any SourceReader { Reader(content) }

    private final class Reader: SourceReader {
        var rest: ArraySlice<UInt8>
        init(_ content: [UInt8]) { rest = content[...] }

        func read(into buffer: UnsafeMutableRawBufferPointer) throws(HikaeError) -> Int {
            let count = min(buffer.count, rest.count)
            buffer.copyBytes(from: rest.prefix(count))
            rest = rest.dropFirst(count)
            return count
        }

        func currentNode() throws(HikaeError) -> Node? { nil }
    }
}

@Suite("A repository whose backup was cut short")
struct CutBackupTests {
    private func archive(
        _ files: FileTree, to store: any ObjectStore, at seconds: Int64
    ) throws -> FileID {
        let repository = try Repository.open(
            store, password: Scene.password, options: SmallRepository.options(packSize: 40_000))
        try repository.loadIndex()
        var options = ArchiveOptions(time: Timestamp(seconds: seconds), paths: ["/shop"])
        options.parent = try repository.snapshots().last
        options.workers = 1
        let summary = try Archiver(repository, options: options).run(MemoryFolder(displayPath: "", files: files))
        return try #require(summary.snapshot)
    }

    private func content(_ id: FileID, in store: MemoryStore) throws -> FileTree {
        let repository = try Repository.open(store, password: Scene.password)
        try repository.loadIndex()
        return try SmallRepository.content(of: try repository.snapshot(id).tree, in: repository)
    }

    @Test("keeps every older snapshot byte for byte, and the next backup completes", arguments: [false, true])
    func everyCall(hasParent: Bool) throws {
        var generator = SeededGenerator()
        let store = MemoryStore()
        _ = try Scene.repository(in: store)
        let old: FileTree = [
            "db/dump.sql": TestBytes.text(90_000, seed: 1), "mail/1": TestBytes.noise(30_000, seed: 2), "empty": [],
        ]
        var new = old
        new["mail/2"] = TestBytes.noise(70_000, seed: 3)
        new["db/dump.sql"] = TestBytes.noise(50_000, seed: 4)
        let first = hasParent ? try archive(old, to: store, at: 1) : nil
        var cut = 0
        var wasCut = true
        while wasCut {
            let left = store.copy()
            let plan = FaultPlan.dying(at: cut, of: StoreCall.changing)
            _ = try? archive(new, to: FaultyStore(left, plan: plan), at: 2)
            wasCut = plan.isDead
            for remains in [left, left.afterPowerCut(using: &generator)] {
                try expectSound(remains, "cut at \(cut)")
                if let first { #expect(try content(first, in: remains) == old, "cut at \(cut)") }
                let id = try archive(new, to: remains, at: 3)
                #expect(try content(id, in: remains) == new, "cut at \(cut)")
                try expectSound(remains, "after cut at \(cut)")
            }
            cut += 1
        }
        #expect(cut > 4)
    }
}

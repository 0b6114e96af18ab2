// A folder of this machine as a snapshot's content: Maildirs that Hikae's mail source did not make.

import HikaeArchive
import HikaeCore
import HikaeDestination
import HikaeFormat
import HikaeRepository
import HikaeSource
import HikaeStore
import HikaeTesting

enum ForeignMaildir {
    /// A small tree of files with fixed times.
    private struct Folder: SourceDirectory {
        let path: String
        var displayPath: String { path }

        func entries(report: (HikaeError) -> Void) throws(HikaeError) -> [SourceEntry] {
            var entries: [SourceEntry] = []
            for name in Files.names(in: path) {
                let inner = "\(path)/\(name)"
                var isFile = false
                do throws(HikaeError) {
                    _ = try Files.read(inner)
                    isFile = true
                } catch {}
                var node = Node(name: Array(name.utf8), kind: isFile ? .file : .dir)
                node.mode = isFile ? 0o600 : FileMode.directory | 0o700
                node.mtime = Timestamp(seconds: 1_340_178_000)
                if isFile { node.size = UInt64(try Files.read(inner).count) }
                entries.append(
                    SourceEntry(
                        node: node, body: isFile ? .file(File(displayPath: inner)) : .directory(Folder(path: inner))))
            }
            return entries.sorted { $0.node.name.lexicographicallyPrecedes($1.node.name) }
        }
    }

    private struct File: SourceFile {
        let displayPath: String
        func open() throws(HikaeError) -> any SourceReader { Reader(try Files.read(displayPath)) }
    }

    private final class Reader: SourceReader {
        private var content: ArraySlice<UInt8>
        init(_ content: [UInt8]) { self.content = content[...] }
        func read(into buffer: UnsafeMutableRawBufferPointer) throws(HikaeError) -> Int {
            let count = min(buffer.count, content.count)
            buffer.copyBytes(from: content.prefix(count))
            content = content.dropFirst(count)
            return count
        }
        func currentNode() throws(HikaeError) -> Node? { nil }
    }

    static func content(of folder: String) throws -> SnapshotContent {
        var options = CreateOptions()
        options.scrypt = .insecureForTests
        let repository = try Repository.create(MemoryStore(), password: Array("x".utf8), options: options)
        try repository.loadIndex()
        let archiver = Archiver(
            repository, options: ArchiveOptions(time: SystemClock().now(), paths: ["/x"]), progress: Progress(),
            cancellation: Cancellation(), report: { _ in })
        let summary = try archiver.run(Folder(path: folder), beforeCommit: {}) { _ throws(HikaeError) in ArchiveSeal() }
        guard let tree = summary.tree else { throw HikaeError(.notFound, "no tree") }
        return SnapshotContent(repository, tree: tree)
    }
}

// What of a source cannot be read, and what of the vault was lost: neither may pass unseen.

import HikaeArchive
import HikaeCore
import HikaeDestination
import HikaeFormat
import HikaeRepository
import HikaeSource
import HikaeStore
import HikaeTesting
import Synchronization
import Testing

@testable import HikaeOperations

@Suite("What is missing from a capture") struct MissingContentTests {
    @Test("is not counted: a file that fails after it was opened")
    func failsWhileReading() throws {
        let folder = try TemporaryDirectory()
        for number in 0..<5 { try folder.write("\(number).txt", "text \(number)") }
        // A file that opens for everybody and gives an error to whoever reads its beginning.
        let source = FilesSource(paths: [folder.path, "/proc/self/mem"])
        let capture = try CaptureRig().capture(source)
        #expect(capture.summary.errors == 1, "\(capture.reports)")
        #expect(capture.facts.items == 5 && capture.summary.totalFiles == 5)
    }

    @Test("is told folder by folder where the folder cannot be listed any more")
    func unlisted() throws {
        let rig = try CaptureRig()
        let photos = Folder("photos", ["a.jpg": "one", "b.jpg": "two"])
        let empty = Folder("empty", [:])
        let source = Site([photos, empty, Folder("text", ["c.txt": "three"])])
        #expect(try rig.capture(source).summary.directoriesUnlisted == 0)
        photos.isBroken.withLock { $0 = true }
        empty.isBroken.withLock { $0 = true }
        let summary = try rig.capture(source).summary
        #expect(summary.directoriesUnlisted == 2 && summary.errors == 2)
        #expect(summary.directoriesUnlistedFilled == 1 && summary.unlistedPaths == ["/photos"])
    }

    @Test("is read anew where a folder that has not changed is not whole in the vault any more")
    func takenOver() throws {
        let store = MemoryStore()
        let rig = try CaptureRig(store)
        let mailbox = Folder("mail", ["1": String(repeating: "message 1 ", count: 900), "2": "message 2"])
        let source = Site([mailbox])
        _ = try rig.capture(source)
        mailbox.isUnchanged.withLock { $0 = true }
        _ = try rig.capture(source)
        #expect(mailbox.opened.withLock { $0 } == 2)
        // The vault loses the packs with messages, and knows it.
        let before = try #require(try rig.repository.snapshots { _, _ in }.last)
        let content = try SnapshotContent(
            rig.repository, root: before.snapshot.tree, path: CaptureRig.names.map { Array($0.utf8) })
        let tree = try #require(try content.nodes()?.first?.subtree)
        let lost = try #require(try rig.repository.tree(tree).nodes.first?.content?.first)
        let pack = try #require(rig.repository.index.lookup(lost, .data)?.pack)
        try store.remove(StoredFile(.pack, pack))
        _ = try Repairer(repository: rig.repository).repairIndex()
        try rig.repository.loadIndex()
        let healed = try rig.capture(source)
        #expect(mailbox.opened.withLock { $0 } > 2)
        let folder = try TemporaryDirectory()
        try rig.restore(healed, to: folder.path("out"))
        #expect(try Files.read(folder.path("out/mail/2")) == Array("message 2".utf8))
        #expect(try Files.read(folder.path("out/mail/1")).count == 9000)
    }
}

/// A source of folders that can be told to break, or to say that nothing happened in them.
private struct Site: CaptureSource, CaptureSession, SourceDirectory {
    let folders: [Folder]

    init(_ folders: [Folder]) { self.folders = folders.sorted { $0.name < $1.name } }

    var address: String { "test" }
    var unit: CaptureUnit { .files }
    var root: any SourceDirectory { self }
    var readers: Int { 0 }
    var displayPath: String { "/" }

    func probe() throws(HikaeError) -> ServiceIdentity { ServiceIdentity(software: "test") }
    func begin(_ context: CaptureContext) throws(HikaeError) -> any CaptureSession { self }
    func finish() throws(HikaeError) -> CaptureFacts { CaptureFacts(unit: .files, items: 3, bytes: 3) }
    func close() {}

    func entries(report: (HikaeError) -> Void) throws(HikaeError) -> [SourceEntry] {
        folders.map { folder in
            var node = Node(name: Array(folder.name.utf8), kind: .dir)
            node.mode = FileMode.directory | 0o755
            var entry = SourceEntry(node: node, body: .directory(folder))
            if folder.isUnchanged.withLock({ $0 }) {
                entry.content = .isUnchanged
                entry.extent = SourceEntry.Extent(files: folder.files.count, bytes: 9)
            }
            return entry
        }
    }
}

private final class Folder: SourceDirectory {
    let name: String
    let files: [String: String]
    let isBroken = Mutex(false)
    let isUnchanged = Mutex(false)
    let opened = Mutex(0)

    init(_ name: String, _ files: [String: String]) { (self.name, self.files) = (name, files) }

    var displayPath: String { "/" + name }

    func entries(report: (HikaeError) -> Void) throws(HikaeError) -> [SourceEntry] {
        guard !isBroken.withLock({ $0 }) else { throw HikaeError(.accessDenied, "/\(name) may not be listed") }
        return files.sorted { $0.key < $1.key }.map { name, text in
            var node = Node(name: Array(name.utf8), kind: .file)
            (node.mode, node.size) = (0o644, UInt64(text.utf8.count))
            var entry = SourceEntry(node: node, body: .file(Page(folder: self, name: name, text: text)))
            if isUnchanged.withLock({ $0 }) { entry.content = .isUnchanged }
            return entry
        }
    }
}

private struct Page: SourceFile {
    let folder: Folder
    let name: String
    let text: String

    var displayPath: String { "/\(folder.name)/\(name)" }

    func open() throws(HikaeError) -> any SourceReader {
        folder.opened.withLock { $0 += 1 }
        return PageReader(Array(text.utf8))
    }
}

private final class PageReader: SourceReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HikaeError) -> Int {
        let count = min(rest.count, buffer.count)
        buffer.copyBytes(from: rest.prefix(count))
        rest = rest.dropFirst(count)
        return count
    }

    func currentNode() throws(HikaeError) -> Node? { nil }
}

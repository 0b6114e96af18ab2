// What a source may say of its content, and what a capture makes of it.

import HikaeArchive
import HikaeCore
import HikaeDestination
import HikaeFormat
import HikaeRepository
import HikaeSource
import HikaeTesting
import Synchronization
import Testing

/// A source whose entries a test says.
private struct SaidSource: CaptureSource {
    let address = "said://"
    let unit = CaptureUnit.files
    var entries: [SourceEntry]
    var failure: HikaeError?

    func probe() throws(HikaeError) -> ServiceIdentity { ServiceIdentity(software: "said") }
    func begin(_ context: CaptureContext) throws(HikaeError) -> any CaptureSession {
        Session(entries: entries, failure: failure)
    }

    private struct Session: CaptureSession {
        let entries: [SourceEntry]
        let failure: HikaeError?
        var root: any SourceDirectory { SaidDirectory(displayPath: "/", list: entries) }
        let readers = 3
        func finish() throws(HikaeError) -> CaptureFacts {
            if let failure { throw failure }
            return CaptureFacts(unit: .files, items: 7)
        }
        func close() {}
    }
}

private struct SaidDirectory: SourceDirectory {
    let displayPath: String
    let list: [SourceEntry]
    func entries(report: (HikaeError) -> Void) throws(HikaeError) -> [SourceEntry] { list }
}

/// A file that counts how often it is opened.
private final class SaidFile: SourceFile {
    let displayPath = "file"
    let content: [UInt8]
    private let count = Atomic<Int>(0)
    var timesOpened: Int { count.load(ordering: .relaxed) }

    init(_ content: [UInt8]) { self.content = content }

    func open() throws(HikaeError) -> any SourceReader {
        count.add(1, ordering: .relaxed)
        return BytesReader(content)
    }
}

private func entry(_ name: String, _ file: SaidFile, size: Int? = nil, time: Int64 = 1) -> SourceEntry {
    var node = Node(name: Array(name.utf8), kind: .file)
    node.mode = 0o644
    node.mtime = Timestamp(seconds: time)
    node.size = UInt64(size ?? file.content.count)
    return SourceEntry(node: node, body: .file(file))
}

private func folder(_ name: String, _ entries: [SourceEntry]) -> SourceEntry {
    var node = Node(name: Array(name.utf8), kind: .dir)
    node.mode = FileMode.directory | 0o755
    return SourceEntry(node: node, body: .directory(SaidDirectory(displayPath: "/\(name)", list: entries)))
}

@Suite("A capture of what a source says")
struct CaptureTests {
    private func content(_ capture: CaptureRig.Capture, _ path: String) throws -> [UInt8]? {
        let names = path.split(separator: "/").map { Array($0.utf8) }
        let node = try capture.content.nodes(at: Array(names.dropLast()))?.first { $0.name == names.last }
        return try node.map { try capture.content.bytes(of: $0, limit: 100 << 20) }
    }

    @Test("takes a file that has another name now for the same file")
    func formerNames() throws {
        let rig = try CaptureRig()
        _ = try rig.capture(SaidSource(entries: [entry("a:2,", SaidFile([1, 2, 3])), entry("b:2,", SaidFile([4]))]))
        let renamed = SaidFile([9, 9, 9])
        var moved = entry("a:2,S", renamed)
        moved.formerName = Array("a:2,".utf8)
        moved.content = .isUnchanged
        var back = entry("b:2,", SaidFile([4]))
        back.formerName = Array("b:2,".utf8)
        let capture = try rig.capture(SaidSource(entries: [moved, back]))
        #expect(renamed.timesOpened == 0 && capture.summary.filesUnmodified == 2)
        #expect(try content(capture, "a:2,S") == [1, 2, 3])
        #expect(try content(capture, "a:2,") == nil)
    }

    @Test("believes a source that knows better than size and time")
    func knowledge() throws {
        let rig = try CaptureRig()
        _ = try rig.capture(SaidSource(entries: [entry("same", SaidFile([1])), entry("other", SaidFile([2]))]))
        let (same, other) = (SaidFile([7, 7]), SaidFile([3]))
        var unchanged = entry("same", same, time: 99)
        unchanged.content = .isUnchanged
        var changed = entry("other", other)
        changed.content = .mustBeRead
        let capture = try rig.capture(SaidSource(entries: [changed, unchanged]))
        #expect(same.timesOpened == 0 && other.timesOpened == 1)
        #expect(try content(capture, "same") == [1])
        #expect(try content(capture, "other") == [3])
        let node = try #require(try capture.content.nodes()?.first { $0.name == Array("same".utf8) })
        #expect(node.size == 1 && node.mtime.seconds == 99)
    }

    @Test("takes over a folder in which nothing happened without asking for its entries, and counts it")
    func extents() throws {
        let rig = try CaptureRig()
        let first = try rig.capture(SaidSource(entries: [folder("box", [entry("m", SaidFile([1, 2]))])]))
        let trap = SaidFile([8])
        var box = folder("box", [entry("trap", trap)])
        box.content = .isUnchanged
        box.extent = SourceEntry.Extent(files: 1, bytes: 2)
        let second = try rig.capture(SaidSource(entries: [box]))
        #expect(trap.timesOpened == 0)
        #expect(try content(second, "box/m") == [1, 2])
        #expect(second.content.tree == first.content.tree)
        #expect(second.summary.filesUnmodified == 1 && second.summary.totalFiles == 1 && second.summary.totalBytes == 2)
        // Where there is nothing to take over, it is listed.
        let anew = try rig.capture(SaidSource(entries: [box]), afresh: true)
        #expect(trap.timesOpened == 1)
        #expect(try content(anew, "box/trap") == [8])
    }

    @Test("reads a stream of unknown length whole, in chunks that go round")
    func streams() throws {
        let rig = try CaptureRig()
        var random = SeededGenerator()
        let bytes = random.bytes(9_000_001)
        var dump = entry("dump.sql", SaidFile(bytes), size: 0)
        dump.mayBeLong = true
        dump.content = .mustBeRead
        let capture = try rig.capture(SaidSource(entries: [dump]))
        #expect(try content(capture, "dump.sql") == bytes)
        #expect(try capture.content.nodes()?.first?.size == 9_000_001)
    }

    @Test("makes no snapshot when the source says at the end that it cannot be trusted")
    func failures() throws {
        let rig = try CaptureRig()
        let source = SaidSource(
            entries: [entry("a", SaidFile([1]))], failure: HikaeError(.programFailed, "the dump has no end"))
        #expect(throws: HikaeError.self) { try rig.capture(source) }
        #expect(try rig.repository.snapshots().isEmpty)
    }

    @Test("puts records beside the content, and tags on the snapshot, that were known only at the end")
    func seals() throws {
        let rig = try CaptureRig()
        let run = CaptureRun(
            SaidSource(entries: [entry("a", SaidFile([1]))]), at: ["shop", "site"],
            options: ArchiveOptions(time: Timestamp(seconds: 1_340_179_200), paths: []), context: CaptureContext())
        let outcome = try run.run(into: rig.repository) { reading in
            #expect(reading.facts.items == 7 && reading.summary.totalFiles == 1)
            return ArchiveSeal(
                records: [ArchiveSeal.Record(name: "x.json", bytes: [123, 125])], tags: ["verdict:good"])
        }
        let snapshot = try rig.repository.snapshot(try #require(outcome.summary.snapshot))
        #expect(snapshot.tags == ["verdict:good"] && snapshot.paths == ["/shop/site"])
        let records = try SnapshotContent(rig.repository, root: snapshot.tree, path: [Array(".hikae".utf8)])
        let record = try #require(try records.nodes()?.first)
        #expect(record.displayName == "x.json")
        #expect(try records.bytes(of: record, limit: 10) == [123, 125])
        let names = try rig.repository.tree(snapshot.tree).nodes.map(\.displayName)
        #expect(names == [".hikae", "shop"])
        #expect(throws: HikaeError.self) {
            try SnapshotContent(rig.repository, root: snapshot.tree, path: [Array("mail".utf8)])
        }
    }
}

// A folder as a destination: what is put back is proved, and what is in the way is not run over.

import HikaeCore
import HikaeDestination
import HikaeFormat
import HikaeSource
import HikaeTesting
import Testing

@Suite("A folder as a destination")
struct FolderDestinationTests {
    private let vault: Vault
    private let content: SnapshotContent
    private let folder: TemporaryDirectory

    init() throws {
        vault = try Vault()
        folder = try TemporaryDirectory()
        let big = [UInt8](repeating: 7, count: 300_000)
        let tree = try vault.tree([
            try vault.directory("inner", [try vault.file("big", [big, [1, 2, 3]])]),
            Vault.symlink("link", to: "inner/big"), try vault.file("small", [Array("hello".utf8)]),
        ])
        content = SnapshotContent(vault.repository, tree: tree)
    }

    private var place: FolderDestination { FolderDestination(folder.path("out")) }
    private let facts = CaptureFacts(unit: .files, items: 2, bytes: 300_008)

    @Test("previews, restores and proves what it put there")
    func whole() throws {
        let before = try place.preview(content, ReturnOptions(), ReturnWatch())
        #expect(before.items == 3 && before.present == 0 && before.conflictCount == 0)
        let done = try place.restore(content, ReturnOptions(), ReturnWatch())
        #expect(done.itemsWritten == 3 && done.errors == 0 && done.bytesWritten == 300_008)
        let found = try place.verify(content, facts: facts, ReturnOptions(), ReturnWatch())
        #expect(found.isWhole && found.compared == 3 && found.equal == 3)
        let after = try place.preview(content, ReturnOptions(), ReturnWatch())
        #expect(after.items == 0 && after.present == 3)
    }

    @Test("finds a flipped byte, a missing file, a changed link and a false count")
    func differences() throws {
        _ = try place.restore(content, ReturnOptions(), ReturnWatch())
        var bytes = try Files.read(folder.path("out/inner/big"))
        bytes[299_999] ^= 1
        try Files.write(folder.path("out/inner/big"), bytes)
        Files.removeAll(folder.path("out/link"))
        try Files.write(folder.path("out/small"), Array("hellO".utf8))
        let found = try place.verify(content, facts: facts, ReturnOptions(), ReturnWatch())
        #expect(found.differenceCount == 3 && found.equal == 0)
        #expect(found.differences.contains { $0.contains("inner/big has other bytes from byte 0") })
        #expect(found.differences.contains { $0.contains("link is not there") })
        let wrong = CaptureFacts(unit: .files, items: 4)
        _ = try place.restore(
            content,
            {
                var options = ReturnOptions(); options.replaces = true; return options
            }(), ReturnWatch())
        #expect(try place.verify(content, facts: wrong, ReturnOptions(), ReturnWatch()).differenceCount == 1)
    }

    @Test("refuses to run over what is there and differs, unless told to")
    func conflicts() throws {
        try Files.write(folder.path("out/small"), Array("mine, and longer".utf8))
        let refusal = #expect(throws: HikaeError.self) {
            try place.restore(content, ReturnOptions(), ReturnWatch())
        }
        #expect(refusal?.code == .refused)
        #expect(try Files.read(folder.path("out/small")) == Array("mine, and longer".utf8))

        var missing = ReturnOptions()
        missing.onlyMissing = true
        let done = try place.restore(content, missing, ReturnWatch())
        #expect(done.itemsWritten == 2)
        #expect(try Files.read(folder.path("out/small")) == Array("mine, and longer".utf8))

        var replacing = ReturnOptions()
        replacing.replaces = true
        _ = try place.restore(content, replacing, ReturnWatch())
        #expect(try Files.read(folder.path("out/small")) == Array("hello".utf8))
        #expect(try place.verify(content, facts: facts, replacing, ReturnWatch()).isWhole)
    }

    @Test("reads content from any byte on, and a small file whole but no larger than asked")
    func reading() throws {
        let node = try #require(try content.nodes(at: [Array("inner".utf8)])?.first)
        let whole = [UInt8](repeating: 7, count: 300_000) + [1, 2, 3]
        for offset in [0, 1, 299_999, 300_000, 300_001, 300_003] as [UInt64] {
            var bytes: [UInt8] = []
            try content.read(node, from: offset) { bytes += $0 }
            #expect(bytes == Array(whole[Int(offset)...]))
        }
        #expect(throws: HikaeError.self) { try content.bytes(of: node, limit: 300_002) }
        #expect(try content.bytes(of: node, limit: 300_003).count == 300_003)
    }
}

// The four ways of counting.

import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeTesting
import Testing

@Suite("Statistics")
struct StatisticsTests {
    @Test("count what a restore writes, distinct contents, their blobs, and what is stored")
    func modes() throws {
        let small = try SmallRepository()
        let noise = TestBytes.noise(1500, seed: 1)
        let text = TestBytes.text(700, seed: 2)
        let first = try small.save(["a": noise, "d/b": noise, "d/t": text], at: 1)
        let second = try small.save(["a": noise, "t": text], at: 2)
        let statistics = Statistics(repository: small.repository)
        let restore = try statistics.collect([first, second], mode: .restoreSize)
        // Folders count as items, as restic has it.
        #expect(restore.files == 6)
        #expect(restore.bytes == 1500 * 3 + 700 * 2)
        let contents = try statistics.collect([first, second], mode: .filesByContents)
        // The folder counts as one content, the empty one.
        #expect(contents.files == 3)
        #expect(contents.bytes == 2200)
        let blobs = try statistics.collect([first, second], mode: .blobsPerFile)
        #expect(blobs.files == 2 && blobs.blobs == 4 && blobs.bytes == 2200)
        let raw = try statistics.collect([first, second], mode: .rawData)
        #expect(raw.blobs == 4 + 3)
        try small.repository.loadIndex()
        var stored: UInt64 = 0
        try small.repository.index.forEachEntry { _, _, blob in stored += UInt64(blob.length) }
        #expect(raw.bytes == stored)
        #expect(raw.snapshots == 2)
        #expect((raw.compressionRatio ?? 0) > 1)
        #expect(raw.uncompressedBytes > raw.bytes)
    }

    @Test("count hard links of one file once")
    func hardLinks() throws {
        let small = try SmallRepository()
        let writer = try BlobWriter(small.repository)
        let saver = writer.makeSaver()
        let content = TestBytes.noise(300, seed: 1)
        let blob = try content.withUnsafeBytes { try saver.save($0, .data).id }
        var nodes: [Node] = []
        for name in ["a", "b", "c"] {
            var node = Node(name: Array(name.utf8), kind: .file)
            (node.size, node.links, node.content) = (300, name == "c" ? 1 : 2, [blob])
            (node.inode, node.deviceID) = (name == "c" ? 8 : 7, 1)
            nodes.append(node)
        }
        let json = Tree(nodes: nodes).encoded()
        let tree = try json.withUnsafeBytes { try saver.save($0, .tree).id }
        saver.close()
        try writer.finish()
        let snapshot = Snapshot(time: Timestamp(seconds: 1), tree: tree, paths: ["/"])
        let named = NamedSnapshot(id: try small.repository.save(snapshot), snapshot: snapshot)
        let result = try Statistics(repository: small.repository).collect([named], mode: .restoreSize)
        #expect(result.bytes == 600 && result.files == 3)
    }
}

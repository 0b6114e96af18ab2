// What changed between two snapshots.

import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeTesting
import Testing

@Suite("The difference of two snapshots")
struct DifferenceTests {
    private func compare(
        _ old: FileTree, _ new: FileTree, metadata: Bool = false
    ) throws -> (lines: [String], statistics: DifferenceStatistics) {
        let small = try SmallRepository()
        let first = try small.save(old, at: 1)
        let second = try small.save(new, at: 2)
        var lines: [String] = []
        let difference = SnapshotDifference(repository: small.repository, showsMetadata: metadata)
        let statistics = try difference.compare(first.snapshot.tree, second.snapshot.tree) {
            lines.append("\($0.modifier) \($0.path)")
        }
        return (lines, statistics)
    }

    @Test("names what was added, removed, changed, and what became something else")
    func changes() throws {
        let old: FileTree = [
            "same": TestBytes.noise(100, seed: 1), "changed": TestBytes.noise(100, seed: 2),
            "old/deep/file": TestBytes.noise(100, seed: 3), "kind": TestBytes.noise(100, seed: 4),
            "both/x": TestBytes.noise(100, seed: 5),
        ]
        let new: FileTree = [
            "same": TestBytes.noise(100, seed: 1), "changed": TestBytes.noise(100, seed: 6),
            "new/a": TestBytes.noise(100, seed: 7), "kind/inside": TestBytes.noise(100, seed: 4),
            "both/x": TestBytes.noise(100, seed: 5), "both/y": TestBytes.noise(100, seed: 8),
        ]
        let (lines, statistics) = try compare(old, new)
        #expect(
            lines == [
                "+ /both/y", "M /changed", "T /kind/", "+ /new/", "+ /new/a", "- /old/", "- /old/deep/",
                "- /old/deep/file",
            ])
        #expect(statistics.changedFiles == 1)
        #expect([statistics.added.files, statistics.added.dirs] == [2, 1])
        #expect([statistics.removed.files, statistics.removed.dirs] == [1, 2])
        #expect(statistics.added.dataBlobs == 3)
        #expect(statistics.removed.dataBlobs == 3)
    }

    @Test("is empty between equal trees, and counts no blob that both sides have somewhere")
    func moved() throws {
        let content = TestBytes.noise(2000, seed: 1)
        #expect(try compare(["a": content], ["a": content]).lines.isEmpty)
        let (lines, statistics) = try compare(["a": content, "d/keep": [1]], ["b": content, "d/keep": [1]])
        #expect(lines == ["- /a", "+ /b"])
        #expect(statistics.added.dataBlobs == 0 && statistics.removed.dataBlobs == 0)
        #expect(statistics.added.treeBlobs == 1 && statistics.removed.treeBlobs == 1)
    }

    @Test("shows changes of metadata only when asked")
    func metadata() throws {
        let small = try SmallRepository()
        let first = try small.save(["d/a": [1, 2, 3]])
        var tree = try small.repository.tree(first.snapshot.tree)
        tree.nodes[0].mtime = Timestamp(seconds: 99)
        let writer = try BlobWriter(small.repository)
        let saver = writer.makeSaver()
        let json = tree.encoded()
        let changed = try json.withUnsafeBytes { try saver.save($0, .tree).id }
        saver.close()
        try writer.finish()
        for (shows, expected) in [(false, [String]()), (true, ["U /d/"])] {
            var lines: [String] = []
            _ = try SnapshotDifference(repository: small.repository, showsMetadata: shows)
                .compare(first.snapshot.tree, changed) { lines.append("\($0.modifier) \($0.path)") }
            #expect(lines == expected)
        }
    }
}

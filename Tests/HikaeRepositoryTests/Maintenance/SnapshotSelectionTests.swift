// Which snapshots are meant, and which belong together.

import HikaeCore
import HikaeFormat
import HikaeRepository
import Testing

@Suite("Selecting snapshots")
struct SnapshotSelectionTests {
    private func snapshot(_ host: String, _ paths: [String], _ tags: [String]) -> Snapshot {
        var snapshot = Snapshot(
            time: Timestamp(seconds: 0), tree: BlobID(words: 0, 0, 0, 1), paths: paths)
        snapshot.hostname = host
        snapshot.tags = tags
        return snapshot
    }

    private func named(_ number: UInt64, _ snapshot: Snapshot) -> NamedSnapshot {
        NamedSnapshot(id: FileID(words: number, 0, 0, 0), snapshot: snapshot)
    }

    @Test("takes all tags of a list, and any list")
    func tags() {
        let lists = [TagList("mail, daily"), TagList("manual")]
        let filter = SnapshotFilter(tags: lists)
        #expect(filter.matches(snapshot("a", [], ["daily", "mail", "x"])))
        #expect(filter.matches(snapshot("a", [], ["manual"])))
        #expect(!filter.matches(snapshot("a", [], ["mail"])))
        #expect(!filter.matches(snapshot("a", [], [])))
        #expect(lists[0].description == "[mail, daily]")
    }

    @Test("takes the empty tag for snapshots without tags")
    func untagged() {
        let filter = SnapshotFilter(tags: [TagList("")])
        #expect(filter.matches(snapshot("a", [], [])))
        #expect(!filter.matches(snapshot("a", [], ["mail"])))
    }

    @Test("takes any of the hosts and all of the paths")
    func hostsAndPaths() {
        let filter = SnapshotFilter(hosts: ["a", "b"], paths: ["/x", "/y"])
        #expect(filter.matches(snapshot("b", ["/y", "/z", "/x"], [])))
        #expect(!filter.matches(snapshot("c", ["/x", "/y"], [])))
        #expect(!filter.matches(snapshot("a", ["/x"], [])))
        #expect(SnapshotFilter().isEmpty)
        #expect(SnapshotFilter().matches(snapshot("any", [], ["t"])))
    }

    @Test("groups by what is asked, the order of paths and tags aside")
    func groups() throws {
        let all = [
            named(1, snapshot("b", ["/y", "/x"], ["t"])), named(2, snapshot("a", ["/x"], [])),
            named(3, snapshot("b", ["/x", "/y"], [])), named(4, snapshot("a", ["/x"], ["t"])),
        ]
        let byBoth = try SnapshotGrouping("host,paths").groups(all)
        #expect(byBoth.map { $0.snapshots.map(\.id.w0) } == [[2, 4], [1, 3]])
        #expect(byBoth[1].key.description == "host b, path [/x /y]")
        #expect(try SnapshotGrouping("tags").groups(all).map { $0.snapshots.map(\.id.w0) } == [[2, 3], [1, 4]])
        let none = try SnapshotGrouping("")
        #expect(!none.isGrouping)
        #expect(none.groups(all).count == 1)
        #expect(throws: HikaeError.self) { try SnapshotGrouping("host,planet") }
    }
}

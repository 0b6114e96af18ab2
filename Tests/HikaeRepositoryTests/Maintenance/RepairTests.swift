// Repair saves what can be saved, loses nothing else, and says what is lost.

import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeStore
import HikaeTesting
import Testing

@Suite("Repairing a repository")
struct RepairTests {
    private let files: FileTree = [
        "a/one": TestBytes.noise(2500, seed: 1), "a/two": TestBytes.noise(1400, seed: 2),
        "b/three": TestBytes.text(5000, seed: 3),
    ]

    private func repairer(_ store: MemoryStore, dryRun: Bool = false) throws -> Repairer {
        var options = RepairOptions()
        options.dryRun = dryRun
        return Repairer(
            repository: try Repository.open(store, password: Scene.password, options: SmallRepository.options()),
            options: options)
    }

    /// Overwrites a byte of the pack that holds a blob of the file at `path`.
    private func damage(_ small: SmallRepository, _ snapshot: NamedSnapshot, folder: String, name: String, blob: Int)
        throws -> (pack: FileID, blob: BlobID)
    {
        let tree = try small.repository.subtree(of: snapshot.snapshot.tree, at: folder)
        let node = try #require(try small.repository.tree(tree).nodes.first { $0.displayName == name })
        let id = try #require(node.content?[blob])
        let place = try #require(small.repository.index.lookup(id, .data))
        let file = StoredFile(.pack, place.pack)
        var bytes = try small.store.load(file)
        bytes[Int(place.offset) + 33] ^= 0x80
        small.store.damage(file, with: bytes)
        return (place.pack, id)
    }

    @Test("makes the whole index anew when all index files are gone or damaged", arguments: [true, false])
    func lostIndex(readAll: Bool) throws {
        let small = try SmallRepository(packSize: 3000)
        let snapshot = try small.save(files, at: 1)
        try small.save(["c": TestBytes.noise(900, seed: 9)], at: 2)
        let indexes = try small.store.list(.index).map(\.id)
        small.store.damage(StoredFile(.index, indexes[0]), with: nil)
        small.store.damage(StoredFile(.index, indexes[1]), with: [1, 2, 3])
        let packs = try small.store.list(.pack).count
        #expect(try repairer(small.store, dryRun: true).repairIndex(readAllPacks: readAll).added.count == packs)
        #expect(try small.store.list(.index).count == 1)
        let summary = try repairer(small.store).repairIndex(readAllPacks: readAll)
        #expect(summary.added.count == packs)
        #expect(summary.droppedIndexes == [indexes[1]])
        try expectSound(small.store, allowingHints: false)
        try small.repository.loadIndex()
        #expect(try small.content(of: snapshot) == files)
    }

    @Test("leaves a sound index as it is")
    func soundIndex() throws {
        let small = try SmallRepository()
        try small.save(files)
        let before = small.store.files
        let summary = try repairer(small.store).repairIndex()
        #expect(summary.isUnchanged)
        #expect(small.store.files == before)
        let again = try repairer(small.store).repairIndex(readAllPacks: true)
        #expect(again.isUnchanged)
        try expectSound(small.store, allowingHints: false)
    }

    @Test("forgets packs that are gone, and names packs in two indexes once")
    func goneAndDouble() throws {
        let small = try SmallRepository(packSize: 3000)
        try small.save(files)
        let index = try #require(try small.store.list(.index).first)
        _ = try small.repository.saveUnpacked(.index, try small.repository.loadUnpacked(StoredFile(.index, index.id)))
        let gone = try #require(try small.store.list(.pack).map(\.id).sorted().first)
        small.store.damage(StoredFile(.pack, gone), with: nil)
        let summary = try repairer(small.store).repairIndex()
        #expect(summary.forgotten == [gone])
        let (_, findings) = try Findings.check(small.store)
        #expect(!findings.all.contains { $0.kind == .packMissing || $0.kind == .duplicatePack })
    }

    @Test("saves all whole blobs of a damaged pack, keeps a copy of it, and says which are lost")
    func packs() throws {
        let small = try SmallRepository()
        let snapshot = try small.save(files)
        let (pack, blob) = try damage(small, snapshot, folder: "a", name: "one", blob: 1)
        let damaged = try small.store.load(StoredFile(.pack, pack))
        let copies = Monitor<[FileID: [UInt8]]>([:])
        let dry = try repairer(small.store, dryRun: true).repairPacks([pack])
        #expect(dry.lost == [blob])
        #expect(small.store.files[StoredFile(.pack, pack)] == damaged)
        let summary = try repairer(small.store).repairPacks([pack]) { id, bytes in
            copies.withLock { $0[id] = bytes }
        }
        #expect(summary.lost == [blob])
        #expect(summary.saved == dry.saved)
        #expect(copies.withLock { $0 } == [pack: damaged])
        #expect(small.store.files[StoredFile(.pack, pack)] == nil)
        let (_, findings) = try Findings.check(small.store)
        #expect(findings.errors.map(\.blob) == [blob])
        #expect(findings.errors.first?.paths == ["\(snapshot.id.short):/a/one"])
    }

    @Test("saves the blobs of a pack whose header is destroyed, by the index")
    func header() throws {
        let small = try SmallRepository()
        let snapshot = try small.save(files)
        for info in try small.store.list(.pack) {
            let file = StoredFile(.pack, info.id)
            var bytes = try small.store.load(file)
            for place in bytes.count - 60..<bytes.count { bytes[place] = 0xFF }
            small.store.damage(file, with: bytes)
        }
        let (report, _) = try Findings.check(small.store)
        #expect(report.damagedPacks.count == 2)
        let summary = try repairer(small.store).repairPacks(report.damagedPacks)
        #expect(summary.lost.isEmpty)
        try expectSound(small.store, allowingHints: false)
        try small.repository.loadIndex()
        #expect(try small.content(of: snapshot) == files)
    }

    @Test("keeps what the index knows of a cut pack, so that its first blobs can still be saved")
    func cutPack() throws {
        let small = try SmallRepository()
        let snapshot = try small.save(files)
        let blob = try #require(
            try small.repository.tree(small.repository.subtree(of: snapshot.snapshot.tree, at: "a")).nodes[0].content?[
                0])
        let pack = try #require(small.repository.index.lookup(blob, .data)).pack
        let file = StoredFile(.pack, pack)
        small.store.damage(file, with: Array(try small.store.load(file).dropLast(300)))
        let index = try repairer(small.store).repairIndex()
        #expect(index.unreadable == [pack])
        let packs = try repairer(small.store).repairPacks([pack])
        #expect(packs.saved > 0)
        let before = try small.repository.snapshots()
        _ = try repairer(small.store).repairSnapshots(before, forget: true)
        try expectSound(small.store, allowingHints: false)
    }

    @Test("gives a snapshot without the missing pieces, all else byte for byte", arguments: [true, false])
    func snapshots(forget: Bool) throws {
        let small = try SmallRepository()
        let snapshot = try small.save(files)
        let (pack, blob) = try damage(small, snapshot, folder: "a", name: "one", blob: 1)
        _ = try repairer(small.store).repairPacks([pack])
        let dry = try repairer(small.store, dryRun: true).repairSnapshots([snapshot], forget: forget)
        #expect(dry.changed == [.init(old: snapshot.id, new: nil)])
        #expect(try small.store.list(.snapshot).count == 1)
        let summary = try repairer(small.store).repairSnapshots([snapshot], forget: forget)
        let new = try #require(summary.changed.first?.new)
        let repaired = try small.repository.snapshot(new)
        #expect(repaired.original == snapshot.id)
        #expect(repaired.tags == (forget ? [] : ["repaired"]))
        #expect(try small.store.list(.snapshot).count == (forget ? 1 : 2))
        try small.repository.loadIndex()
        var expected = files
        let one = try #require(files["a/one"])
        expected["a/one"] = Array(one[..<700] + one[1400...])
        let content = try SmallRepository.content(of: repaired.tree, in: small.repository)
        #expect(content == expected)
        #expect(try small.repository.tree(small.repository.subtree(of: repaired.tree, at: "a")).nodes[0].size == 1800)
        // The folder that lacks nothing is the very same tree.
        #expect(
            try small.repository.subtree(of: repaired.tree, at: "b")
                == small.repository.subtree(of: snapshot.snapshot.tree, at: "b"))
        if forget { try expectSound(small.store) }
        _ = blob
    }

    @Test("replaces a folder that cannot be read by an empty one, and never removes a snapshot unasked")
    func trees() throws {
        let small = try SmallRepository()
        let snapshot = try small.save(files)
        let other = try small.save(["only": TestBytes.noise(100, seed: 4)], at: 1_340_000_500)
        for (folder, victim) in [("a", snapshot), ("", other)] {
            let tree = try small.repository.subtree(of: victim.snapshot.tree, at: folder)
            let place = try #require(small.repository.index.lookup(tree, .tree))
            var bytes = try small.store.load(StoredFile(.pack, place.pack))
            bytes[Int(place.offset) + 20] ^= 1
            small.store.damage(StoredFile(.pack, place.pack), with: bytes)
        }
        let (report, _) = try Findings.check(small.store)
        _ = try repairer(small.store).repairPacks(report.damagedPacks)
        let careful = try repairer(small.store).repairSnapshots([snapshot, other], forget: false)
        #expect(careful.unreadable == [other.id])
        #expect(try small.store.list(.snapshot).count == 3)
        let summary = try repairer(small.store).repairSnapshots([snapshot, other], forget: true)
        #expect(summary.unreadable == [other.id])
        let repaired = try small.repository.snapshot(try #require(summary.changed.first?.new))
        try small.repository.loadIndex()
        let content = try SmallRepository.content(of: repaired.tree, in: small.repository)
        #expect(content == files.filter { $0.key.hasPrefix("b/") })
        #expect(try small.repository.tree(repaired.tree).nodes.map(\.displayName) == ["a", "b"])
        try expectSound(small.store)
    }

    @Test("is healed by a second backup of the same files")
    func healing() throws {
        let small = try SmallRepository()
        let snapshot = try small.save(files)
        let (pack, _) = try damage(small, snapshot, folder: "b", name: "three", blob: 2)
        _ = try repairer(small.store).repairPacks([pack])
        #expect(!(try Findings.check(small.store).report.isSound))
        let again = try Repository.open(small.store, password: Scene.password)
        try again.loadIndex()
        _ = try SmallRepository.save(files, in: again, at: 1_340_000_900)
        try expectSound(small.store, allowingHints: false)
        #expect(try repairer(small.store).repairSnapshots([snapshot], forget: true).changed.isEmpty)
    }
}

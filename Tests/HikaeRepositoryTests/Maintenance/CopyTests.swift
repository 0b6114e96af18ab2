// Copies are complete, are made once, and need nothing of the first repository.

import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeStore
import HikaeTesting
import Testing

@Suite("Copying snapshots")
struct CopyTests {
    private let files: FileTree = [
        "mail/1": TestBytes.noise(3000, seed: 1), "mail/2": TestBytes.text(9000, seed: 2), "empty": [],
    ]

    @Test("brings content and metadata over, between versions and chunkers", arguments: [(1, 2), (2, 1), (2, 2)])
    func copies(from: Int, to: Int) throws {
        let source = try SmallRepository(version: from, packSize: 4000)
        let target = try SmallRepository(version: to, packSize: 5000, chunking: .rabin)
        var snapshot = try source.save(files, tags: ["mail"]).snapshot
        snapshot.parent = FileID(words: 1, 2, 3, 4)
        snapshot.excludes = ["*.tmp"]
        let named = NamedSnapshot(id: try source.repository.save(snapshot), snapshot: snapshot)
        let summary = try Copier(from: source.repository, to: target.repository).copy([named])
        #expect(summary.snapshotsCopied == 1)
        try source.repository.loadIndex()
        #expect(summary.blobs == UInt64(source.repository.index.entryCount))
        let copy = try #require(try target.repository.snapshots().first)
        var expected = snapshot
        expected.parent = nil
        expected.original = named.id
        #expect(copy.snapshot == expected)
        #expect(try target.content(of: copy) == files)
        try expectSound(target.store, allowingHints: false)
    }

    @Test("passes over what was copied before, also when it was copied back")
    func skips() throws {
        let source = try SmallRepository()
        let target = try SmallRepository()
        let named = try source.save(files)
        _ = try Copier(from: source.repository, to: target.repository).copy([named])
        let before = target.store.files
        let again = try Copier(from: source.repository, to: target.repository).copy([named])
        #expect(again.snapshotsSkipped == 1 && again.snapshotsCopied == 0)
        #expect(target.store.files == before)
        let back = try Copier(from: target.repository, to: source.repository).copy(try target.repository.snapshots())
        #expect(back.snapshotsSkipped == 1)
    }

    @Test("copies again what looks alike but differs in tags")
    func differs() throws {
        let source = try SmallRepository()
        let target = try SmallRepository()
        let named = try source.save(files)
        _ = try Copier(from: source.repository, to: target.repository).copy([named])
        var changed = named.snapshot
        changed.tags = ["other"]
        changed.original = named.id
        let other = NamedSnapshot(id: try source.repository.save(changed), snapshot: changed)
        let summary = try Copier(from: source.repository, to: target.repository).copy([named, other])
        #expect(summary.snapshotsSkipped == 1 && summary.snapshotsCopied == 1)
        #expect(summary.blobs == 0)
        #expect(try target.repository.snapshots().count == 2)
    }

    @Test("stores shared blobs once and saves snapshots batch by batch")
    func batches() throws {
        let source = try SmallRepository(packSize: 3000)
        let target = try SmallRepository()
        var named: [NamedSnapshot] = []
        for number in 0..<5 {
            var changed = files
            changed["new"] = TestBytes.noise(2000, seed: UInt64(100 + number))
            named.append(try source.save(changed, at: 1_340_000_000 + Int64(number)))
        }
        var options = CopyOptions()
        options.batchBytes = 3000
        let summary = try Copier(from: source.repository, to: target.repository, options: options).copy(named)
        #expect(summary.snapshotsCopied == 5)
        try target.repository.loadIndex()
        #expect(UInt64(target.repository.index.entryCount) == summary.blobs)
        for (copy, original) in zip(try target.repository.snapshots(), named) {
            #expect(try target.content(of: copy) == source.content(of: original))
        }
        try expectSound(target.store, allowingHints: false)
    }

    @Test("stops at a snapshot that cannot be read in full, with those before it saved")
    func damaged() throws {
        let source = try SmallRepository()
        let target = try SmallRepository()
        let good = try source.save(files, at: 1)
        let bad = try source.save(["bad": TestBytes.noise(3000, seed: 7)], at: 2)
        let blob = try #require(try source.repository.tree(bad.snapshot.tree).nodes[0].content?.first)
        let place = try #require(source.repository.index.lookup(blob, .data))
        var bytes = try source.store.load(StoredFile(.pack, place.pack))
        bytes[Int(place.offset) + 3] ^= 1
        source.store.damage(StoredFile(.pack, place.pack), with: bytes)
        var options = CopyOptions()
        options.batchBytes = 1
        #expect(throws: HikaeError.self) {
            try Copier(from: source.repository, to: target.repository, options: options).copy([good, bad])
        }
        #expect(try target.repository.snapshots().count == 1)
        try expectSound(target.store)
    }
}

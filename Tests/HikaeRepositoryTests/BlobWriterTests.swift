// What is saved can be read back, is stored once, and is indexed only when it is durable.

import HikaeCore
import HikaeFormat
import HikaeStore
import HikaeTesting
import Synchronization
import Testing

@testable import HikaeRepository

struct BlobWriterTests {
    @Test(arguments: [1, 2])
    func everyBlobComesBackAfterReopening(version: Int) throws {
        var generator = SeededGenerator()
        let store = MemoryStore()
        let repository = try Scene.repository(in: store, version: version)
        let sizes = [0, 1, 31, 32, 33, 4095, 4096, 65_536, 1 << 20]
        let blobs = sizes.map { generator.bytes($0) } + sizes.map { [UInt8](repeating: 65, count: $0 + 1) }
        let data = try Scene.save(blobs, in: repository)
        let trees = try Scene.save(blobs, .tree, in: repository)
        let again = try Scene.reopen(store)
        for (blob, id) in zip(blobs, data) { #expect(try again.blob(id, .data) == blob) }
        for (blob, id) in zip(blobs, trees) { #expect(try again.blob(id, .tree) == blob) }
    }

    @Test func aBlobIsStoredOnceWhoeverBringsIt() throws {
        let store = MemoryStore()
        let repository = try Scene.repository(in: store)
        var generator = SeededGenerator()
        let blobs = (0..<200).map { _ in generator.bytes(500) }
        let writer = try BlobWriter(repository)
        runThreads(4) { _ in
            let saver = writer.makeSaver()
            for blob in blobs { _ = try? blob.withUnsafeBytes { try saver.save($0, .data) } }
            saver.close()
        }
        try writer.finish()
        #expect(writer.statistics.dataBlobs.load(ordering: .relaxed) == blobs.count)
        #expect(repository.index.entryCount == blobs.count)
        let second = try BlobWriter(repository)
        let saver = second.makeSaver()
        for blob in blobs { #expect(try !blob.withUnsafeBytes { try saver.save($0, .data) }.isNew) }
        saver.close()
        try second.finish()
        #expect(try store.list(.pack).count == 1, "a small run leaves one pack")
    }

    @Test func fullPacksGoOutAndTheIndexNamesThemAll() throws {
        let store = MemoryStore()
        var opening = OpenOptions()
        opening.packSize = 4 << 20
        let repository = try Scene.repository(in: store, opening: opening)
        var generator = SeededGenerator()
        let blobs = (0..<30).map { _ in generator.bytes(700_000) }
        let ids = try Scene.save(blobs, in: repository)
        let packs = try store.list(.pack)
        #expect(packs.count >= 5)
        #expect(packs.allSatisfy { $0.size < 6 << 20 })
        let again = try Scene.reopen(store)
        #expect(Set(again.index.packs) == Set(packs.map(\.id)))
        for (blob, id) in zip(blobs, ids) { #expect(try again.blob(id, .data) == blob) }
    }

    @Test func nothingIsIndexedWhenStoringFails() throws {
        let store = FaultyStore(MemoryStore(), plan: FaultPlan.full(after: 2_000_000))
        let repository = try Scene.repository(in: store)
        var generator = SeededGenerator()
        let blobs = (0..<100).map { _ in generator.bytes(700_000) }
        #expect(throws: HikaeError.self) { try Scene.save(blobs, in: repository) }
        #expect(try store.list(.index).isEmpty)
    }

    @Test func packsAreFlushedBeforeAnIndexNamesThem() throws {
        let plan = FaultPlan()
        let store = FaultyStore(MemoryStore(), plan: plan)
        let repository = try Scene.repository(in: store)
        _ = try Scene.save([[1, 2, 3]], in: repository)
        let calls = plan.log.filter { $0.call == .flush || ($0.call == .save && $0.kind != .key && $0.kind != .config) }
        #expect(calls.map { $0.kind?.rawValue ?? $0.call.rawValue } == ["pack", "flush", "index"])
    }

    @Test func packsOfTinyBlobsKeepAHeaderThatReadersAccept() throws {
        let store = MemoryStore()
        var opening = OpenOptions()
        opening.packSize = 128 << 20
        let repository = try Scene.repository(in: store, opening: opening)
        let count = PackHeader.maximumSealedLength / PackHeader.compressedEntrySize + 1000
        let writer = try BlobWriter(repository)
        let saver = writer.makeSaver()
        for number in 0..<count {
            _ = try withUnsafeBytes(of: number) { try saver.save($0, .data) }
        }
        saver.close()
        try writer.finish()
        let packs = try store.list(.pack)
        #expect(packs.count == 2)
        for pack in packs {
            let blobs = try PackHeader.read(size: pack.size, key: repository.key) { offset, length throws(HikaeError) in
                try store.load(StoredFile(.pack, pack.id), range: UInt64(offset)..<UInt64(offset) + UInt64(length))
            }
            #expect(!blobs.isEmpty)
        }
    }

    @Test func everyTreeIsCompressedHoweverSmall() throws {
        let repository = try Scene.repository()
        for tree in ["{\"nodes\":[]}\n", "", "x"] {
            let id = try Scene.save([Array(tree.utf8)], .tree, in: repository)[0]
            let location = try #require(repository.index.lookup(id, .tree))
            // An empty one has no length that could tell it from an uncompressed one; no tree is empty.
            #expect(tree.isEmpty || location.uncompressedLength == tree.utf8.count)
            #expect(try repository.blob(id, .tree) == Array(tree.utf8))
        }
    }

    @Test func aDryRunStoresNothing() throws {
        let store = MemoryStore()
        let repository = try Scene.repository(in: store)
        var options = BlobWriter.Options()
        options.isDryRun = true
        let writer = try BlobWriter(repository, options: options)
        let saver = writer.makeSaver()
        #expect(try [1, 2, 3].withUnsafeBytes { try saver.save($0, .data).isNew })
        saver.close()
        try writer.finish()
        #expect(writer.statistics.dataBlobs.load(ordering: .relaxed) == 1)
        #expect(try store.list(.pack).isEmpty && store.list(.index).isEmpty)
    }

    @Test func aDamagedCopyGivesWayToAWholeOne() throws {
        let memory = MemoryStore()
        let repository = try Scene.repository(in: memory)
        let blob = Array("twice".utf8)
        _ = try Scene.save([blob], in: repository)
        var options = BlobWriter.Options()
        options.storesKnownBlobs = true
        let writer = try BlobWriter(repository, options: options)
        let saver = writer.makeSaver()
        let id = try blob.withUnsafeBytes { try saver.save($0, .data).id }
        saver.close()
        try writer.finish()
        let copies = repository.index.copies(id, .data)
        #expect(copies.count == 2)
        for copy in copies {
            let file = StoredFile(.pack, copy.pack)
            let whole = try memory.load(file)
            var broken = whole
            broken[Int(copy.offset) + 20] ^= 4
            try memory.save(file, broken)
            #expect(try repository.blob(id, .data) == blob)
            try memory.save(file, whole)
        }
    }
}

// Opening, naming and locking: the wrong thing gets a clear error, the right thing is found.

import HikaeCore
import HikaeFormat
import HikaeStore
import HikaeTesting
import Testing

@testable import HikaeRepository

struct RepositoryTests {
    private func code(_ body: () throws -> Void) -> HikaeError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? HikaeError)?.code
        }
    }

    @Test func theErrorSaysWhatIsWrong() throws {
        let store = MemoryStore()
        try store.create()
        #expect(code { _ = try Repository.open(store, password: Scene.password) } == .noRepository)
        _ = try Scene.repository(in: store)
        #expect(code { _ = try Repository.open(store, password: Array("wrong".utf8)) } == .wrongPassword)
        #expect(code { _ = try Scene.repository(in: store) } == .repositoryExists)
        #expect(code { _ = try Repository.open(store, password: Scene.password) } == nil)
    }

    @Test func anUnknownVersionIsRefused() throws {
        #expect(code { _ = try Scene.repository(version: 3) } == .unsupported)
    }

    @Test func snapshotsAreFoundByPrefixAndLatest() throws {
        let repository = try Scene.repository()
        let tree = try Scene.save([Array("{\"nodes\":[]}\n".utf8)], .tree, in: repository)[0]
        var ids: [FileID] = []
        for second in [50, 10, 30] as [Int64] {
            ids.append(try repository.save(Snapshot(time: Timestamp(seconds: second), tree: tree, paths: ["/x"])))
        }
        #expect(try repository.snapshots().map(\.snapshot.time.seconds) == [10, 30, 50])
        #expect(try repository.resolveSnapshot("latest").id == ids[0])
        #expect(try repository.resolveSnapshot("latest") { $0.time.seconds < 40 }.id == ids[2])
        #expect(try repository.resolveSnapshot(String(ids[1].hex.prefix(20))).id == ids[1])
        let address = try repository.resolveSnapshot("\(ids[1].hex):a/b")
        #expect(address.id == ids[1] && address.subpath == "a/b")
        #expect(code { _ = try repository.resolveSnapshot("") } == .notFound)
        #expect(code { _ = try repository.resolveSnapshot("zz") } == .notFound)
        #expect(code { _ = try repository.subtree(of: tree, at: "no/such") } == .notFound)
    }

    @Test func anAmbiguousPrefixIsRefused() throws {
        let repository = try Scene.repository()
        let tree = try Scene.save([Array("{\"nodes\":[]}\n".utf8)], .tree, in: repository)[0]
        for second in 0..<40 as Range<Int64> {
            _ = try repository.save(Snapshot(time: Timestamp(seconds: second), tree: tree, paths: []))
        }
        let firstDigits = try repository.snapshots().map { $0.id.hex.prefix(1) }
        let twice = try #require(firstDigits.first { digit in firstDigits.filter { $0 == digit }.count > 1 })
        #expect(code { _ = try repository.find(.snapshot, prefix: String(twice)) } == .ambiguous)
    }

    @Test func theIndexCacheFollowsTheRepository() throws {
        let directory = try TemporaryDirectory()
        let store = MemoryStore()
        var opening = OpenOptions()
        opening.cacheDirectory = directory.path("cache")
        let first = try Scene.repository(in: store, opening: opening)
        var all: [BlobID] = []
        for round in 0..<6 as Range<UInt8> {
            all += try Scene.save([[round, 1], [round, 2]], in: first)
            // Another program writes too: its index files are not in this cache.
            all += try Scene.save([[round, 3]], in: Scene.reopen(store))
            let reopened = try Scene.reopen(store, opening: opening)
            #expect(all.allSatisfy { reopened.index.contains($0, .data) })
            #expect(reopened.index.entryCount == all.count)
        }
        for file in try store.list(.index).prefix(3) { try store.remove(StoredFile(.index, file.id)) }
        let reopened = try Scene.reopen(store, opening: opening)
        #expect(reopened.index.entryCount < all.count, "blobs of removed index files are forgotten")
        #expect(Set(reopened.index.indexFiles) == Set(try store.list(.index).map(\.id)))
    }

    @Test func aCacheThatCannotBeUsedIsDoneWithout() throws {
        let directory = try TemporaryDirectory()
        let store = MemoryStore()
        var opening = OpenOptions()
        opening.cacheDirectory = try directory.write("a-file", "not a folder") + "/cache"
        let repository = try Scene.repository(in: store, opening: opening)
        let id = try Scene.save([[1, 2, 3]], in: repository)[0]
        #expect(try Scene.reopen(store, opening: opening).blob(id, .data) == [1, 2, 3])
    }

    @Test func aDamagedCacheIsMadeAnew() throws {
        let directory = try TemporaryDirectory()
        let store = MemoryStore()
        var opening = OpenOptions()
        opening.cacheDirectory = directory.path
        let repository = try Scene.repository(in: store, opening: opening)
        let ids = try Scene.save((0..<50 as Range<UInt8>).map { [$0, 1] }, in: repository)
        let folder = "\(directory.path)/\(repository.config.id)"
        let segment = try #require(IndexCache.segmentPaths(in: folder).first)
        var bytes = try Files.read(segment)
        bytes[bytes.count - 100] ^= 1
        try Files.write(segment, bytes)
        let reopened = try Scene.reopen(store, opening: opening)
        #expect(ids.allSatisfy { reopened.index.contains($0, .data) })
        #expect(!IndexCache.segmentPaths(in: folder).contains(segment))
    }

    @Test func whatDeadRunsLeftInTheCacheGoesAfterADay() throws {
        let directory = try TemporaryDirectory()
        for name in ["run-1-2", "index-3.segment.4-5.tmp", "keep.txt"] { try directory.write(name, "x") }
        IndexCache.removeLeftovers(in: directory.path)
        #expect(Files.names(in: directory.path).count == 3)
        for name in Files.names(in: directory.path) {
            Files.setModified(directory.path(name), seconds: SystemClock().now().seconds - 2 * 86_400)
        }
        IndexCache.removeLeftovers(in: directory.path)
        #expect(Files.names(in: directory.path) == ["keep.txt"])
    }

    @Test func aDamagedIndexFileIsNamed() throws {
        let store = MemoryStore()
        _ = try Scene.save([[1]], in: Scene.repository(in: store))
        let file = StoredFile(.index, try store.list(.index)[0].id)
        var bytes = try store.load(file)
        bytes[40] ^= 1
        try store.save(file, bytes)
        let repository = try Repository.open(store, password: Scene.password)
        let error = #expect(throws: HikaeError.self) { try repository.loadIndex() }
        #expect(error?.code == .damaged && error?.message.contains(file.id?.hex ?? "?") == true)
        var named: [FileID] = []
        try repository.loadIndex { id, _ in named.append(id) }
        #expect(named == [file.id])
    }
}

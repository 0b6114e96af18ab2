// What is kept locally, what is believed of it, and when it goes.

import HikaeCore
import HikaeStore
import HikaeTesting
import Testing

@Suite("A caching store")
struct CachingStoreTests {
    let folder: TemporaryDirectory
    let memory = MemoryStore()
    let plan = FaultPlan()
    let store: CachingStore
    let content: [UInt8] = Array(0..<200)
    var id: FileID { .named(by: content) }

    init() throws {
        folder = try TemporaryDirectory()
        store = CachingStore(
            FaultyStore(memory, plan: plan), folder: folder.path, repositoryID: .named(by: Array("repository".utf8)))
        try memory.create()
    }

    private func reopened() -> CachingStore {
        CachingStore(
            FaultyStore(memory, plan: plan), folder: folder.path, repositoryID: .named(by: Array("repository".utf8)))
    }

    private var cached: [String] { Files.all(below: folder.path) }

    @Test("asks the store once for a snapshot or index, also across runs", arguments: [FileKind.snapshot, .index])
    func once(_ kind: FileKind) throws {
        let file = StoredFile(kind, id)
        try memory.save(file, content)
        #expect(try store.load(file, range: 10..<20) == Array(content[10..<20]))
        #expect(try store.load(file) == content)
        #expect(try reopened().load(file) == content)
        #expect(plan.count([.load, .read]) == 1)
    }

    @Test("keeps what it saves")
    func saved() throws {
        try store.save(StoredFile(.index, id), content)
        #expect(try reopened().load(StoredFile(.index, id)) == content)
        #expect(plan.count([.load, .read]) == 0)
    }

    @Test("keeps packs of trees, and no other packs, keys, locks or config")
    func kinds() throws {
        let other = FileID.named(by: [1])
        store.noteTreePacks([id])
        try store.save(StoredFile(.pack, id), content)
        try store.save(StoredFile(.pack, other), [1])
        for kind in [FileKind.key, .lock] { try store.save(StoredFile(kind, other), [1]) }
        try store.save(.config, [1])
        #expect(cached.map { $0.suffix(64) } == [id.hex[...]])
        var buffer = [UInt8](repeating: 0, count: 5)
        try buffer.withUnsafeMutableBytes { try store.read(StoredFile(.pack, id), at: 3, into: $0) }
        #expect(buffer == Array(content[3..<8]))
        #expect(plan.count([.load, .read]) == 0)
    }

    @Test("believes no copy that is not what its name says, and asks the store instead")
    func tornCopies() throws {
        let file = StoredFile(.index, id)
        try store.save(file, content)
        let copy = folder.path(try #require(cached.first))
        for wrong in [[], Array(content.dropLast()), content.map { $0 ^ 1 }] as [[UInt8]] {
            try Files.write(copy, wrong)
            #expect(try reopened().load(file) == content)
            #expect(try Files.read(copy) == content, "the copy has been mended")
        }
        #expect(plan.count([.load]) == 3)
    }

    @Test("never keeps damage that the store has answered with")
    func damagedAnswers() throws {
        let file = StoredFile(.snapshot, id)
        memory.damage(file, with: [1, 2, 3])
        #expect(try store.load(file) == [1, 2, 3], "the reader judges what the store says")
        #expect(cached.isEmpty)
    }

    @Test("drops copies of what the store no longer has")
    func drops() throws {
        let kept = FileID.named(by: [1])
        for kind in [FileKind.index, .snapshot] {
            try store.save(StoredFile(kind, id), content)
            try store.save(StoredFile(kind, kept), [1])
            try memory.remove(StoredFile(kind, id))
            #expect(try store.list(kind).map(\.id) == [kept])
            #expect(code { () throws(HikaeError) in try store.load(StoredFile(kind, id)) } == .notFound)
        }
        #expect(cached.count == 2)
        try store.remove(StoredFile(.index, kept))
        store.forget(StoredFile(.snapshot, kept))
        #expect(cached.isEmpty)
    }

    @Test("works without its folder")
    func noFolder() throws {
        let blocked = try folder.write("file", "not a folder")
        let store = CachingStore(memory, folder: blocked, repositoryID: id)
        let file = StoredFile(.index, id)
        try store.save(file, content)
        #expect(try store.load(file) == content)
        #expect(try store.list(.index).count == 1)
        try store.remove(file)
    }
}

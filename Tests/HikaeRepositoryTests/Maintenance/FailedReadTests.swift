// A read that fails says nothing about what is stored: maintenance stops then, and removes nothing on account of it.

import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeStore
import HikaeTesting
import Testing

@Suite("Maintenance while reads fail")
struct FailedReadTests {
    private static let failures: [HikaeError] = [
        HikaeError(.permission, "permission denied (by a fault plan)"),
        HikaeError(.inputOutput, "the disk does not answer (by a fault plan)", isRetryable: true),
    ]
    private let files: FileTree = ["a/one": TestBytes.noise(2500, seed: 1), "b/two": TestBytes.text(5000, seed: 3)]

    private func open(_ store: any ObjectStore, cache: String? = nil) throws -> Repository {
        var options = SmallRepository.options()
        options.cacheDirectory = cache
        return try Repository.open(store, password: Scene.password, options: options)
    }

    /// Every file but locks and what was added is there, byte for byte.
    private func expectUntouched(
        _ store: MemoryStore, _ before: [StoredFile: [UInt8]], _ sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for (file, content) in before {
            #expect(store.files[file] == content, "\(file)", sourceLocation: sourceLocation)
        }
    }

    @Test("no snapshot is lost because trees cannot be read just now", arguments: failures)
    func trees(failure: HikaeError) throws {
        let small = try SmallRepository()
        let snapshot = try small.save(files)
        let before = small.store.files
        for number in 0..<3 {
            let plan = FaultPlan([.on([.load, .read], of: [.pack], numbers: number..<Int.max, .fail(failure))])
            let repairer = Repairer(repository: try open(FaultyStore(small.store, plan: plan)))
            let error = #expect(throws: HikaeError.self) { try repairer.repairSnapshots([snapshot], forget: true) }
            #expect(error?.code == failure.code)
            #expect(small.store.files == before)
        }
    }

    @Test("no snapshot is lost because its file cannot be read just now", arguments: failures)
    func snapshotFiles(failure: HikaeError) throws {
        let small = try SmallRepository()
        let snapshot = try small.save(files)
        let before = small.store.files
        let plan = FaultPlan([.every([.load], of: [.snapshot], .fail(failure))])
        let repairer = Repairer(repository: try open(FaultyStore(small.store, plan: plan)))
        let error = #expect(throws: HikaeError.self) {
            try repairer.repairSnapshots([], unreadable: [snapshot.id], forget: true)
        }
        #expect(error?.code == failure.code)
        // Whoever listed it may have had bad luck: it can be read now.
        #expect(throws: HikaeError.self) {
            try Repairer(repository: open(small.store)).repairSnapshots([], unreadable: [snapshot.id], forget: true)
        }
        #expect(small.store.files == before)
        small.store.damage(StoredFile(.snapshot, snapshot.id), with: [1, 2, 3])
        let summary = try Repairer(repository: open(small.store))
            .repairSnapshots([], unreadable: [snapshot.id], forget: true)
        #expect(summary.unreadable == [snapshot.id])
        #expect(try small.store.list(.snapshot).isEmpty)
    }

    @Test("a blob whose second copy cannot be read just now is not lost", arguments: failures)
    func copies(failure: HikaeError) throws {
        let small = try SmallRepository()
        let snapshot = try small.save(files)
        let other = try Repository.open(small.store, password: Scene.password)
        _ = try SmallRepository.save(files, in: other, at: 1_340_000_100)
        try small.repository.loadIndex()
        let tree = snapshot.snapshot.tree
        let first = try #require(small.repository.index.lookup(tree, .tree))
        let file = StoredFile(.pack, first.pack)
        var bytes = try small.store.load(file)
        bytes[Int(first.offset) + 20] ^= 1
        small.store.damage(file, with: bytes)
        #expect(try small.repository.blob(tree, .tree).isEmpty == false)
        let plan = FaultPlan([.on([.load], of: [.pack], numbers: 1..<2, .fail(failure))])
        let repository = try open(FaultyStore(small.store, plan: plan))
        try repository.loadIndex()
        let error = #expect(throws: HikaeError.self) { try repository.blob(tree, .tree) }
        #expect(error?.code == failure.code)
    }

    @Test("no pack is removed that could not be read, whether a copy was to be kept or not", arguments: failures)
    func packs(failure: HikaeError) throws {
        for keepsCopy in [true, false] {
            for number in 0..<3 {
                let small = try SmallRepository()
                try small.save(files)
                let before = small.store.files
                let packs = try small.store.list(.pack).map(\.id)
                let plan = FaultPlan([.on([.load, .read], of: [.pack], numbers: number..<Int.max, .fail(failure))])
                let repairer = Repairer(repository: try open(FaultyStore(small.store, plan: plan)))
                let error = #expect(throws: HikaeError.self) {
                    if keepsCopy {
                        try repairer.repairPacks(packs) { _, _ in }
                    } else {
                        try repairer.repairPacks(packs)
                    }
                }
                #expect(error?.code == failure.code)
                #expect(error?.message.contains("stays") == true && error?.hint != nil)
                expectUntouched(small.store, before)
            }
        }
    }

    @Test("no index file is dropped because it cannot be read just now", arguments: failures)
    func indexes(failure: HikaeError) throws {
        let small = try SmallRepository()
        try small.save(files)
        let before = small.store.files
        for kind in [FileKind.index, .pack] {
            let plan = FaultPlan([.every([.load, .read], of: [kind], .fail(failure))])
            let repairer = Repairer(repository: try open(FaultyStore(small.store, plan: plan)))
            let error = #expect(throws: HikaeError.self) { try repairer.repairIndex(readAllPacks: true) }
            #expect(error?.code == failure.code)
            expectUntouched(small.store, before)
        }
    }

    @Test("a prune takes no lost snapshot folder for a repository without snapshots")
    func lostSnapshotFolder() throws {
        let folder = try TemporaryDirectory()
        let store = LocalStore(path: folder.path("repository"))
        let repository = try Scene.repository(in: store)
        let snapshot = try SmallRepository.save(files, in: repository)
        try Files.move(folder.path("repository/snapshots"), to: folder.path("elsewhere"))
        #expect(throws: HikaeError.self) { try Pruner(repository: repository).plan() }
        try Files.move(folder.path("elsewhere"), to: folder.path("repository/snapshots"))
        #expect(try Pruner(repository: repository).plan().isEmpty)
        #expect(try SmallRepository.content(of: snapshot.snapshot.tree, in: repository) == files)
    }

    @Test("what removes things reads the index files themselves, never the local cache")
    func pastTheCache() throws {
        let small = try SmallRepository()
        let snapshot = try small.save(files)
        let pack = try #require(try small.store.list(.pack).first).id
        let cache = try TemporaryDirectory()
        try open(small.store, cache: cache.path).loadIndex()
        let works: [(String, (Repository) throws -> Void)] = [
            ("repair snapshots", { _ = try Repairer(repository: $0).repairSnapshots([snapshot], forget: true) }),
            ("prune", { _ = try Pruner(repository: $0).plan() }),
            ("repair packs", { _ = try Repairer(repository: $0).repairPacks([pack]) }),
        ]
        for (name, work) in works {
            let indexes = Set(try small.store.list(.index).map { StoredFile(.index, $0.id) })
            let plan = FaultPlan()
            try work(open(FaultyStore(small.store, plan: plan), cache: cache.path))
            let read = Set(plan.log.filter { $0.call == .load && $0.kind == .index }.compactMap(\.file))
            #expect(read.isSuperset(of: indexes), "\(name)")
        }
    }
}

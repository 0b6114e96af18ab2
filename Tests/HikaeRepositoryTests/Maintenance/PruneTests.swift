// Prune keeps all that is needed and nothing else.

import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeStore
import HikaeTesting
import Testing

@Suite("Pruning a repository")
struct PruneTests {
    private func prune(
        _ repository: Repository, _ set: (inout PruneOptions) -> Void = { _ in }
    ) throws -> PruneStatistics {
        var options = PruneOptions()
        options.maxUnused = .percent(0)
        set(&options)
        let pruner = Pruner(repository: repository, options: options, report: { Issue.record("\($0)") })
        let plan = try pruner.plan()
        try pruner.execute(plan)
        return plan.statistics
    }

    private func packBytes(_ store: MemoryStore) -> Int {
        store.files.filter { $0.key.kind == .pack }.reduce(0) { $0 + $1.value.count }
    }

    private func blobs(_ repository: Repository) throws -> Set<BlobID> {
        var found: Set<BlobID> = []
        try repository.loadIndex()
        try repository.index.forEachEntry { _, _, blob in found.insert(blob.id) }
        return found
    }

    @Test("leaves a tidy repository alone", arguments: [1, 2])
    func nothingToDo(version: Int) throws {
        let small = try SmallRepository(version: version)
        try small.save(["a": TestBytes.noise(2000, seed: 1), "b/c": TestBytes.text(900, seed: 2)])
        let before = small.store.files
        let statistics = try prune(small.repository)
        #expect(small.store.files == before)
        #expect(statistics.unused == .init())
        #expect(statistics.used.blobs == 7)
    }

    @Test("removes what only forgotten snapshots needed", arguments: [1, 2])
    func removesUnused(version: Int) throws {
        let small = try SmallRepository(version: version, packSize: 3000)
        let kept: FileTree = ["shared": TestBytes.noise(5000, seed: 1), "b/c": TestBytes.text(900, seed: 2)]
        var old = kept
        old["gone/forever"] = TestBytes.noise(9000, seed: 3)
        let first = try small.save(old, at: 1_340_000_000)
        let second = try small.save(kept, at: 1_340_000_100)
        try Forgetter(repository: small.repository).execute(
            Forgetter(repository: small.repository).plan(removing: [first]))
        let size = packBytes(small.store)
        let statistics = try prune(small.repository)
        #expect(statistics.unused.blobs > 0)
        #expect(packBytes(small.store) < size - 8000)
        #expect(try small.content(of: second) == kept)
        try expectSound(small.store, allowingHints: false)
        // All that is left is needed: a second prune finds nothing to do.
        let before = small.store.files
        #expect(try prune(small.repository).unused == .init())
        #expect(small.store.files == before)
    }

    @Test("keeps exactly the blobs that snapshots need, whatever was saved and forgotten")
    func property() throws {
        var generator = SeededGenerator()
        let small = try SmallRepository(packSize: 5000)
        var alive: [(snapshot: NamedSnapshot, truth: FileTree)] = []
        for round in 0..<12 {
            var files: FileTree = [:]
            for number in 0..<8 {
                let seed = UInt64.random(in: 0..<12, using: &generator)
                files["d\(number % 3)/f\(number)"] = TestBytes.noise(
                    Int.random(in: 0..<2500, using: &generator), seed: seed)
            }
            alive.append((try small.save(files, at: 1_340_000_000 + Int64(round)), files))
            if round % 3 == 2 {
                let fates = alive.map { _ in Bool.random(using: &generator) }
                let victims = zip(alive, fates).filter(\.1).map(\.0.snapshot)
                let forgetter = Forgetter(repository: small.repository)
                try forgetter.execute(forgetter.plan(removing: victims))
                alive = zip(alive, fates).filter { !$0.1 }.map(\.0)
                _ = try prune(small.repository) { $0.maxUnused = round == 5 ? .percent(30) : .percent(0) }
                for (snapshot, truth) in alive { #expect(try small.content(of: snapshot) == truth) }
            }
        }
        let forgetter = Forgetter(repository: small.repository)
        try forgetter.execute(forgetter.plan(removing: alive.map(\.snapshot)))
        _ = try prune(small.repository)
        #expect(try small.store.list(.pack).isEmpty)
        #expect(try blobs(small.repository).isEmpty)
        try expectSound(small.store, allowingHints: false)
    }

    @Test("counts a repository that backups at the same time filled twice, and keeps one copy")
    func duplicates() throws {
        let small = try SmallRepository()
        let files: FileTree = ["a": TestBytes.noise(4000, seed: 1)]
        try small.save(files)
        // A second writer that had not seen the first one's index.
        let other = try Repository.open(small.store, password: Scene.password)
        let snapshot = try SmallRepository.save(files, in: other, at: 1_340_000_100)
        let statistics = try prune(small.repository)
        #expect(statistics.duplicate.blobs == 7)
        #expect(try small.store.list(.pack).count == 2)
        #expect(try small.content(of: snapshot) == files)
        try expectSound(small.store, allowingHints: false)
    }

    /// What a mending leaves that was cut short, or that may remove nothing: a damaged pack and a whole one with the same.
    @Test("never drops the whole one of two copies for the damaged one", arguments: 0..<4)
    func rottenDuplicate(victim: Int) throws {
        let small = try SmallRepository()
        let files: FileTree = ["a": TestBytes.noise(4000, seed: 1)]
        try small.save(files)
        let other = try Repository.open(small.store, password: Scene.password)
        let snapshot = try SmallRepository.save(files, in: other, at: 1_340_000_100)
        let packs = try small.store.list(.pack).map(\.id).sorted()
        try #require(packs.count == 4)
        let file = StoredFile(.pack, packs[victim])
        var bytes = try small.store.load(file)
        bytes[40] ^= 1
        small.store.damage(file, with: bytes)
        _ = try prune(small.repository)
        let anew = try Scene.reopen(small.store)
        #expect(try SmallRepository.content(of: snapshot.snapshot.tree, in: anew) == files)
        // Not by falling back on a copy that the next prune takes.
        _ = try prune(try Scene.reopen(small.store))
        #expect(try SmallRepository.content(of: snapshot.snapshot.tree, in: try Scene.reopen(small.store)) == files)
    }

    @Test("counts a pack that two indexes name once")
    func doubleNaming() throws {
        let small = try SmallRepository()
        try small.save(["a": TestBytes.noise(4000, seed: 1)])
        let index = try #require(try small.store.list(.index).first)
        _ = try small.repository.saveUnpacked(.index, try small.repository.loadUnpacked(StoredFile(.index, index.id)))
        let statistics = try prune(small.repository)
        #expect(statistics.duplicate == .init())
        #expect(statistics.used.blobs == 7)
        #expect(statistics.usedPacks == 2)
        // From now on it is named once.
        #expect(try small.store.list(.index).count == 1)
        try expectSound(small.store, allowingHints: false)
    }

    @Test("rewrites only the index files that name packs which go")
    func indexes() throws {
        let small = try SmallRepository()
        let first = try small.save(["a": TestBytes.noise(4000, seed: 1)], at: 1_340_000_000)
        let kept = try small.store.list(.index).map(\.id)
        let second = try small.save(["b": TestBytes.noise(4000, seed: 2)], at: 1_340_000_100)
        let forgetter = Forgetter(repository: small.repository)
        try forgetter.execute(forgetter.plan(removing: [second]))
        _ = try prune(small.repository)
        #expect(try small.store.list(.index).map(\.id) == kept)
        #expect(try small.content(of: first).count == 1)
    }

    @Test("touches nothing in a dry run and counts snapshots as gone that are named")
    func dryRun() throws {
        let small = try SmallRepository()
        let snapshot = try small.save(["a": TestBytes.noise(4000, seed: 1)])
        let before = small.store.files
        let plan = try Pruner(repository: small.repository).plan(ignoring: [snapshot.id])
        #expect(plan.removePacks.count == 2)
        #expect(!plan.isEmpty)
        #expect(plan.statistics.remaining.blobs == 0)
        #expect(small.store.files == before)
    }

    @Test("removes packs that no index knows, also when nothing else is to be done")
    func unreferenced() throws {
        let small = try SmallRepository()
        try small.save(["a": TestBytes.noise(400, seed: 1)])
        let orphan = TestBytes.noise(500, seed: 9)
        try small.store.save(StoredFile(.pack, FileID.named(by: orphan)), orphan)
        #expect(try prune(small.repository).unreferencedBytes == 500)
        try expectSound(small.store, allowingHints: false)
    }

    @Test("compresses what version 1 left uncompressed, when asked")
    func uncompressed() throws {
        let small = try SmallRepository(version: 1)
        let files: FileTree = ["a": TestBytes.text(20_000, seed: 1)]
        let snapshot = try small.save(files)
        // What restic's migration does: the config says version 2 from now on.
        var config = small.repository.config
        config.version = 2
        small.store.damage(.config, with: small.repository.key.seal(config.encoded()))
        let upgraded = try Repository.open(small.store, password: Scene.password)
        let size = packBytes(small.store)
        _ = try prune(upgraded) { $0.repackUncompressed = true }
        #expect(packBytes(small.store) * 2 < size)
        #expect(try SmallRepository.content(of: snapshot.snapshot.tree, in: upgraded) == files)
        try expectSound(small.store, allowingHints: false)
    }

    @Test("removes nothing when a tree, an index or a snapshot cannot be read, or a pack is missing")
    func refusals() throws {
        for kind in [FileKind.index, .snapshot, .pack] {
            for effect in ["damaged", "missing"] where !(kind == .snapshot && effect == "missing") {
                let small = try SmallRepository()
                let gone = try small.save(["x": TestBytes.noise(3000, seed: 5)], at: 1_340_000_000)
                try small.save(["a/b": TestBytes.noise(400, seed: 1)], at: 1_340_000_100)
                let forgetter = Forgetter(repository: small.repository)
                try forgetter.execute(forgetter.plan(removing: [gone]))
                let victim = try #require(try needed(kind, small))
                small.store.damage(victim, with: effect == "missing" ? nil : Array("damaged".utf8))
                let before = small.store.files
                let repository = try Repository.open(small.store, password: Scene.password)
                #expect(throws: HikaeError.self, "\(kind) \(effect)") { try prune(repository) }
                #expect(small.store.files == before, "\(kind) \(effect)")
            }
        }
    }

    /// A file that the newest snapshot needs.
    private func needed(_ kind: FileKind, _ small: SmallRepository) throws -> StoredFile? {
        let snapshot = try #require(try small.repository.snapshots().last)
        switch kind {
        case .snapshot: return StoredFile(.snapshot, snapshot.id)
        case .pack:
            return small.repository.index.lookup(snapshot.snapshot.tree, .tree).map { StoredFile(.pack, $0.pack) }
        default:
            for file in try small.store.list(.index) {
                let json = try small.repository.loadUnpacked(StoredFile(.index, file.id))
                if String(decoding: json, as: UTF8.self).contains(snapshot.snapshot.tree.hex) {
                    return StoredFile(.index, file.id)
                }
            }
            return nil
        }
    }

    @Test("takes a blob from another copy when the one to rewrite is damaged, and stops when there is none")
    func damagedWhileRepacking() throws {
        let small = try SmallRepository()
        let gone = try small.save(["x": TestBytes.noise(3000, seed: 5), "a": TestBytes.noise(600, seed: 1)], at: 1)
        let kept = try small.save(["a": TestBytes.noise(600, seed: 1)], at: 2)
        let forgetter = Forgetter(repository: small.repository)
        try forgetter.execute(forgetter.plan(removing: [gone]))
        let blob = try #require(try small.repository.tree(kept.snapshot.tree).nodes[0].content?.first)
        let place = try #require(small.repository.index.lookup(blob, .data))
        let file = StoredFile(.pack, place.pack)
        var bytes = try small.store.load(file)
        bytes[Int(place.offset) + 30] ^= 1
        small.store.damage(file, with: bytes)
        let before = small.store.files
        #expect(throws: HikaeError.self) { try prune(small.repository) }
        for (file, content) in before { #expect(small.store.files[file] == content) }
    }
}

// Each maintenance operation cut at every store call: what was whole stays whole, and the next run completes.

import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeStore
import HikaeTesting
import Testing

@Suite("A repository whose maintenance was cut short")
struct CutTests {
    /// Runs `operation` on copies of `store`, each dying one call later than the one before, until it runs through.
    /// `judge` sees what each cut left, as the store keeps it and as a power cut keeps it; then the operation is run
    /// again on it and must complete.
    private func cutEverywhere(
        _ store: MemoryStore, calls: Set<StoreCall> = StoreCall.changing,
        operation: (any ObjectStore) throws -> Void, judge: (MemoryStore, _ cut: Int) throws -> Void,
        finished: (MemoryStore) throws -> Void
    ) throws {
        var generator = SeededGenerator()
        var cut = 0
        while true {
            let left = store.copy()
            let plan = FaultPlan.dying(at: cut, of: calls)
            var wasCut = false
            do { try operation(FaultyStore(left, plan: plan)) } catch { wasCut = true }
            // Trouble with removing packs is told and passed over: the log says whether the cut came at all.
            wasCut = wasCut || plan.isDead
            for remains in [left, left.afterPowerCut(using: &generator)] {
                try judge(remains, cut)
                try operation(remains)
                try finished(remains)
            }
            if !wasCut { break }
            cut += 1
            try #require(cut < 500, "the operation never completes")
        }
        #expect(cut > 2, "the operation was hardly cut at all")
    }

    /// A repository with something to forget, to rewrite and to remove.
    private func scene() throws -> (store: MemoryStore, kept: FileTree, keptID: FileID) {
        let small = try SmallRepository(packSize: 2500)
        let kept: FileTree = ["a": TestBytes.noise(3000, seed: 1), "d/b": TestBytes.text(2000, seed: 2)]
        var old = kept
        old["gone"] = TestBytes.noise(4000, seed: 3)
        old["d/b"] = TestBytes.noise(1000, seed: 4)
        try small.save(old, at: 1_340_000_000)
        let snapshot = try small.save(kept, at: 1_340_000_100)
        return (small.store, kept, snapshot.id)
    }

    private func open(_ store: any ObjectStore) throws -> Repository {
        try Repository.open(store, password: Scene.password, options: SmallRepository.options(packSize: 2500))
    }

    private func expectWhole(_ store: MemoryStore, _ id: FileID, _ truth: FileTree, _ cut: Int) throws {
        try expectSound(store, "cut at \(cut)")
        let repository = try open(store)
        try repository.loadIndex()
        let tree = try repository.snapshot(id).tree
        #expect(try SmallRepository.content(of: tree, in: repository) == truth, "cut at \(cut)")
    }

    @Test("by a cut in forget and prune is sound at every call, and the next run completes")
    func forgetAndPrune() throws {
        let (store, kept, id) = try scene()
        try cutEverywhere(
            store,
            operation: { store in
                let repository = try open(store)
                var policy = ForgetPolicy()
                policy.last = 1
                let forgetter = Forgetter(repository: repository)
                try forgetter.execute(
                    forgetter.plan(filter: SnapshotFilter(), grouping: SnapshotGrouping(), policy: policy))
                var options = PruneOptions()
                options.maxUnused = .percent(0)
                options.threads = 1
                let pruner = Pruner(repository: repository, options: options)
                try pruner.execute(try pruner.plan())
            },
            judge: { try expectWhole($0, id, kept, $1) },
            finished: { store in
                try expectSound(store, allowingHints: false)
                let repository = try open(store)
                #expect(try repository.snapshots().map(\.id) == [id])
                let statistics = try Pruner(repository: repository).plan().statistics
                #expect(statistics.unused == .init() && statistics.duplicate == .init())
                #expect(statistics.unreferencedBytes == 0)
            })
    }

    @Test("by a cut in a backup is sound at every call, and the next run completes")
    func backup() throws {
        let (store, kept, id) = try scene()
        let new: FileTree = ["a": kept["a"] ?? [], "n/ew": TestBytes.noise(6000, seed: 8)]
        try cutEverywhere(
            store,
            operation: { store in
                let repository = try open(store)
                try repository.loadIndex()
                _ = try SmallRepository.save(new, in: repository, at: 1_340_000_200)
            },
            judge: { try expectWhole($0, id, kept, $1) },
            finished: { store in
                try expectSound(store)
                let repository = try open(store)
                try repository.loadIndex()
                let newest = try #require(try repository.snapshots().last)
                #expect(try SmallRepository.content(of: newest.snapshot.tree, in: repository) == new)
            })
    }

    @Test("by a cut in a copy is sound at every call, and the next run completes")
    func copy() throws {
        let (source, kept, id) = try scene()
        let target = try SmallRepository(packSize: 2500)
        let own: FileTree = ["own": TestBytes.noise(900, seed: 12)]
        let ownID = try target.save(own).id
        try cutEverywhere(
            target.store,
            operation: { store in
                let (from, to) = (try open(source), try open(store))
                try from.loadIndex()
                try to.loadIndex()
                var options = CopyOptions()
                options.batchBytes = 1
                options.threads = 1
                _ = try Copier(from: from, to: to, options: options).copy(try from.snapshots())
            },
            judge: { try expectWhole($0, ownID, own, $1) },
            finished: { store in
                try expectSound(store)
                let repository = try open(store)
                try repository.loadIndex()
                let copies = try repository.snapshots().filter { $0.snapshot.original != nil }
                #expect(copies.count == 2)
                let copy = try #require(copies.first { $0.snapshot.original == id })
                #expect(try SmallRepository.content(of: copy.snapshot.tree, in: repository) == kept)
            })
    }

    @Test("by a cut in a repair loses nothing that the repair could save")
    func repair() throws {
        let (store, kept, id) = try scene()
        // The header of every pack destroyed and the index files doubled: all has to be written anew.
        let repository = try open(store)
        for info in try store.list(.index) {
            _ = try repository.saveUnpacked(.index, try repository.loadUnpacked(StoredFile(.index, info.id)))
        }
        let victims = try store.list(.pack).map(\.id).sorted().prefix(3)
        for pack in victims {
            var bytes = try store.load(StoredFile(.pack, pack))
            bytes[bytes.count - 20] ^= 1
            store.damage(StoredFile(.pack, pack), with: bytes)
        }
        try store.flush()
        try cutEverywhere(
            store,
            operation: { store in
                let repairer = Repairer(repository: try open(store))
                _ = try repairer.repairIndex()
                let present = Set(try store.list(.pack).map(\.id))
                let damaged = victims.filter(present.contains)
                if !damaged.isEmpty { _ = try repairer.repairPacks(damaged) }
            },
            judge: { store, cut in
                let repository = try open(store)
                try repository.loadIndex()
                let tree = try repository.snapshot(id).tree
                #expect(try SmallRepository.content(of: tree, in: repository) == kept, "cut at \(cut)")
            },
            finished: { store in
                try expectSound(store)
                #expect(try open(store).snapshots().count == 2)
            })
    }

    @Test("by a cut while the password changes can still be opened with the old or the new one")
    func password() throws {
        let (store, _, _) = try scene()
        let new = Array("new".utf8)
        for cut in 0..<8 {
            let left = store.copy()
            let faulty = FaultyStore(left, plan: .dying(at: cut, of: StoreCall.changing))
            let repository = try Repository.open(faulty, password: Scene.password)
            _ = try? KeyRing(repository: repository).changePassword(
                new, username: "u", hostname: "h", parameters: .insecureForTests)
            let opens = [Scene.password, new].contains { (try? Repository.open(left, password: $0)) != nil }
            #expect(opens, "cut at \(cut)")
        }
    }
}

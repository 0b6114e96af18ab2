// Mending gives nothing up: not when it is cut short, not when the store removes nothing, not when it is made again.

import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeStore
import HikaeTesting
import Testing

@Suite("Mending packs from another repository")
struct MendTests {
    private let files: FileTree = [
        "a/noise": TestBytes.noise(4000, seed: 1), "a/text": TestBytes.text(5000, seed: 2),
        "b/more": TestBytes.noise(1500, seed: 3),
    ]

    /// Two repositories of different keys with the same snapshot.
    private func two() throws -> (first: SmallRepository, snapshot: NamedSnapshot, second: Repository) {
        let first = try SmallRepository(packSize: 3000)
        let snapshot = try first.save(files)
        let second = try SmallRepository(packSize: 3000)
        _ = try Copier(from: first.repository, to: second.repository).copy([snapshot])
        return (first, snapshot, second.repository)
    }

    private func open(_ store: any ObjectStore) throws -> Repository {
        let repository = try Repository.open(
            store, password: Scene.password, options: SmallRepository.options(packSize: 3000))
        try repository.loadIndex()
        return repository
    }

    private func flip(_ store: MemoryStore, _ pack: FileID, at place: (Int) -> Int) throws {
        var bytes = try store.load(StoredFile(.pack, pack))
        bytes[place(bytes.count)] ^= 0x10
        store.damage(StoredFile(.pack, pack), with: bytes)
    }

    private func mend(_ store: any ObjectStore, from other: Repository) throws -> PackMendSummary {
        let damaged = try Findings.check(store).report.damagedPacks
        return try Repairer(repository: try open(store)).mendPacks(damaged) { id, type throws(HikaeError) in
            do throws(HikaeError) { return try other.blob(id, type) } catch { return nil }
        }
    }

    private func expectBack(_ store: any ObjectStore, _ snapshot: NamedSnapshot, _ comment: Comment? = nil) throws {
        let found = try SmallRepository.content(of: snapshot.snapshot.tree, in: try open(store))
        #expect(found == files, comment)
    }

    @Test("cut at any call, with a prune after it, loses nothing, and the next run completes")
    func cut() throws {
        let (first, snapshot, second) = try two()
        for pack in try first.store.list(.pack).map(\.id) { try flip(first.store, pack) { _ in 20 } }
        for cut in 0..<500 {
            let left = first.store.copy()
            let plan = FaultPlan.dying(at: cut, of: StoreCall.changing)
            _ = try? mend(FaultyStore(left, plan: plan), from: second)
            var generator = SeededGenerator()
            for remains in [left.copy(), left.afterPowerCut(using: &generator)] {
                // Made again at once, and only after a prune that may find both the damaged packs and the new ones.
                for prunes in [false, true] {
                    let store = remains.copy()
                    if prunes {
                        var options = PruneOptions()
                        options.maxUnused = .percent(0)
                        let pruner = Pruner(repository: try open(store), options: options)
                        if let plan = try? pruner.plan() { try pruner.execute(plan) }
                    }
                    let summary = try mend(store, from: second)
                    #expect(summary.lost.isEmpty, "cut at \(cut)")
                    try expectBack(store, snapshot, "cut at \(cut)")
                    try expectSound(store, "cut at \(cut)")
                }
            }
            if !plan.isDead {
                #expect(cut > 2)
                return
            }
        }
        Issue.record("the mending never completes")
    }

    @Test("is made byte for byte where a nonce is left: in content, in trees, in the header, in its tag")
    func rebuilt() throws {
        let (first, _, second) = try two()
        for pack in try first.store.list(.pack).map(\.id) {
            let whole = try first.store.load(StoredFile(.pack, pack))
            for place in [16, 40, whole.count / 2, whole.count - 5, whole.count - 30, whole.count - 1] {
                try flip(first.store, pack) { _ in place }
                let bytes = try Repairer(repository: try open(first.store)).rebuilt(pack) {
                    id, type throws(HikaeError) in try second.unsealed(id, type)
                }
                // Whatever comes out has the pack's name; only in a nonce a flip is too much.
                if let bytes { #expect(bytes == whole) }
                if [16, 40, whole.count - 5, whole.count - 1].contains(place) { #expect(bytes == whole, "\(place)") }
                first.store.damage(StoredFile(.pack, pack), with: whole)
            }
        }
    }

    @Test("makes nothing up: from a repository that is damaged itself, or of another company, nothing comes out")
    func distrust() throws {
        let (first, _, second) = try two()
        let stranger = try SmallRepository()
        try stranger.save(["x": TestBytes.noise(4000, seed: 9)])
        let pack = try #require(try first.store.list(.pack).first).id
        try flip(first.store, pack) { _ in 40 }
        let damaged = try first.store.load(StoredFile(.pack, pack))
        let repairer = Repairer(repository: try open(first.store))
        #expect(
            try repairer.rebuilt(pack) { id, type throws(HikaeError) in try stranger.repository.unsealed(id, type) }
                == nil)
        let lies = try repairer.rebuilt(pack) { id, type throws(HikaeError) in
            try second.unsealed(id, type).map { $0.map { $0 ^ 1 } }
        }
        #expect(lies == nil)
        let summary = try repairer.mendPacks([pack]) { _, _ in [1, 2, 3] }
        #expect(summary.mended.isEmpty && summary.lost[pack]?.isEmpty == false)
        #expect(try first.store.load(StoredFile(.pack, pack)) == damaged)
    }
}

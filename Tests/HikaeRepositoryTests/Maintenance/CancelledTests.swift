// A wish to stop is heard at every step of a prune, and costs nothing but the time.

import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeStore
import HikaeTesting
import Testing

/// A clock that cancels when something waits on it.
private struct CancellingClock: PaceClock {
    let cancellation: Cancellation
    func now() -> UInt64 { 0 }
    func sleep(nanoseconds: UInt64) { cancellation.cancel() }
}

@Suite("Cancelling maintenance")
struct CancelledTests {
    /// A repository where a prune has an index to rewrite and several packs to remove.
    private func wasteful() throws -> (SmallRepository, kept: NamedSnapshot, truth: FileTree) {
        let small = try SmallRepository(packSize: 3000)
        let truth: FileTree = ["kept": TestBytes.noise(2000, seed: 1)]
        let gone = try small.save(["gone": TestBytes.noise(12_000, seed: 2)], at: 1_340_000_000)
        let kept = try small.save(truth, at: 1_340_000_100)
        let forgetter = Forgetter(repository: small.repository)
        try forgetter.execute(forgetter.plan(removing: [gone]))
        return (small, kept, truth)
    }

    /// Prunes, asked to stop at the call that `rule` makes of an effect.
    private func prune(_ small: SmallRepository, _ rule: (FaultEffect) -> FaultPlan.Rule) throws {
        let cancellation = Cancellation()
        let plan = FaultPlan([rule(.delay(nanoseconds: 1))], clock: CancellingClock(cancellation: cancellation))
        let repository = try Repository.open(
            FaultyStore(small.store, plan: plan), password: Scene.password, options: SmallRepository.options())
        let pruner = Pruner(repository: repository, cancellation: cancellation)
        let error = #expect(throws: HikaeError.self) { try pruner.execute(try pruner.plan()) }
        #expect(error?.code == .cancelled)
    }

    @Test("a prune stops while it reads index files, before any is gone")
    func readingIndexes() throws {
        let (small, _, _) = try wasteful()
        let before = small.store.files
        let indexes = try small.store.list(.index).count
        #expect(indexes == 2)
        // The plan reads each once.
        try prune(small) { .on([.load], of: [.index], numbers: indexes..<indexes + 1, $0) }
        #expect(small.store.files == before)
    }

    @Test("a prune stops between the new index and the removal of packs, and while it removes them")
    func removing() throws {
        for (kind, left) in [(FileKind.index, 0), (.pack, 1)] {
            let (small, kept, truth) = try wasteful()
            let packs = try small.store.list(.pack).count
            try prune(small) { .on([.remove], of: [kind], numbers: 0..<1, $0) }
            #expect(try small.store.list(.pack).count == packs - left, "stopped at the removal of the first \(kind)")
            try expectSound(small.store)
            let pruner = Pruner(repository: small.repository)
            try pruner.execute(pruner.plan())
            #expect(try small.content(of: kept) == truth)
            try expectSound(small.store, allowingHints: false)
        }
    }

    @Test("a forget stops between two snapshots")
    func forgetting() throws {
        let small = try SmallRepository()
        let snapshots = try (1...3).map { try small.save(["a": [UInt8($0)]], at: Int64($0)) }
        let cancellation = Cancellation()
        let plan = FaultPlan(
            [.on([.remove], of: [.snapshot], numbers: 1..<2, .delay(nanoseconds: 1))],
            clock: CancellingClock(cancellation: cancellation))
        let forgetter = Forgetter(repository: try Scene.reopen(FaultyStore(small.store, plan: plan)))
        let error = #expect(throws: HikaeError.self) {
            try forgetter.execute(forgetter.plan(removing: snapshots), cancellation: cancellation)
        }
        #expect(error?.code == .cancelled)
        #expect(try small.store.list(.snapshot).map(\.id) == [snapshots[2].id])
    }

    @Test("a prune stops while it removes packs that nobody knows")
    func unreferenced() throws {
        let small = try SmallRepository()
        try small.save(["a": TestBytes.noise(400, seed: 1)])
        for seed: UInt64 in 2..<6 {
            let orphan = TestBytes.noise(500, seed: seed)
            try small.store.save(StoredFile(.pack, FileID.named(by: orphan)), orphan)
        }
        let packs = try small.store.list(.pack).count
        try prune(small) { .on([.remove], of: [.pack], numbers: 0..<1, $0) }
        #expect(try small.store.list(.pack).count == packs - 1)
    }
}

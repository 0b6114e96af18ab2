// Every store and every decorator keeps every promise of ObjectStore.

import HikaeCore
import HikaeStore
import HikaeTesting
import Testing

@Suite("Store conformance")
struct ConformanceTests {
    @Test("of the local store", arguments: StoreConformance.checks)
    func local(_ check: StoreConformance.Check) throws {
        let folder = try TemporaryDirectory()
        try check.run(LocalStore(path: folder.path("repository")))
    }

    @Test("of the memory store", arguments: StoreConformance.checks)
    func memory(_ check: StoreConformance.Check) throws { try check.run(MemoryStore()) }

    @Test("of the retrying store, while calls fail", arguments: StoreConformance.checks)
    func retrying(_ check: StoreConformance.Check) throws {
        // Every third call fails, before or after its work. Removals do not: one that failed and then finds nothing
        // has succeeded, which the suite cannot know.
        let lost = HikaeError(.inputOutput, "lost", isRetryable: true)
        let rules = (0..<400).flatMap { number -> [FaultPlan.Rule] in
            let effect: FaultEffect = number.isMultiple(of: 2) ? .fail(lost) : .failAfter(lost)
            return [.on([.save, .load, .list, .size, .read, .flush], numbers: number * 3..<number * 3 + 1, effect)]
        }
        let plan = FaultPlan(rules)
        let store = RetryingStore(
            FaultyStore(MemoryStore(), plan: plan),
            policy: RetryPolicy(attempts: 500, firstPause: 1000, longestPause: 5000),
            clock: ManualPaceClock(), generator: SeededGenerator(seed: 1))
        try check.run(store)
    }

    @Test("of the throttled store", arguments: StoreConformance.checks)
    func throttled(_ check: StoreConformance.Check) throws {
        try check.run(
            ThrottledStore(MemoryStore(), uploadRate: 1000, downloadRate: 1000, clock: ManualPaceClock()))
    }

    @Test("of the caching store", arguments: StoreConformance.checks)
    func caching(_ check: StoreConformance.Check) throws {
        let folder = try TemporaryDirectory()
        try check.run(CachingStore(MemoryStore(), folder: folder.path, repositoryID: .named(by: [1])))
    }

    @Test("of the faulty store that has no faults", arguments: StoreConformance.checks)
    func faulty(_ check: StoreConformance.Check) throws { try check.run(FaultyStore(MemoryStore(), plan: FaultPlan())) }

    @Test("as one call, with files that are none of ours lying about")
    func together() throws {
        let folder = try TemporaryDirectory()
        var number = 0
        try StoreConformance.run(plant: { store, path, content in
            try Files.write("\(store.location)/\(path)", content)
        }) {
            number += 1
            return LocalStore(path: folder.path("repository-\(number)"))
        }
    }

    @Test("finds a store that breaks a promise")
    func findsLiars() {
        let flipping = FaultPlan([.every([.load], of: [.pack], .flip(byte: 3))])
        #expect(throws: ConformanceFailure.self) {
            try StoreConformance.run { FaultyStore(MemoryStore(), plan: flipping) }
        }
        let deaf = FaultPlan([.every([.remove], .fail(HikaeError(.permission, "no")))])
        #expect(throws: ConformanceFailure.self) {
            try StoreConformance.run { FaultyStore(MemoryStore(), plan: deaf) }
        }
    }
}

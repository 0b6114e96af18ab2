// Which errors are retried, how often, after which pauses, and what counts as done.

import HikaeCore
import HikaeTesting
import Synchronization
import Testing

@testable import HikaeStore

@Suite("A retrying store")
struct RetryingStoreTests {
    static let passing = HikaeError(.inputOutput, "the line is busy", isRetryable: true)
    let memory = MemoryStore()
    let clock = ManualPaceClock()
    let file = StoredFile(.pack, .named(by: [9]))
    let policy = RetryPolicy(attempts: 4, firstPause: 1000, longestPause: 3000)

    init() throws { try memory.create() }

    private func store(_ plan: FaultPlan) -> RetryingStore {
        RetryingStore(
            FaultyStore(memory, plan: plan), policy: policy, clock: clock, generator: SeededGenerator(seed: 5))
    }

    @Test("tries again until it succeeds, pausing longer each time, each pause within its bounds")
    func succeeds() throws {
        let plan = FaultPlan([.on([.save], numbers: 0..<3, .fail(Self.passing))])
        try store(plan).save(file, [9])
        #expect(plan.count([.save]) == 4)
        let pauses = clock.pauses
        #expect(pauses.count == 3)
        for (pause, longest) in zip(pauses, [1000, 2000, 3000] as [UInt64]) {
            #expect((longest / 2...longest).contains(pause))
        }
        #expect(try memory.load(file) == [9])
    }

    @Test("leaves a server alone for as long as it asks, within reason")
    func honoursRetryAfter() throws {
        func asked(_ seconds: Double) -> FaultPlan.Rule {
            let error = HikaeError(.inputOutput, "later", isRetryable: true, retryAfter: seconds)
            return .on([.save], numbers: 0..<1, .fail(error))
        }
        try store(FaultPlan([asked(7)])).save(file, [9])
        #expect(clock.pauses == [7_000_000_000])
        try store(FaultPlan([asked(1e9)])).save(file, [9])
        #expect(clock.pauses.last == 300_000_000_000)
    }

    @Test("gives up sooner on a place that has never answered")
    func contact() throws {
        let contact = RetryPolicy(attempts: 2, firstPause: 1000, longestPause: 1000)
        let silent = FaultPlan([.every([.load, .size], .fail(Self.passing))])
        let store = RetryingStore(
            FaultyStore(memory, plan: silent), policy: policy, contact: contact, clock: clock,
            generator: SeededGenerator(seed: 5))
        #expect(code { () throws(HikaeError) in try store.load(file) } == .inputOutput)
        #expect(silent.count([.load]) == 2)
        try store.save(file, [9])
        #expect(code { () throws(HikaeError) in try store.size(file) } == .inputOutput)
        #expect(silent.count([.size]) == 4, "it has answered")
    }

    @Test("gives up after its attempts, with the last error")
    func givesUp() {
        let plan = FaultPlan([.every([.load], .fail(Self.passing))])
        #expect(throws: Self.passing) { try store(plan).load(file, range: nil) }
        #expect(plan.count([.load]) == 4)
        #expect(clock.pauses.count == 3)
    }

    @Test("never repeats what cannot succeed", arguments: [HikaeError.Code.noSpace, .permission, .damaged, .notFound])
    func permanent(_ code: HikaeError.Code) {
        let plan = FaultPlan([.every([.save], .fail(HikaeError(code, "no")))])
        #expect(throws: HikaeError(code, "no")) { try store(plan).save(file, [9]) }
        #expect(plan.count([.save]) == 1)
        #expect(clock.pauses.isEmpty)
    }

    @Test("takes a file that is gone on the second try for removed, and one never there for not found")
    func removals() throws {
        try memory.save(file, [9])
        let plan = FaultPlan([.on([.remove], numbers: 0..<1, .failAfter(Self.passing))])
        try store(plan).remove(file)
        #expect(code { () throws(HikaeError) in try store(FaultPlan()).remove(file) } == .notFound)
    }

    @Test("takes its own config for saved, and another's for another's")
    func configs() throws {
        let plan = FaultPlan([.on([.save], numbers: 0..<1, .failAfter(Self.passing))])
        try store(plan).save(.config, [1])
        let again = FaultPlan([.on([.save], numbers: 0..<1, .fail(Self.passing))])
        #expect(code { () throws(HikaeError) in try store(again).save(.config, [2]) } == .repositoryExists)
        #expect(code { () throws(HikaeError) in try store(FaultPlan()).save(.config, [1]) } == .repositoryExists)
    }

    @Test("reports each retry")
    func reports() throws {
        let seen = Mutex<[UInt64]>([])
        let plan = FaultPlan([.on([.list], numbers: 0..<2, .fail(Self.passing))])
        let store = RetryingStore(
            FaultyStore(memory, plan: plan), policy: policy, clock: clock, generator: SeededGenerator(seed: 5)
        ) { error, pause in
            #expect(error == Self.passing)
            seen.withLock { $0.append(pause) }
        }
        _ = try store.list(.pack)
        #expect(seen.withLock { $0 } == clock.pauses)
    }

    /// Lets those who wait go on only when so many do.
    private struct Gathering: PaceClock {
        let expected: Int
        let waiting = Monitor(0)

        func now() -> UInt64 { 0 }

        func sleep(nanoseconds: UInt64) {
            waiting.withLock { $0 += 1 }
            waiting.wait { [expected] in $0 >= expected ? () : nil }
        }
    }

    @Test("reports once what several calls meet that wait together for a place's first answer")
    func reportsFirstContactOnce() throws {
        let seen = Mutex(0)
        let plan = FaultPlan([.every([.load], .fail(Self.passing))])
        let once = RetryPolicy(attempts: 2, firstPause: 1000, longestPause: 1000)
        let store = RetryingStore(
            FaultyStore(memory, plan: plan), policy: once, clock: Gathering(expected: 3),
            generator: SeededGenerator(seed: 5)
        ) { _, _ in seen.withLock { $0 += 1 } }
        runThreads(3) { _ in _ = try? store.load(file) }
        #expect(plan.count([.load]) == 6)
        #expect(seen.withLock { $0 } == 1)
    }

    @Test("backs off to its longest pause and no further, without overflow")
    func policyBounds() {
        var generator = SeededGenerator()
        let policy = RetryPolicy(attempts: 200, firstPause: 1, longestPause: .max)
        for failures in 1..<200 {
            let longest = failures > 64 ? UInt64.max : 1 << UInt64(failures - 1)
            let pause = policy.pause(after: failures, using: &generator)
            #expect(pause.map { $0 <= longest && $0 >= longest / 2 } == true)
        }
        #expect(policy.pause(after: 200, using: &generator) == nil)
        #expect(RetryPolicy(attempts: 1, firstPause: 1, longestPause: 1).pause(after: 1, using: &generator) == nil)
    }
}

@Suite("A throttled store")
struct ThrottledStoreTests {
    let memory = MemoryStore()
    let clock = ManualPaceClock()

    init() throws { try memory.create() }

    @Test("moves no more bytes a second than it may, each way by itself")
    func rates() throws {
        let store = ThrottledStore(memory, uploadRate: 1000, downloadRate: 500, clock: clock)
        let files = (0..<5).map { StoredFile(.pack, .named(by: [$0])) }
        for file in files { try store.save(file, [UInt8](repeating: 7, count: 2000)) }
        // Four files of two seconds each have passed when the fifth goes out.
        #expect(clock.now() == 8_000_000_000)
        for file in files { _ = try store.load(file) }
        #expect(clock.now() == 8_000_000_000 + 4 * 4_000_000_000)
    }

    @Test("does not save up idle time")
    func idle() throws {
        let store = ThrottledStore(memory, uploadRate: 1000, downloadRate: nil, clock: clock)
        try store.save(StoredFile(.pack, .named(by: [1])), [UInt8](repeating: 7, count: 1000))
        clock.advance(nanoseconds: 60_000_000_000)
        let before = clock.now()
        for byte in UInt8(2)..<5 {
            try store.save(StoredFile(.pack, .named(by: [byte])), [UInt8](repeating: 7, count: 1000))
        }
        #expect(clock.now() - before == 2_000_000_000)
        _ = try store.load(StoredFile(.pack, .named(by: [1])))
        #expect(clock.now() - before == 2_000_000_000, "no rate, no pause")
    }
}

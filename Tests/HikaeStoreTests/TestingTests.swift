// The fakes themselves: a fault plan that does nothing, or a command that leaves processes, would make other tests lie.

import HikaeCore
import HikaeStore
import HikaeTesting
import Testing

@Suite("A fault plan")
struct FaultPlanTests {
    let memory = MemoryStore()
    let file = StoredFile(.pack, .named(by: [9]))
    static let error = HikaeError(.inputOutput, "lost", isRetryable: true)

    init() throws { try memory.create() }

    @Test("fails the n-th call of a kind and no other")
    func nth() throws {
        let plan = FaultPlan([.on([.save], of: [.index], numbers: 1..<2, .fail(Self.error))])
        let store = FaultyStore(memory, plan: plan)
        let indexes = (0..<3).map { StoredFile(.index, .named(by: [$0])) }
        try store.save(indexes[0], [0])
        try store.save(file, [9])
        #expect(throws: Self.error) { try store.save(indexes[1], [1]) }
        try store.save(indexes[2], [2])
        #expect(try store.list(.index).count == 2)
        #expect(plan.log.map(\.isFaulty) == [false, false, true, false, false])
        #expect(plan.log.map(\.call) == [.save, .save, .save, .save, .list])
        #expect(plan.log.first?.file == indexes[0])
    }

    @Test("cuts everything off from a call on, as a kill does, until it is healed")
    func dies() throws {
        let plan = FaultPlan.dying(at: 2)
        let store = FaultyStore(memory, plan: plan)
        try store.save(file, [9])
        _ = try store.load(file)
        for _ in 0..<3 {
            #expect(throws: HikaeError.self) { try store.load(file) }
            #expect(throws: HikaeError.self) { try store.save(.config, [1]) }
            #expect(throws: HikaeError.self) { try store.list(.pack) }
            #expect(throws: HikaeError.self) { try store.flush() }
        }
        #expect(plan.isDead)
        #expect(plan.count() == 14)
        #expect(memory.files.count == 1)
        plan.heal()
        #expect(try store.load(file) == [9])
    }

    @Test("counts only the calls it is told to, but kills all")
    func diesAtChange() throws {
        let store = FaultyStore(memory, plan: .dying(at: 1, of: StoreCall.changing))
        try store.save(file, [9])
        for _ in 0..<5 { _ = try store.load(file) }
        #expect(throws: HikaeError.self) { try store.flush() }
        #expect(throws: HikaeError.self) { try store.load(file) }
    }

    @Test("leaves a torn file under a name that nobody reads")
    func torn() throws {
        let folder = try TemporaryDirectory()
        let local = LocalStore(path: folder.path)
        try local.create()
        let store = FaultyStore(local, plan: .dying(at: 0, of: [.save], tornAt: 3))
        #expect(throws: HikaeError.self) { try store.save(file, [1, 2, 3, 4, 5]) }
        let left = Files.all(below: folder.path)
        #expect(left.count == 1)
        #expect(left.first?.hasPrefix("\(file.path)-tmp-") == true)
        #expect(try Files.read(folder.path(try #require(left.first))) == [1, 2, 3])
        #expect(try local.list(.pack).isEmpty)
    }

    @Test("does the work and loses the answer")
    func lostAnswer() throws {
        let store = FaultyStore(memory, plan: FaultPlan([.every([.save], .failAfter(Self.error))]))
        #expect(throws: Self.error) { try store.save(file, [9]) }
        #expect(try memory.load(file) == [9])
    }

    @Test("turns one bit of what is read")
    func flips() throws {
        try memory.save(file, [0, 0, 0, 0])
        let store = FaultyStore(memory, plan: FaultPlan([.every([.load, .read], .flip(byte: 6))]))
        #expect(try store.load(file) == [0, 0, 0x10, 0])
        var buffer: [UInt8] = [1, 1, 1]
        try buffer.withUnsafeMutableBytes { try store.read(file, at: 0, into: $0) }
        #expect(buffer == [0x10, 0, 0])
        #expect(try memory.load(file) == [0, 0, 0, 0])
    }

    @Test("fills up")
    func full() throws {
        let store = FaultyStore(memory, plan: .full(after: 10))
        try store.save(file, [UInt8](repeating: 0, count: 6))
        let other = StoredFile(.pack, .named(by: [8]))
        #expect(code { () throws(HikaeError) in try store.save(other, [UInt8](repeating: 0, count: 5)) } == .noSpace)
        try store.save(other, [UInt8](repeating: 0, count: 4))
        #expect(code { () throws(HikaeError) in try store.save(.config, [1]) } == .noSpace)
    }

    @Test("lets a call take its time on the plan's clock")
    func delays() throws {
        let clock = ManualPaceClock()
        let store = FaultyStore(memory, plan: FaultPlan([.every([.flush], .delay(nanoseconds: 50))], clock: clock))
        try store.flush()
        try store.flush()
        #expect(clock.now() == 100)
    }
}

@Suite("A memory store")
struct MemoryStoreTests {
    @Test("loses in a power cut only packs that were not flushed, and brings back only packs that were removed")
    func powerCut() throws {
        let store = MemoryStore()
        try store.create()
        func pack(_ byte: UInt8) -> StoredFile { StoredFile(.pack, .named(by: [byte])) }
        for byte in UInt8(0)..<10 { try store.save(pack(byte), [byte]) }
        try store.flush()
        for byte in UInt8(10)..<20 { try store.save(pack(byte), [byte]) }
        for byte in UInt8(0)..<5 { try store.remove(pack(byte)) }
        try store.save(StoredFile(.index, .named(by: [1])), [1])
        var generator = SeededGenerator()
        var lost = Set<Int>()
        for _ in 0..<200 {
            let after = store.afterPowerCut(using: &generator)
            #expect(try after.list(.index).count == 1)
            for byte in UInt8(5)..<10 { #expect(try after.load(pack(byte)) == [byte]) }
            for byte in UInt8(0)..<20 where byte < 5 || byte >= 10 {
                if try !after.exists(pack(byte)) { lost.insert(Int(byte)) }
            }
        }
        #expect(lost == Set(0..<5).union(10..<20))
        try store.flush()
        #expect(try store.afterPowerCut(using: &generator).list(.pack).count == 15)
    }
}

@Suite("A command")
struct CommandTests {
    @Test("gives input, arguments, environment and folder, and returns output, messages and status")
    func everything() throws {
        let folder = try TemporaryDirectory()
        var command = Command("sh", ["-c", "cat; pwd; echo $A-$B-$1; echo oops >&2; exit 3", "sh", "x y"])
        command.input = Array("in\n".utf8)
        command.environment = ["A": "1", "B": nil]
        command.folder = folder.path
        let outcome = try command.run()
        #expect(outcome.text == "in\n\(folder.path)\n1--x y\n")
        #expect(outcome.errorText == "oops\n")
        #expect(outcome.status == 3)
        #expect(code { () throws(HikaeError) in try command.succeed() } == .programFailed)
    }

    @Test("moves megabytes both ways at once")
    func megabytes() throws {
        var generator = SeededGenerator(seed: 1)
        var command = Command("cat")
        command.input = generator.bytes(3 << 20)
        #expect(try command.run().output == command.input)
    }

    @Test("whose program does not read its input ends all the same")
    func unreadInput() throws {
        var command = Command("true")
        command.input = [UInt8](repeating: 0, count: 1 << 20)
        #expect(try command.run().status == 0)
    }

    @Test("that is killed says so, and leaves nothing it has started")
    func killed() throws {
        let folder = try TemporaryDirectory()
        let running = try Command("sh", ["-c", "sleep 600 & echo $! > \(folder.path("pid")); wait"]).start()
        try waitUntil("it has started another") { (try? Files.read(folder.path("pid")))?.last == 10 }
        running.killNow()
        #expect(try running.wait().status == 137)
        try expectGone(folder.path("pid"))
    }

    @Test("that leaves others running takes them along")
    func leftRunning() throws {
        let folder = try TemporaryDirectory()
        let outcome = try Command("sh", ["-c", "sleep 600 & echo $! > \(folder.path("pid")); echo done"]).run()
        #expect(outcome.text == "done\n")
        try expectGone(folder.path("pid"))
    }

    @Test("that leaves others running in a group of their own takes them along too")
    func otherGroups() throws {
        let folder = try TemporaryDirectory()
        // With job control, a shell gives each job in the background its own group.
        let outcome = try Command("bash", ["-mc", "sleep 600 & echo $! > \(folder.path("pid")); echo done"]).run()
        #expect(outcome.text == "done\n")
        try expectGone(folder.path("pid"))
    }

    @Test("that takes too long is an error")
    func timeLimit() throws {
        var command = Command("sleep", ["600"])
        command.timeLimit = 0.05
        #expect(code { () throws(HikaeError) in try command.run() } == .programFailed)
    }

    @Test("that does not exist is an error")
    func missing() {
        #expect(code { () throws(HikaeError) in try Command("hikae-no-such-program").run() } == .programFailed)
        #expect(Command.path(of: "hikae-no-such-program") == nil)
        #expect(Command.path(of: "sh") != nil)
    }

    private func expectGone(_ pidFile: String) throws {
        let text = String(decoding: try Files.read(pidFile), as: UTF8.self).prefix { $0 != "\n" }
        // Killed, it is gone or waits for somebody to collect it, as soon as the system has come round to it.
        try waitUntil("process \(text) is gone") {
            let state = try Command("ps", ["-o", "stat=", "-p", String(text)]).run().text
            return state.isEmpty || state.hasPrefix("Z")
        }
    }
}

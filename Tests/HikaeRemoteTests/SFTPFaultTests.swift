// What a store over SFTP does when any request of any call fails in any way.

import HikaeCore
import HikaeFormat
import HikaeRemote
import HikaeRepository
import HikaeStore
import HikaeTesting
import Synchronization
import Testing

/// OpenSSH's sftp-server, or the way to it, breaks at any request: it is made again, or told; never half believed.
@Suite(.serialized)
struct SFTPFaultTests {
    /// What passes when the call is made again.
    static let passing = [
        #""lose": "before""#, #""lose": "after""#, #""lose": "within""#, #""late": true"#, #""short": 1000"#,
        #""status": 7, "message": "connection lost""#,
    ]
    /// What takes the time of a client's patience.
    static let slow = [#""stall": true"#, #""drip": 0.4"#]
    /// What making it again does not help.
    static let lasting = [
        #""status": 4"#, #""status": 3"#, #""status": 14"#, #""status": 4, "message": "Quota exceeded""#,
        #""status": 1"#,
        #""stray": true"#, #""twice": true"#, #""text": "Welcome!""#, #""swallow": true"#,
    ]

    /// A vault that holds what the calls need. Made once; each test works on a copy.
    private static let prepared = Result {
        let rig = try SFTPFaultRig()
        try FaultCall.prepare(try SFTPLocationStore.local(rig.vault))
        return rig
    }

    /// What a call asks for when nothing is broken.
    private func requests(of call: FaultCall) throws -> [(kind: String, count: Int)] {
        let rig = try SFTPFaultRig(copying: try Self.prepared.get())
        try call.perform(on: rig.store())
        return try rig.log().filter { $0.kind != "INIT" && $0.kind != "LIMITS" }
    }

    /// A request of a call, and how it fails.
    private struct Fault: Sendable {
        let kind: String
        let skip: Int
        let fault: String
    }

    /// A vault, and stores on it. A connection that broke is made again by the next call, one that did not goes on.
    private struct Lane {
        let rig: SFTPFaultRig
        let usual, hurried: SFTPStore

        init() throws {
            rig = try SFTPFaultRig(copying: try SFTPFaultTests.prepared.get())
            (usual, hurried) = (try rig.store(), try rig.store(silence: 3))
        }

        /// Makes a call on the vault as it was, with one request failing once.
        func attempt(_ call: FaultCall, _ fault: Fault, _ clock: ManualPaceClock) throws {
            try rig.reset(to: try SFTPFaultTests.prepared.get())
            try rig.set(
                #"[{"match": "^\#(fault.kind) ", "skip": \#(fault.skip), "times": 1, \#(fault.fault)}]"#)
            let isSlow = SFTPFaultTests.slow.contains(fault.fault)
            let policy = isSlow ? FaultCall.hurriedPolicy : .standard
            try call.perform(on: RetryingStore(isSlow ? hurried : usual, policy: policy, clock: clock))
        }
    }

    @Test(arguments: FaultCall.allCases)
    func `a request that fails once is made again, and the call does what it says`(call: FaultCall) throws {
        let faults = try requests(of: call).enumerated().flatMap { number, request in
            // Each kind of request with each fault; the slow ones with one request of each call.
            (Self.passing + (number == 0 ? Self.slow : []))
                .filter { !$0.contains("short") || request.kind == "READ" }
                .map { Fault(kind: request.kind, skip: request.count / 2, fault: $0) }
        }
        Lanes.each(faults, Lane.init) { lane, fault in
            let clock = ManualPaceClock()
            do {
                // Whom a hurried client has left may still be at work: nobody else is to meet it.
                let own = Self.slow.contains(fault.fault) ? try Lane() : lane
                try own.attempt(call, fault, clock)
            } catch {
                throw FaultCall.Broken(description: "\(call), \(fault): \(error)")
            }
            // Who is hurried takes a busy machine for a server that does not answer.
            guard clock.pauses.count <= 1 || Self.slow.contains(fault.fault) else {
                throw FaultCall.Broken(description: "\(call), \(fault): made again \(clock.pauses.count) times")
            }
        }
    }

    @Test(arguments: FaultCall.allCases)
    func `what making it again does not help is told, and no file is half there`(call: FaultCall) throws {
        let faults = try requests(of: call).flatMap { request in
            Self.lasting.filter { !$0.contains("swallow") || request.kind == "WRITE" }
                .map { Fault(kind: request.kind, skip: 0, fault: $0) }
        }
        Lanes.each(faults, Lane.init) { lane, fault in
            // Either it did what it says, which it looks at itself, or it says why not.
            let error = try refusal { try lane.attempt(call, fault, ManualPaceClock()) }
            if fault.fault.contains("swallow"), error?.message.contains("acknowledged") != true {
                throw FaultCall.Broken(description: "\(call), \(fault): \(String(describing: error))")
            }
            let local = try SFTPLocationStore.local(lane.rig.vault)
            for info in try local.list(.pack) {
                guard FileID.named(by: try local.load(StoredFile(.pack, info.id))) == info.id else {
                    throw FaultCall.Broken(description: "\(call), \(fault): \(info.id) is half there")
                }
            }
        }
    }

    // Whole operations.

    private static let old = [UInt8]((0..<90_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 7) })

    /// One operation on a repository.
    enum Operation: String, CaseIterable, Sendable { case open, forget, prune, restore, backup }

    private func run(_ operation: Operation, _ store: any ObjectStore, _ rig: SFTPFaultRig, _ target: String) throws {
        let repository = try Repository.open(store, password: Array("rig".utf8))
        if operation == .open { return }
        if operation == .forget {
            var policy = ForgetPolicy()
            policy.last = 1
            let forgetter = Forgetter(repository: repository)
            let plan = try forgetter.plan(filter: SnapshotFilter(), grouping: SnapshotGrouping(), policy: policy)
            _ = try forgetter.execute(plan)
            return
        }
        try repository.loadIndex()
        switch operation {
        case .prune:
            var options = PruneOptions()
            options.maxUnused = .percent(0)
            let pruner = Pruner(repository: repository, options: options)
            try pruner.execute(try pruner.plan())
        case .restore:
            let newest = try #require(try repository.snapshots().last)
            try LocalWork.restore(newest.snapshot.tree, of: repository, to: target)
        case .backup: try LocalWork.backup(rig.path("shop"), into: repository)
        case .open, .forget: break
        }
    }

    /// A repository of two snapshots, of which one is to be forgotten and one stays. Made once.
    private static let original = Result {
        let rig = try SFTPFaultRig()
        try rig.write("shop/photo", old)
        _ = try CaptureRig(try SFTPLocationStore.local(rig.vault))
        for note in ["one", "two"] {
            try rig.write("shop/note", Array(note.utf8))
            try rig.write("shop/\(note)", Array(old.reversed()) + Array(note.utf8))
            let repository = try Repository.open(
                SFTPLocationStore.local(rig.vault), password: Array("rig".utf8))
            try repository.loadIndex()
            try LocalWork.backup(rig.path("shop"), into: repository)
        }
        return rig
    }

    /// A copy of it.
    private func scene() throws -> SFTPFaultRig { try SFTPFaultRig(copying: try Self.original.get()) }

    @Test(arguments: Operation.allCases)
    func `an operation that is broken at any kind of request succeeds or says why not, and restic accepts what is left`(
        operation: Operation
    ) throws {
        let probe = try scene()
        try probe.set("[]")
        try run(operation, RetryingStore(try probe.store()), probe, probe.path("back"))
        let policy = RetryPolicy(attempts: 3, firstPause: 1, longestPause: 1)
        let faults = (Self.passing + Self.lasting).filter { !$0.contains("short") && !$0.contains("swallow") }
        var cuts: [Cut] = []
        for request in try probe.log() where request.kind != "INIT" && request.kind != "LIMITS" {
            for (lasts, skip) in [(false, request.count / 2), (true, 0), (true, request.count - 1)] {
                cuts.append(
                    Cut(kind: request.kind, skip: skip, lasts: lasts, fault: faults[cuts.count % faults.count]))
            }
        }
        // Vaults that restic has judged: the same bytes get the same judgement.
        let judged = Mutex<Set<FileID>>([])
        Lanes.each(cuts, {}) { _, cut in
            let rig = try scene()
            let times = cut.lasts ? "" : #""times": 1, "#
            try rig.set(#"[{"match": "^\#(cut.kind) ", "skip": \#(cut.skip), \#(times)\#(cut.fault)}]"#)
            let store = RetryingStore(try rig.store(connections: 2), policy: policy, clock: ManualPaceClock())
            let error = try refusal { try run(operation, store, rig, rig.path("back")) }
            if Self.passing.contains(cut.fault), !cut.lasts, let error {
                throw FaultCall.Broken(description: "\(operation), \(cut): \(error)")
            }
            let content = rig.content()
            guard judged.withLock({ $0.insert(content).inserted }) else { return }
            let outcome = try rig.restic("check", "--read-data").run()
            guard outcome.status == 0 else {
                throw FaultCall.Broken(
                    description:
                        "\(operation), \(cut), which said \(String(describing: error)): \(outcome.errorText)")
            }
            try rig.restic("restore", "latest", "--target", rig.path("theirs")).succeed()
            guard Files.all(below: rig.path("theirs")).count >= 3 else {
                throw FaultCall.Broken(description: "\(operation), \(cut): too little is restored")
            }
        }
    }

    /// A request that is broken: once, or every time from then on.
    private struct Cut: Sendable {
        let kind: String
        let skip: Int
        let lasts: Bool
        let fault: String
    }

    @Test(arguments: passing + lasting)
    func `a repository is laid out, or not, and never by half without a word`(fault: String) throws {
        Lanes.each(["STAT", "MKDIR", "OPENW", "WRITE", "FSTAT", "FSYNC", "CLOSE", "RENAME", "REPLACE"], {}) { _, kind in
            let rig = try SFTPFaultRig()
            try rig.set(#"[{"match": "^\#(kind) ", "skip": \#(kind == "MKDIR" ? 99 : 1), "times": 1, \#(fault)}]"#)
            let store = RetryingStore(try rig.store(), clock: ManualPaceClock())
            let error = try refusal { _ = try CaptureRig(store) }
            if Self.passing.contains(fault), let error {
                throw FaultCall.Broken(description: "\(kind) with \(fault): \(error)")
            }
            if error == nil { try rig.restic("check").succeed() }
        }
    }

    @Test func `a server without OpenSSH's extensions keeps a repository as well, and replaces what is there`() throws {
        let rig = try scene()
        let names = ["posix-rename", "fsync", "limits", "statvfs", "hardlink", "lsetstat"].map {
            "\"\($0)@openssh.com\""
        }
        try rig.set(#"[{"match": "^INIT", "without": [\#(names.joined(separator: ", "))]}]"#)
        let store = try rig.store(connections: 2)
        for operation in [Operation.backup, .forget, .prune, .restore] {
            try run(operation, store, rig, rig.path("back"))
            try rig.restic("check", "--read-data").succeed()
        }
        let pack = FaultCall.pack
        try store.save(pack, [1])
        try store.save(pack, FaultCall.content)
        #expect(try store.load(pack) == FaultCall.content)
        #expect(try refusal { try store.save(.config, [1]) }?.code == .repositoryExists)
        #expect(!(try rig.log()).contains { ["REPLACE", "FSYNC", "LIMITS"].contains($0.kind) })
        // What is there already is not taken away to be put there again: who dies in between would have lost it.
        let rules = #"[{"match": "^INIT", "without": [\#(names.joined(separator: ", "))]}]"#
        try rig.set(rules)
        try store.save(pack, FaultCall.content)
        #expect(try store.load(pack) == FaultCall.content)
        #expect(try rig.lines().filter { $0.hasPrefix("REMOVE ") && !$0.contains("-tmp-") } == [])
        #expect(Files.all(below: rig.vault).filter { $0.contains("-tmp-") } == [])
    }

    @Test func `on a server that moves files over others, too, no config is replaced`() throws {
        let rig = try SFTPFaultRig()
        let store = try rig.store()
        try store.create()
        try store.save(.config, [1])
        try rig.set(#"[{"match": "^RENAME ", "overwrites": true}]"#)
        #expect(try refusal { try store.save(.config, [2]) }?.code == .repositoryExists)
        #expect(try store.load(.config) == [1])
        let again = try SFTPFaultRig()
        try again.set(#"[{"match": "^RENAME ", "overwrites": true}]"#)
        try again.store().create()
        try again.store().save(.config, [3])
        #expect(try again.store().load(.config) == [3])
    }
}

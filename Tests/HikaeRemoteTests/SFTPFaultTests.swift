// What a store over SFTP does when any request of any call fails in any way.

import HikaeCore
import HikaeFormat
import HikaeRemote
import HikaeRepository
import HikaeStore
import HikaeTesting
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

    /// A rig whose store holds what the calls need, and what a call asks for when nothing is broken.
    private func requests(of call: FaultCall) throws -> [(kind: String, count: Int)] {
        let rig = try SFTPFaultRig()
        try FaultCall.prepare(rig.store())
        try rig.set("[]")
        try call.perform(on: rig.store())
        return try rig.log().filter { $0.kind != "INIT" && $0.kind != "LIMITS" }
    }

    private func rig(silence: Double = 30) throws -> (SFTPFaultRig, SFTPStore) {
        let rig = try SFTPFaultRig()
        try FaultCall.prepare(try SFTPLocationStore.local(rig.vault))
        return (rig, try rig.store(silence: silence))
    }

    @Test(arguments: FaultCall.allCases)
    func `a request that fails once is made again, and the call does what it says`(call: FaultCall) throws {
        for (number, request) in try requests(of: call).enumerated() {
            // Each kind of request with each fault; the slow ones with one request of each call.
            for fault in Self.passing + (number == 0 ? Self.slow : []) {
                if fault.contains("short"), request.kind != "READ" { continue }
                let (rig, store) = try rig(silence: Self.slow.contains(fault) ? 3 : 30)
                try rig.set(#"[{"match": "^\#(request.kind) ", "skip": \#(request.count / 2), "times": 1, \#(fault)}]"#)
                let clock = ManualPaceClock()
                do {
                    try call.perform(on: RetryingStore(store, clock: clock))
                } catch {
                    Issue.record("\(call): \(request.kind) with \(fault): \(error)")
                }
                #expect(clock.pauses.count <= 1, "\(call): \(request.kind) with \(fault)")
            }
        }
    }

    @Test(arguments: FaultCall.allCases)
    func `what making it again does not help is told, and no file is half there`(call: FaultCall) throws {
        for request in try requests(of: call) {
            for fault in Self.lasting {
                if fault.contains("swallow"), request.kind != "WRITE" { continue }
                let (rig, store) = try rig()
                try rig.set(#"[{"match": "^\#(request.kind) ", "times": 1, \#(fault)}]"#)
                let clock = ManualPaceClock()
                // Either it did what it says, which it looks at itself, or it says why not.
                let error = try refusal { try call.perform(on: RetryingStore(store, clock: clock)) }
                if fault.contains("swallow") { #expect(error?.message.contains("acknowledged") == true, "\(call)") }
                let local = try SFTPLocationStore.local(rig.vault)
                for info in try local.list(.pack) {
                    #expect(
                        FileID.named(by: try local.load(StoredFile(.pack, info.id))) == info.id, "\(call), \(fault)")
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

    /// A repository of two snapshots, of which one is to be forgotten and one stays.
    private func scene() throws -> SFTPFaultRig {
        let rig = try SFTPFaultRig()
        try rig.write("shop/photo", Self.old)
        _ = try CaptureRig(try SFTPLocationStore.local(rig.vault))
        for note in ["one", "two"] {
            try rig.write("shop/note", Array(note.utf8))
            try rig.write("shop/\(note)", Array(Self.old.reversed()) + Array(note.utf8))
            let repository = try Repository.open(
                SFTPLocationStore.local(rig.vault), password: Array("rig".utf8))
            try repository.loadIndex()
            try LocalWork.backup(rig.path("shop"), into: repository)
        }
        return rig
    }

    @Test(arguments: Operation.allCases)
    func `an operation that is broken at any kind of request succeeds or says why not, and restic accepts what is left`(
        operation: Operation
    ) throws {
        let probe = try scene()
        try probe.set("[]")
        try run(operation, RetryingStore(try probe.store()), probe, probe.path("back"))
        let policy = RetryPolicy(attempts: 3, firstPause: 1, longestPause: 1)
        let faults = (Self.passing + Self.lasting).filter { !$0.contains("short") && !$0.contains("swallow") }
        var turn = 0
        for request in try probe.log() where request.kind != "INIT" && request.kind != "LIMITS" {
            for (lasts, skip) in [(false, request.count / 2), (true, 0), (true, request.count - 1)] {
                let rig = try scene()
                let fault = faults[turn % faults.count]
                turn += 1
                let times = lasts ? "" : #""times": 1, "#
                try rig.set(#"[{"match": "^\#(request.kind) ", "skip": \#(skip), \#(times)\#(fault)}]"#)
                let what = "\(operation): \(request.kind) after \(skip) with \(times)\(fault)"
                let store = RetryingStore(try rig.store(connections: 2), policy: policy, clock: ManualPaceClock())
                let error = try refusal { try run(operation, store, rig, rig.path("back")) }
                if Self.passing.contains(fault), !lasts { #expect(error == nil, "\(what)") }
                let outcome = try rig.restic("check", "--read-data").run()
                #expect(outcome.status == 0, "\(what), which said \(String(describing: error)): \(outcome.errorText)")
                try rig.restic("restore", "latest", "--target", rig.path("theirs")).succeed()
                #expect(Files.all(below: rig.path("theirs")).count >= 3, "\(what)")
            }
        }
    }

    @Test(arguments: passing + lasting)
    func `a repository is laid out, or not, and never by half without a word`(fault: String) throws {
        for kind in ["STAT", "MKDIR", "OPENW", "WRITE", "FSTAT", "FSYNC", "CLOSE", "RENAME", "REPLACE"] {
            let rig = try SFTPFaultRig()
            try rig.set(#"[{"match": "^\#(kind) ", "skip": \#(kind == "MKDIR" ? 99 : 1), "times": 1, \#(fault)}]"#)
            let store = RetryingStore(try rig.store(), clock: ManualPaceClock())
            let error = try refusal { _ = try CaptureRig(store) }
            if Self.passing.contains(fault) { #expect(error == nil, "\(kind) with \(fault)") }
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
    }
}

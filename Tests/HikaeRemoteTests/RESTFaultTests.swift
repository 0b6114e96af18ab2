import HikaeCore
import HikaeRemote
import HikaeRepository
import HikaeStore
import HikaeTesting
import Testing

/// A REST server, or the way to it, breaks at any call: it is made again, or told; never half believed.
@Suite(.serialized)
struct RESTFaultTests {
    /// One call of a store, and which requests it makes.
    struct Call: Sendable, CustomStringConvertible {
        let description: String
        let requests: String
        /// Whether an answer has a body that can be cut short.
        var hasBody = false
        let body: @Sendable (any ObjectStore) throws -> Void
    }

    private static let content = [UInt8](repeating: 0xA5, count: 50_000)
    private static let pack = StoredFile(.pack, .named(by: content))
    private static let other = StoredFile(.snapshot, .named(by: [9]))

    static let calls: [Call] = [
        Call(description: "create", requests: "^(HEAD|POST) ") { store in try store.create() },
        Call(description: "save", requests: "^POST ") { store in
            let file = StoredFile(.pack, .named(by: [1, 2]))
            try store.save(file, [1, 2])
            #expect(try store.load(file) == [1, 2])
        },
        Call(description: "save the config", requests: "^(HEAD|POST) ") { store in
            try store.save(.config, [5, 5])
            #expect(try store.load(.config) == [5, 5])
        },
        Call(description: "load", requests: "^GET ", hasBody: true) { store in
            let loaded = try store.load(pack)
            #expect(loaded == content)
        },
        Call(description: "read", requests: "^GET ", hasBody: true) { store in
            let loaded = try store.load(pack, range: 10..<40_000)
            #expect(loaded == Array(content[10..<40_000]))
        },
        Call(description: "size", requests: "^HEAD ") { store in
            let size = try store.size(pack)
            #expect(size == 50_000)
        },
        Call(description: "list", requests: "^GET ", hasBody: true) { store in
            let listed = try store.list(.pack)
            #expect(listed.map(\.size) == [50_000])
        },
        Call(description: "remove", requests: "^DELETE ") { store in
            try store.remove(other)
            #expect(try !store.exists(other))
        },
    ]

    static let faults = [
        #""status": 500"#, #""status": 502, "body": "<html>Bad Gateway</html>""#,
        #""status": 503, "headers": {"Retry-After": "7"}"#, #""reset": true"#, #""stall": true"#,
    ]
    /// Of these a body is needed.
    static let bodyFaults = [#""truncate": 20"#, #""truncate": 0"#, #""drip": 0.4"#]

    private static let shared = Result { try RESTProxy() }

    /// A store behind the proxy with two files in it and no config; the proxy breaks nothing yet.
    private func rig() throws -> (RESTProxy, RESTStore) {
        let proxy = try Self.shared.get()
        try proxy.set("[]")
        let store = try RESTRig.store(RESTRig.name(), port: proxy.port)
        try store.create()
        try store.save(Self.pack, Self.content)
        try store.save(Self.other, [9])
        return (proxy, store)
    }

    @Test(arguments: calls)
    func `a request that fails once is made again, and the call does what it says`(call: Call) throws {
        for fault in Self.faults + (call.hasBody ? Self.bodyFaults : []) {
            let (proxy, store) = try rig()
            let clock = ManualPaceClock()
            try proxy.set(#"[{"match": "\#(call.requests)", "times": 1, \#(fault)}]"#)
            do {
                try call.body(RetryingStore(store, clock: clock))
            } catch {
                Issue.record("\(call) with \(fault): \(error)")
            }
            #expect(clock.pauses.count == 1, "\(call) with \(fault) was made again once")
            if fault.contains("Retry-After") { #expect(clock.pauses.first ?? 0 >= 7_000_000_000, "\(call)") }
        }
    }

    @Test(arguments: calls)
    func `what fails again and again is told, and not taken for an answer`(call: Call) throws {
        let policy = RetryPolicy(attempts: 3, firstPause: 1, longestPause: 1)
        for fault in Self.faults where !fault.contains("stall") {
            let (proxy, store) = try rig()
            try proxy.set(#"[{"match": "\#(call.requests)", \#(fault)}]"#)
            let error = try refusal { try call.body(RetryingStore(store, policy: policy, clock: ManualPaceClock())) }
            #expect(error?.isRetryable == true, "\(call) with \(fault): \(String(describing: error))")
            #expect(try proxy.log().count >= 3)
        }
    }

    @Test func `a capture that every ninth request hits leaves a repository that restic accepts`() throws {
        let proxy = try Self.shared.get()
        try proxy.set("[]")
        let name = RESTRig.name()
        let policy = RetryPolicy(attempts: 40, firstPause: 1, longestPause: 1000)
        let store = PipelinedStore(
            RetryingStore(try RESTRig.store(name, port: proxy.port), policy: policy), uploads: 6)
        let rules = (0..<60).map { number in
            let fault = Self.faults[number % 4]
            return #"{"match": "^(GET|POST|HEAD) ", "skip": \#(number * 9), "times": 1, \#(fault)}"#
        }
        try proxy.set("[\(rules.joined(separator: ", "))]")
        let rig = try CaptureRig(store)
        _ = try rig.capture(try S3Rig.source(count: 20, bytes: 4_000_000))
        _ = try rig.capture(try S3Rig.source(count: 5, bytes: 2_000_000))
        try proxy.set("[]")
        try RESTRig.restic(RESTRig.location(name, try RESTRig.server.get()), "check", "--read-data").succeed()
    }

    @Test func `a server that refuses in mid-capture makes no snapshot, and harms nothing`() throws {
        let proxy = try Self.shared.get()
        try proxy.set("[]")
        let name = RESTRig.name()
        let store = PipelinedStore(
            RetryingStore(
                try RESTRig.store(name, port: proxy.port),
                policy: RetryPolicy(attempts: 2, firstPause: 1, longestPause: 1)),
            uploads: 3)
        let rig = try CaptureRig(store)
        _ = try rig.capture(try S3Rig.source(count: 3))
        try proxy.set(#"[{"match": "^POST .*/data/", "skip": 1, "status": 507}]"#)
        let error = try refusal { _ = try rig.capture(try S3Rig.source(count: 20, bytes: 4_000_000)) }
        #expect(error?.code == .noSpace)
        try proxy.set("[]")
        let location = RESTRig.location(name, try RESTRig.server.get())
        try RESTRig.restic(location, "check", "--read-data").succeed()
        let repository = try Repository.open(try RESTRig.store(name), password: Array("rig".utf8))
        #expect(try repository.snapshots().count == 1)
    }
}

import HikaeCore
import HikaeFormat
import HikaeRemote
import HikaeRepository
import HikaeStore
import HikaeTesting
import Testing

/// A REST server, or the way to it, breaks at any call: it is made again, or told; never half believed.
@Suite(.serialized)
struct RESTFaultTests {
    private static let faults = HTTPFaults(
        methods: { call in
            switch call {
            case .create, .saveConfig: "HEAD|POST"
            case .save: "POST"
            case .load, .read, .list: "GET"
            case .size: "HEAD"
            case .remove: "DELETE"
            }
        },
        hasBody: { [.load, .read, .list].contains($0) },
        faults: [#""status": 500"#, #""status": 503, "headers": {"Retry-After": "7"}"#] + HTTPFaults.drops)

    private static let shared = Result { try RESTProxy() }

    /// A store behind the proxy with two files in it and no config; the proxy breaks nothing yet.
    private func rig(isHurried: Bool = false) throws -> (RESTProxy, RESTStore) {
        let proxy = try Self.shared.get()
        try proxy.set("[]")
        let name = RESTRig.name()
        let store = try RESTRig.store(name, port: proxy.port)
        try FaultCall.prepare(store)
        guard isHurried else { return (proxy, store) }
        // It must have made the repository itself, in as many tries as it takes on a busy machine: there is no config.
        let hurried = try RESTRig.store(name, port: proxy.port, isHurried: true)
        try RetryingStore(hurried, clock: ManualPaceClock()).create()
        return (proxy, hurried)
    }

    @Test(arguments: FaultCall.allCases)
    func `a request that fails once is made again, and the call does what it says`(call: FaultCall) throws {
        try Self.faults.once(call) { try rig(isHurried: $0) }
    }

    @Test(arguments: FaultCall.allCases)
    func `what fails again and again is told, and not taken for an answer`(call: FaultCall) throws {
        try Self.faults.always(call, [.unreachable, .inputOutput]) { try rig() }
    }

    @Test func `bytes that were not asked for are refused, and those that were lost on the way asked for again`() throws
    {
        let (proxy, store) = try rig()
        let match = #""match": "^GET .*/data/", "times": 1"#
        // Another range than was asked for, of the right length.
        try proxy.set(#"[{\#(match), "set": {"Content-Range": "bytes 0-39989/50000"}}]"#)
        #expect(try refusal { _ = try store.load(FaultCall.pack, range: 10..<40_000) }?.code == .protocolViolation)
        // The head speaks of all, and less comes, with an end as it should be.
        try proxy.set(
            #"[{\#(match), "status": 206, "headers": {"Content-Range": "bytes 10-39999/50000"}, "body": "x"}]"#)
        let clock = ManualPaceClock()
        try FaultCall.read.perform(on: RetryingStore(store, clock: clock))
        #expect(clock.pauses.count == 1)
    }

    @Test func `a server of the protocol's first version, which tells names only, is asked for sizes`() throws {
        let (proxy, store) = try rig()
        for number in 0..<40 { try store.save(StoredFile(.index, .named(by: [UInt8(number)])), [UInt8(number), 1]) }
        try proxy.set(#"[{"match": "^GET .*/index/$", "names": true}]"#)
        let listed = try store.list(.index)
        #expect(Set(listed.map(\.id)) == Set((0..<40).map { FileID.named(by: [UInt8($0)]) }))
        #expect(listed.allSatisfy { $0.size == 2 })
        // One that goes meanwhile is left out; one that cannot be asked for is told.
        let rule = #"{"match": "^HEAD .*/index/", "skip": 5, "times": 1, "status": "#
        try proxy.set(#"[{"match": "^GET .*/index/$", "names": true}, \#(rule)404}]"#)
        #expect(try store.list(.index).count == 39)
        try proxy.set(#"[{"match": "^GET .*/index/$", "names": true}, \#(rule)500}]"#)
        #expect(try refusal { _ = try store.list(.index) }?.isRetryable == true)
    }

    @Test func `a store that is not wanted any more leaves no connection open`() throws {
        // One of its own: others have connections to the shared one.
        let server = try PracticeServer("rest")
        func connections() throws -> Int {
            let port = String(server.port(), radix: 16, uppercase: true)
            let table = String(decoding: try Files.read("/proc/net/tcp"), as: UTF8.self)
            return table.split(separator: "\n").filter { line in
                let fields = line.split(separator: " ")
                return fields.count > 3 && fields[2].hasSuffix(":\(port)") && fields[3] == "01"
            }.count
        }
        let location = RESTRig.location("vault", server)
        var store: RESTStore? = try RESTStore(RESTLocation(location), RESTRig.options())
        try store?.create()
        #expect(try connections() > 0)
        store = nil
        // Far sooner than an idle connection is closed of itself.
        let end = MonotonicTime.seconds() + 45
        while try connections() > 0, MonotonicTime.seconds() < end { _ = try Command("sleep", ["0.1"]).run() }
        #expect(try connections() == 0)
    }

    @Test func `a capture that every ninth request hits leaves a repository that restic accepts`() throws {
        let proxy = try Self.shared.get()
        try proxy.set("[]")
        let name = RESTRig.name()
        let policy = RetryPolicy(attempts: 40, firstPause: 1, longestPause: 1000)
        let store = PipelinedStore(
            RetryingStore(try RESTRig.store(name, port: proxy.port), policy: policy), uploads: 6)
        let faults = Self.faults.faults.filter { !$0.contains("stall") }
        let rules = (0..<60).map { number in
            let fault = faults[number % faults.count]
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

import HikaeCore
import HikaeRemote
import HikaeStore
import HikaeTesting
import Testing

/// What happens when the server, or the way to it, breaks at any call: it is made again, or told; never half believed.
@Suite(.serialized)
struct S3FaultTests {
    private static let faults = HTTPFaults(
        methods: { call in
            switch call {
            case .create: "GET|HEAD|PUT"
            case .save: "PUT"
            case .saveConfig: "HEAD|PUT"
            case .load, .read, .list: "GET"
            case .size: "HEAD"
            case .remove: "HEAD|DELETE"
            }
        },
        hasBody: { [.create, .load, .read, .list].contains($0) },
        faults: [
            #""status": 500, "body": "<Error><Code>InternalError</Code></Error>""#,
            #""status": 503, "headers": {"Retry-After": "7"}, "body": "<Error><Code>SlowDown</Code></Error>""#,
        ] + HTTPFaults.drops)

    private static let shared = Result { try S3Proxy() }

    /// A store behind the proxy with two files in it and no config; the proxy breaks nothing yet.
    private func rig(isHurried: Bool = false) throws -> (S3Proxy, S3Store) {
        let proxy = try Self.shared.get()
        try proxy.set("[]")
        let bucket = S3Rig.bucket()
        let store = try S3Rig.store(bucket, through: proxy.endpoint)
        try FaultCall.prepare(store)
        guard isHurried else { return (proxy, store) }
        let hurried = try S3Rig.store(bucket, through: proxy.endpoint, isHurried: true)
        try RetryingStore(hurried, clock: ManualPaceClock()).create()
        return (proxy, hurried)
    }

    @Test(arguments: FaultCall.allCases)
    func `a request that fails once is made again, and the call does what it says`(call: FaultCall) throws {
        try Self.faults.once(call) { try rig(isHurried: $0) }
    }

    @Test(arguments: FaultCall.allCases)
    func `what fails again and again is told, and not taken for an answer`(call: FaultCall) throws {
        try Self.faults.always(call, [.unreachable]) { try rig() }
    }

    @Test(arguments: FaultCall.allCases)
    func `clocks that differ are told at once`(call: FaultCall) throws {
        let (proxy, store) = try rig()
        let skewed =
            "<Error><Code>RequestTimeTooSkewed</Code><ServerTime>2012-06-20T08:00:00Z</ServerTime></Error>"
        // An answer to HEAD has no body: its date tells.
        let date = #""headers": {"Date": "Wed, 20 Jun 2012 08:00:00 GMT"}"#
        try proxy.set(#"[{"match": "\#(Self.faults.match(call))", "status": 403, "body": "\#(skewed)", \#(date)}]"#)
        let clock = ManualPaceClock()
        let error = try refusal { try call.perform(on: RetryingStore(store, clock: clock)) }
        #expect(error?.code == .accessDenied)
        #expect(error?.message.contains("clocks differ") == true, "\(String(describing: error))")
        #expect(clock.pauses.isEmpty)
    }

    @Test func `a file whose checksum comes back wrong is sent again, and told of when it stays wrong`() throws {
        let (proxy, store) = try rig()
        let wrong = #""set": {"ETag": "\"00000000000000000000000000000000\""}"#
        try proxy.set(#"[{"match": "^PUT ", "times": 1, \#(wrong)}]"#)
        let file = StoredFile(.pack, .named(by: [4]))
        try RetryingStore(store, clock: ManualPaceClock()).save(file, [4])
        #expect(try proxy.log().filter { $0.line.hasPrefix("PUT") }.count == 2)
        try proxy.set(#"[{"match": "^PUT ", \#(wrong)}]"#)
        let error = try refusal { try RetryingStore(store, clock: ManualPaceClock()).save(file, [4]) }
        #expect(error?.code == .inputOutput)
        #expect(error?.message.contains("checksum") == true)
    }

    @Test func `every upload carries its MD5, and its SHA-256 signed`() throws {
        let (proxy, store) = try rig()
        try proxy.set("[]")
        try store.save(StoredFile(.index, .named(by: [1])), [1])
        let put = try #require(try proxy.log().first { $0.line.hasPrefix("PUT") })
        #expect(put.headers["content-md5"]?.string == "VaVACK0bpYmqIQ0mKcHfQQ==")
        #expect(put.headers["x-amz-content-sha256"]?.string == FileID.named(by: [1]).hex)
        let authorization = put.headers["authorization"]?.string ?? ""
        #expect(authorization.contains("content-md5;"))
        #expect(authorization.contains("x-amz-content-sha256"))
    }

    @Test func `a range that is answered with other bytes is refused; one answered with everything is cut out`() throws
    {
        let (proxy, store) = try rig()
        let whole = #"{"match": "^GET ", "times": 1, "set": {"Content-Range": "bytes 0-9/50000"}}"#
        try proxy.set("[\(whole)]")
        #expect(try refusal { _ = try store.load(FaultCall.pack, range: 5..<15) }?.code == .protocolViolation)
        try proxy.set(#"[{"match": "^GET ", "set": {"Content-Range": "bytes 5-14/12"}}]"#)
        #expect(try refusal { _ = try store.load(FaultCall.pack, range: 5..<15) }?.code == .protocolViolation)
        try proxy.set(#"[{"match": "^GET ", "times": 1, "status": 200, "body": "0123456789"}]"#)
        #expect(try store.load(FaultCall.pack, range: 2..<6) == Array("2345".utf8))
    }

    @Test func `a list without an end ends, and a length beyond reason is refused`() throws {
        let (proxy, store) = try rig()
        try proxy.set(#"[{"match": "^GET ", "keys": true}]"#)
        #expect(try refusal { _ = try store.list(.snapshot) }?.code == .protocolViolation)
        try proxy.set(#"[{"match": "^GET ", "set": {"Content-Length": "99999999999999"}}]"#)
        #expect(try refusal { _ = try store.load(FaultCall.other) }?.code == .limit)
    }

    // A whole backup.

    @Test func `a backup of which any request fails once is whole, and restic finds it so`() throws {
        let proxy = try Self.shared.get()
        let source = try S3Rig.source()
        let faults = Self.faults.faults.filter { !$0.contains("stall") } + [#""truncate": 20"#]
        for number in 0..<40 {
            let place = S3Rig.bucket()
            try proxy.set(
                #"[{"match": "/\#(place)", "skip": \#(number), "times": 1, \#(faults[number % faults.count])}]"#)
            let store = RetryingStore(try S3Rig.store(place, through: proxy.endpoint), clock: ManualPaceClock())
            _ = try CaptureRig(store).capture(source)
            let isBeyond = try proxy.log().count <= number
            if number.isMultiple(of: 4) || isBeyond {
                try S3Rig.restic(try S3Rig.location(place).display, "check", "--read-data").succeed()
            }
            if isBeyond { return }
        }
        Issue.record("a small backup made more than forty requests")
    }

    @Test func `a backup that is cut off at any request leaves a repository that restic finds whole`() throws {
        let proxy = try Self.shared.get()
        let source = try S3Rig.source()
        let policy = RetryPolicy(attempts: 2, firstPause: 1, longestPause: 1)
        for number in 0..<40 {
            let place = S3Rig.bucket()
            try proxy.set(#"[{"match": "/\#(place)", "skip": \#(number), \#(Self.faults.faults[number % 3])}]"#)
            let base = try S3Rig.store(place, through: proxy.endpoint)
            let error = try refusal {
                _ = try CaptureRig(RetryingStore(base, policy: policy, clock: ManualPaceClock())).capture(source)
            }
            let direct = try S3Rig.store(place)
            let isThere = (try? direct.exists(.config)) == true && (try? direct.list(.key).isEmpty) == false
            if isThere { try S3Rig.restic(try S3Rig.location(place).display, "check", "--read-data").succeed() }
            guard error != nil else {
                #expect(isThere)
                return
            }
        }
        Issue.record("a small backup made more than forty requests")
    }
}

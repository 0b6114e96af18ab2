import HikaeCore
import HikaeRemote
import HikaeStore
import HikaeTesting
import Testing

/// What happens when the server, or the way to it, breaks at any call: it is made again, or told; never half believed.
@Suite(.serialized)
struct S3FaultTests {
    /// One call of a store, and which requests it makes.
    struct Call: Sendable, CustomStringConvertible {
        let description: String
        let requests: String
        /// Whether an answer has a body that can be cut short.
        var hasBody = false
        /// Makes the call and looks whether it did what it says.
        let body: @Sendable (any ObjectStore) throws -> Void
    }

    private static let content = [UInt8](repeating: 0xA5, count: 50_000)
    private static let pack = StoredFile(.pack, .named(by: content))
    private static let other = StoredFile(.snapshot, .named(by: [9]))

    static let calls: [Call] = [
        Call(description: "create", requests: "^(GET|HEAD|PUT) ", hasBody: true) { store in
            try store.create()
            #expect(try store.list(.snapshot).map(\.id) == [other.id])
        },
        Call(description: "save", requests: "^PUT ") { store in
            let file = StoredFile(.pack, .named(by: [1, 2]))
            try store.save(file, [1, 2])
            #expect(try store.load(file) == [1, 2])
        },
        Call(description: "save the config", requests: "^(HEAD|PUT) ") { store in
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
        Call(description: "remove", requests: "^(HEAD|DELETE) ") { store in
            try store.remove(other)
            #expect(try !store.exists(other))
        },
    ]

    static let faults = [
        #""status": 500, "body": "<Error><Code>InternalError</Code></Error>""#,
        #""status": 503, "headers": {"Retry-After": "7"}, "body": "<Error><Code>SlowDown</Code></Error>""#,
        #""reset": true"#, #""stall": true"#, #""status": 502, "body": "<html>Bad Gateway</html>""#,
    ]
    /// Of these a body is needed.
    static let bodyFaults = [#""truncate": 20"#, #""truncate": 0"#, #""drip": 0.4"#]

    private static let shared = Result { try S3Proxy() }

    /// A store behind the proxy with two files in it and no config; the proxy breaks nothing yet.
    private func rig() throws -> (S3Proxy, S3Store) {
        let proxy = try Self.shared.get()
        try proxy.set("[]")
        let store = try S3Rig.store(S3Rig.bucket(), through: proxy.endpoint)
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
            let retrying = RetryingStore(store, clock: clock)
            try proxy.set(#"[{"match": "\#(call.requests)", "times": 1, \#(fault)}]"#)
            do {
                try call.body(retrying)
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
            #expect(error?.code == .unreachable, "\(call) with \(fault): \(String(describing: error))")
            #expect(try proxy.log().count >= 3)
        }
    }

    @Test(arguments: calls)
    func `clocks that differ are told at once`(call: Call) throws {
        let (proxy, store) = try rig()
        let skewed =
            "<Error><Code>RequestTimeTooSkewed</Code><ServerTime>2012-06-20T08:00:00Z</ServerTime></Error>"
        try proxy.set(#"[{"match": "\#(call.requests)", "status": 403, "body": "\#(skewed)"}]"#)
        let clock = ManualPaceClock()
        let error = try refusal { try call.body(RetryingStore(store, clock: clock)) }
        #expect(error?.code == .accessDenied)
        if !call.requests.contains("HEAD") { #expect(error?.message.contains("clocks differ") == true) }
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
        #expect(try refusal { _ = try store.load(Self.pack, range: 5..<15) }?.code == .protocolViolation)
        try proxy.set(#"[{"match": "^GET ", "set": {"Content-Range": "bytes 5-14/12"}}]"#)
        #expect(try refusal { _ = try store.load(Self.pack, range: 5..<15) }?.code == .protocolViolation)
        try proxy.set(#"[{"match": "^GET ", "times": 1, "status": 200, "body": "0123456789"}]"#)
        #expect(try store.load(Self.pack, range: 2..<6) == Array("2345".utf8))
    }

    @Test func `a list without an end ends, and a length beyond reason is refused`() throws {
        let (proxy, store) = try rig()
        try proxy.set(#"[{"match": "^GET ", "keys": true}]"#)
        #expect(try refusal { _ = try store.list(.snapshot) }?.code == .protocolViolation)
        try proxy.set(#"[{"match": "^GET ", "set": {"Content-Length": "99999999999999"}}]"#)
        #expect(try refusal { _ = try store.load(Self.other) }?.code == .limit)
    }

    // A whole backup.

    @Test func `a backup of which any request fails once is whole, and restic finds it so`() throws {
        let proxy = try Self.shared.get()
        let source = try S3Rig.source()
        let faults = Self.faults.filter { !$0.contains("stall") } + [#""truncate": 20"#]
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
            try proxy.set(#"[{"match": "/\#(place)", "skip": \#(number), \#(Self.faults[number % 3])}]"#)
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

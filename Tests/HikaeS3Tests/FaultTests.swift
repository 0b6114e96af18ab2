import HikaeArchive
import HikaeCore
import HikaeDestination
import HikaeFormat
import HikaeHTTP
import HikaeSource
import HikaeTesting
import Testing

@testable import HikaeS3

/// What happens when the server, or the way to it, is broken.
@Suite(.serialized)
struct FaultTests {
    /// Keys and the text of each object in a capture.
    private func texts(_ capture: CaptureRig.Capture) throws -> [String: String] {
        var found: [String: String] = [:]
        try capture.content.walk { path, node throws(HikaeError) in
            guard node.kind == .file, let key = ObjectPath.key(of: path) else { return }
            let bytes = try capture.content.bytes(of: node, limit: 64 << 20)
            found[String(decoding: key, as: UTF8.self)] = String(decoding: bytes.prefix(100), as: UTF8.self)
        }
        return found
    }

    private func source(_ bucket: String, _ proxy: FaultProxy, _ conditions: S3Client.Conditions = Rig.quick) throws
        -> S3Source
    {
        S3Source(try Rig.settings(bucket, through: proxy.endpoint), conditions)
    }

    /// One proxy for all tests, with other rules for each.
    private static let shared = Result { try FaultProxy() }

    private func proxy(_ rules: String = "[]") throws -> FaultProxy {
        let proxy = try Self.shared.get()
        try proxy.set(rules)
        return proxy
    }

    /// Three objects that no test changes.
    private static let three = Result {
        let bucket = Rig.bucket()
        try Rig.python(
            bucket,
            "for name in ('a', 'b', 'c'): s3.put_object(Bucket=bucket, Key=name, Body=('text of ' + name).encode() * 100)"
        )
        return bucket
    }

    private func bucket() throws -> String { try Self.three.get() }

    @Test(arguments: [
        #""status": 500, "body": "<Error><Code>InternalError</Code></Error>""#,
        #""status": 503, "headers": {"Retry-After": "0"}, "body": "<Error><Code>SlowDown</Code></Error>""#,
        #""status": 429"#, #""status": 502, "body": "<html>Bad Gateway</html>""#, #""reset": true"#,
        #""truncate": 7"#, #""truncate": 0"#, #""stall": true"#,
        #""set": {"ETag": "\"00000000000000000000000000000000\""}"#,
    ])
    func `a request that fails once is made again: lists and objects`(fault: String) throws {
        let bucket = try bucket()
        let proxy = try self.proxy(
            #"[{"match": "GET /\#(bucket)\\?.*max-keys=1000", "times": 1, \#(fault)}, {"match": "GET /\#(bucket)/b", "times": 1, \#(fault)}]"#
        )
        let isSlow = fault.contains("stall")
        let capture = try CaptureRig().capture(source(bucket, proxy, isSlow ? Rig.hurried : Rig.quick))
        #expect(capture.summary.errors == 0)
        #expect(
            try texts(capture).mapValues { String($0.prefix(9)) } == [
                "a": "text of a", "b": "text of b", "c": "text of c",
            ])
        let tries = try proxy.log().filter { $0.target == "/\(bucket)/b" }.count
        #expect(tries == 2 || isSlow && tries > 2)
    }

    @Test func `what the server asks to wait is waited`() throws {
        let bucket = try bucket()
        let proxy = try self.proxy(
            #"[{"match": "GET /\#(bucket)/b", "times": 1, "status": 503, "headers": {"Retry-After": "1"}}]"#)
        var conditions = Rig.quick
        conditions.schedule.longest = 5
        let begun = ContinuousClock.now
        _ = try CaptureRig().capture(source(bucket, proxy, conditions))
        #expect(begun.duration(to: .now) >= .seconds(1))
    }

    @Test func `a large object goes on where the connection broke, and only if it is still the same`() throws {
        let bucket = Rig.bucket()
        let script = """
            import hashlib, random
            data = random.Random(5).randbytes(9 * 2**20)
            s3.put_object(Bucket=bucket, Key="large", Body=data)
            print(hashlib.sha256(data).hexdigest(), end="")
            """
        let sum = try Rig.python(bucket, script)
        let match = "GET /\(bucket)/large"
        let proxy = try self.proxy(
            #"[{"match": "\#(match)", "times": 1, "truncate": 3000000}, {"match": "\#(match)", "times": 1, "truncate": 10}, {"match": "\#(match)", "times": 1, "reset": true}]"#
        )
        let rig = try CaptureRig()
        let capture = try rig.capture(source(bucket, proxy))
        let folder = try TemporaryDirectory()
        try rig.restore(capture, to: folder.path("out"))
        #expect(try Command("sha256sum", [folder.path("out/large")]).succeed().text.prefix(64) == sum)
        let ranges = try proxy.log().filter { $0.target == "/\(bucket)/large" }.map { $0.headers }
        #expect(ranges.count == 4)
        #expect(
            ranges.dropFirst().allSatisfy { $0["range"]?.string?.hasPrefix("bytes=") == true && $0["if-match"] != nil })
        #expect(capture.facts.notes.contains { $0.contains("made again") })
        // The same, with another object of that name in between: half of each would be worse than none.
        try proxy.set(
            #"[{"match": "\#(match)", "times": 1, "truncate": 3000000}, {"match": "\#(match)", "status": 412, "body": "<Error><Code>PreconditionFailed</Code></Error>"}]"#
        )
        let second = try CaptureRig().capture(source(bucket, proxy))
        #expect(second.summary.errors == 1)
        #expect(second.reports.contains { $0.message.contains("replaced while it was read") })
        #expect(try texts(second) == [:])
    }

    @Test func `an object that goes on failing is reported and left out; the rest is captured`() throws {
        let bucket = try bucket()
        for fault in [#""status": 500"#, #""reset": true"#, #""truncate": 5"#, #""status": 403"#] {
            let proxy = try self.proxy(#"[{"match": "GET /\#(bucket)/b", \#(fault)}]"#)
            let capture = try CaptureRig().capture(source(bucket, proxy))
            #expect(capture.summary.errors == 1)
            #expect(capture.reports.count == 1)
            #expect(try texts(capture).keys.sorted() == ["a", "c"])
            #expect(capture.facts.items == 2)
        }
    }

    @Test func `bytes that do not fit their checksum are not believed`() throws {
        let bucket = try bucket()
        // After others whose checksum is right: so it is no habit of the server.
        let proxy = try self.proxy(
            #"[{"match": "GET /\#(bucket)/c", "set": {"ETag": "\"00000000000000000000000000000000\""}}]"#)
        var settings = try Rig.settings(bucket, through: proxy.endpoint)
        settings.connections = 1
        let capture = try CaptureRig().capture(S3Source(settings, Rig.quick))
        #expect(capture.reports.map(\.code) == [.damaged])
        #expect(try texts(capture).keys.sorted() == ["a", "b"])
        // A server whose ETags are something else altogether is taken as it is, and that is written down.
        try proxy.set(#"[{"match": "GET /\#(bucket)/", "set": {"ETag": "\"00000000000000000000000000000000\""}}]"#)
        let other = try CaptureRig().capture(S3Source(settings, Rig.quick))
        #expect(other.reports == [])
        #expect(other.facts.notes.contains { $0.contains("not the MD5") })
    }

    @Test func `a list that fails ends the capture: a part of a bucket must not pass for all of it`() throws {
        let bucket = try bucket()
        for fault in [#""status": 500"#, #""status": 403"#, #""status": 200, "body": "<html>Welcome</html>""#] {
            let proxy = try self.proxy(#"[{"match": "max-keys=1000", \#(fault)}]"#)
            #expect(failure { _ = try CaptureRig().capture(source(bucket, proxy)) } != nil)
        }
    }

    @Test func `a server that only drips is given up`() throws {
        let bucket = try bucket()
        let proxy = try self.proxy(#"[{"match": "GET /\#(bucket)/b", "drip": 0.1}]"#)
        var conditions = Rig.quick
        conditions.schedule.attempts = 2
        conditions.patience.window = 5
        let capture = try CaptureRig().capture(source(bucket, proxy, conditions))
        #expect(capture.reports.map(\.code) == [.unreachable])
    }

    @Test func `nobody listening is told at once as unreachable`() throws {
        let proxy = try FaultProxy()
        let endpoint = proxy.endpoint
        proxy.process.stop()
        let source = S3Source(try Rig.settings("bucket", through: endpoint), Rig.quick)
        #expect(failure { _ = try source.probe() }?.code == .unreachable)
    }

    @Test func `a wish to stop is heard while the server says nothing`() throws {
        let bucket = try bucket()
        let proxy = try self.proxy(#"[{"match": "max-keys=1000", "stall": true}]"#)
        var conditions = Rig.quick
        conditions.patience.silence = 300
        let source = try source(bucket, proxy, conditions)
        let cancellation = Cancellation()
        let canceller = RunningThread {
            // Once the request has reached the proxy, and not before.
            try? waitUntil("it is asked") { try proxy.log().contains { $0.target.contains("max-keys=1000") } }
            cancellation.cancel()
        }
        let error = failure { _ = try CaptureRig().capture(source, cancellation: cancellation) }
        canceller.join()
        #expect(error?.code == .cancelled)
    }

    // A server that means ill.

    @Test(arguments: [
        #"{"match": "max-keys", "endless": "<Contents><Key>a</Key></Contents>", "before": "<ListBucketResult>"}"#,
        #"{"match": "max-keys", "endless": "<a>", "before": ""}"#,
        #"{"match": "max-keys", "endless": "x", "before": "<?xml version=\"1.0\"?><!--"}"#,
        #"{"match": "max-keys", "status": 200, "body": "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><ListBucketResult>&x;</ListBucketResult>"}"#,
        #"{"match": "max-keys", "status": 200, "body": "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken></ListBucketResult>"}"#,
    ])
    func `answers without an end, or that make no sense, are refused`(rule: String) throws {
        let proxy = try self.proxy("[\(rule)]")
        #expect(failure { _ = try CaptureRig().capture(source("bucket", proxy)) }?.code == .protocolViolation)
    }

    @Test func `a bucket of keys without an end is given up at a limit`() throws {
        let proxy = try self.proxy(#"[{"match": "max-keys", "keys": true}]"#)
        var conditions = Rig.quick
        conditions.limits = S3Client.ListingLimits(flat: 3000, folder: 10_000)
        #expect(failure { _ = try CaptureRig().capture(source("bucket", proxy, conditions)) }?.code == .limit)
    }

    @Test func `an endless body of an object, or one of no length, is not read`() throws {
        let bucket = try bucket()
        let proxy = try self.proxy(#"[{"match": "GET /\#(bucket)/b", "endless": "x"}]"#)
        let capture = try CaptureRig().capture(source(bucket, proxy))
        #expect(capture.reports.map(\.code) == [.protocolViolation])
    }

    @Test func `an object that grows or shrinks after it was listed is taken as it is when it is read`() throws {
        let bucket = try bucket()
        let list = """
            <ListBucketResult><Contents><Key>a</Key><Size>1</Size><ETag>x</ETag>\
            <LastModified>2012-06-20T08:00:00Z</LastModified></Contents>\
            <Contents><Key>b</Key><Size>5000000</Size><ETag>x</ETag>\
            <LastModified>2012-06-20T08:00:00Z</LastModified></Contents></ListBucketResult>
            """
        let proxy = try self.proxy(#"[{"match": "max-keys=1000", "status": 200, "body": "\#(list)"}]"#)
        let capture = try CaptureRig().capture(source(bucket, proxy))
        #expect(capture.reports == [])
        #expect(capture.facts.bytes == 1800)
        #expect(try texts(capture).keys.sorted() == ["a", "b"])
    }

    @Test func `keys that would lead out of a folder never do`() throws {
        let bucket = try bucket()
        let keys = ["../../etc/passwd", "/etc/passwd", "a/../../x", "a/\u{7}bell", "..", "."]
        let items = keys.map {
            "<Contents><Key>\(PercentCoding.encode($0))</Key><Size>0</Size><ETag>x</ETag><LastModified>2012-06-20T08:00:00Z</LastModified></Contents>"
        }.sorted().joined()
        let nul =
            "<Contents><Key>zz%00</Key><Size>0</Size><ETag>x</ETag><LastModified>2012-06-20T08:00:00Z</LastModified></Contents>"
        let list = "<ListBucketResult><EncodingType>url</EncodingType>\(items)\(nul)</ListBucketResult>"
        let proxy = try self.proxy(
            #"[{"match": "max-keys=1000", "status": 200, "body": "\#(list)"}, {"match": "GET", "skip": 1, "status": 200}]"#
        )
        let rig = try CaptureRig()
        let capture = try rig.capture(source(bucket, proxy))
        #expect(capture.reports.map(\.code) == [.unsupported])
        let folder = try TemporaryDirectory()
        try rig.restore(capture, to: folder.path("out"))
        #expect(Files.all(below: folder.path).count == keys.count)
        #expect(Files.all(below: folder.path).allSatisfy { $0.hasPrefix("out/") })
    }

    // A server that never answers.

    @Test func `a server that never answered is given up sooner than one that did, and told of plainly`() throws {
        let bucket = try bucket()
        var conditions = Rig.quick
        conditions.schedule = RetrySchedule(attempts: 7, first: 0.01, longest: 0.02)
        let proxy = try self.proxy(#"[{"match": "", "reset": true}]"#)
        #expect(failure { _ = try source(bucket, proxy, conditions).probe() }?.code == .unreachable)
        #expect(try proxy.log().count == 5)
        try proxy.set(#"[{"match": "", "skip": 1, "reset": true}]"#)
        let client = try S3Client(Rig.settings(bucket, through: proxy.endpoint), connections: 1, conditions)
        defer { client.close() }
        try client.headBucket()
        #expect(failure { try client.headBucket() }?.message.contains("tried 7 times") == true)
        // One that takes connections and says nothing is asked once: each attempt costs all the patience there is.
        conditions.patience.silence = RetrySchedule.contactSeconds + 0.5
        conditions.patience.window = conditions.patience.silence
        try proxy.set(#"[{"match": "", "stall": true}]"#)
        #expect(failure { _ = try source(bucket, proxy, conditions).probe() }?.code == .unreachable)
        #expect(try proxy.log().count == 1)
    }

    @Test func `a refused connection is told as one, after some attempts that take a few seconds in all`() throws {
        let settings = S3Settings(endpoint: "http://127.0.0.1:9", bucket: "nobody")
        let error = failure { _ = try S3Source(settings).probe() }
        #expect(error?.code == .unreachable)
        #expect(error?.message.contains("connection refused") == true, "\(String(describing: error))")
        #expect(error?.message.contains("tried 5 times") == true, "\(String(describing: error))")
        #expect(error?.hint?.contains("port") == true)
        let pauses = (1...10).compactMap { RetrySchedule().contact.delay(after: $0, asked: nil, chance: 1) }
        #expect(pauses.count == 4 && pauses.reduce(0, +) < 4)
    }

    // The way back.

    @Test func `writing goes on over failures, in one piece and in parts`() throws {
        let from = Rig.bucket()
        try Rig.python(
            from,
            """
            import random
            s3.put_object(Bucket=bucket, Key="small", Body=b"small")
            s3.put_object(Bucket=bucket, Key="large", Body=random.Random(1).randbytes(18 * 2**20))
            """)
        let capture = try CaptureRig().capture(S3Source(try Rig.settings(from)))
        let target = Rig.bucket("to")
        let proxy = try self.proxy(
            #"[{"match": "PUT .*small", "times": 1, "status": 503}, {"match": "PUT .*partNumber=2", "times": 1, "reset": true}, {"match": "POST .*uploadId", "times": 1, "status": 500}]"#
        )
        let destination = S3Destination(try Rig.settings(target, through: proxy.endpoint), Rig.quick)
        let summary = try destination.restore(capture.content, ReturnOptions(), ReturnWatch())
        #expect(summary.errors == 0 && summary.itemsWritten == 2)
        #expect(try Rig.inventory(target).map { $0.prefix(60) } == Rig.inventory(from).map { $0.prefix(60) })
    }

    @Test func `no room left ends a restore, and no parts are left behind`() throws {
        let from = Rig.bucket()
        try Rig.python(from, "s3.put_object(Bucket=bucket, Key='large', Body=b'x' * (18 * 2**20))")
        let capture = try CaptureRig().capture(S3Source(try Rig.settings(from)))
        let target = Rig.bucket("to")
        let proxy = try self.proxy(#"[{"match": "PUT .*partNumber=2", "status": 507}]"#)
        let destination = S3Destination(try Rig.settings(target, through: proxy.endpoint), Rig.quick)
        let error = failure { _ = try destination.restore(capture.content, ReturnOptions(), ReturnWatch()) }
        #expect(error?.code == .quota)
        let open = try Rig.python(
            target, "print(len(s3.list_multipart_uploads(Bucket=bucket).get('Uploads', [])), end='')")
        #expect(open == "0")
    }

    @Test func `a good status with an error in it is an error`() throws {
        let from = Rig.bucket()
        try Rig.python(from, "s3.put_object(Bucket=bucket, Key='large', Body=b'x' * (9 * 2**20))")
        let capture = try CaptureRig().capture(S3Source(try Rig.settings(from)))
        let proxy = try self.proxy(
            #"[{"match": "POST .*uploadId", "status": 200, "body": "<Error><Code>InvalidPart</Code></Error>"}]"#)
        let destination = S3Destination(try Rig.settings(Rig.bucket("to"), through: proxy.endpoint), Rig.quick)
        let summary = try destination.restore(capture.content, ReturnOptions(), ReturnWatch())
        #expect(summary.errors == 1 && summary.itemsWritten == 0)
    }
}

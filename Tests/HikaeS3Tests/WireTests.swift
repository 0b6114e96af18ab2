import HikaeCore
import HikaeHTTP
import HikaeTesting
import Testing

@testable import HikaeS3

/// What needs no server: addresses, delays, documents, lists, keys and paths.
struct WireTests {
    private func settings(_ endpoint: String, _ bucket: String = "bucket", pathStyle: Bool? = nil) -> S3Settings {
        var settings = S3Settings(endpoint: endpoint, bucket: bucket)
        settings.pathStyle = pathStyle
        return settings
    }

    @Test func `a bucket stands in the host's name at Amazon, and in the path elsewhere, unless told otherwise`() throws
    {
        let amazon = try S3Address(settings("https://s3.eu-west-1.amazonaws.com"))
        #expect(amazon.url(Array("a b".utf8), []) == "https://bucket.s3.eu-west-1.amazonaws.com/a%20b")
        let dotted = try S3Address(settings("https://s3.eu-west-1.amazonaws.com", "my.bucket"))
        #expect(dotted.url(nil, []) == "https://s3.eu-west-1.amazonaws.com/my.bucket")
        let other = try S3Address(settings("http://127.0.0.1:9000/"))
        #expect(other.url(Array("x//../é".utf8), []) == "http://127.0.0.1:9000/bucket/x//../%C3%A9")
        let told = try S3Address(settings("https://example.com:443", pathStyle: false))
        #expect(told.hostHeader == "bucket.example.com")
        let six = try S3Address(settings("http://[::1]:80"))
        #expect(six.hostHeader == "[::1]")
    }

    @Test(arguments: [
        "example.com", "ftp://example.com", "http://", "http://a/b", "http://a:0", "http://a:99999", "http://a b",
        "http://user@host",
    ])
    func `an endpoint that makes no sense is refused`(endpoint: String) {
        #expect(failure { _ = try S3Address(settings(endpoint)) }?.code == .usage)
    }

    @Test(arguments: ["", "..", "a/b", "a b", "a?b", "日本"])
    func `a bucket's name that could change the request is refused`(bucket: String) {
        #expect(failure { _ = try S3Address(settings("http://localhost", bucket)) }?.code == .usage)
    }

    @Test func `delays double, are shortened by chance, honour what the server asks, and end`() {
        let schedule = RetrySchedule(attempts: 5, first: 1, longest: 6)
        #expect(schedule.delay(after: 1, asked: nil, chance: 1) == 1)
        #expect(schedule.delay(after: 1, asked: nil, chance: 0) == 0.5)
        #expect(schedule.delay(after: 3, asked: nil, chance: 1) == 4)
        #expect(schedule.delay(after: 4, asked: nil, chance: 1) == 6)
        #expect(schedule.delay(after: 1, asked: 3, chance: 0) == 3)
        #expect(schedule.delay(after: 1, asked: 86_400, chance: 0) == 6)
        #expect(schedule.delay(after: 5, asked: 1, chance: 1) == nil)
    }

    @Test func `documents beyond the bounds, of other kinds, or cut short are refused`() {
        func parse(_ text: String) throws { _ = try XMLElement(parsing: Array(text.utf8), from: "the test") }
        let deep = String(repeating: "<a>", count: 200) + String(repeating: "</a>", count: 200)
        let wide = "<a>" + String(repeating: "<b/>", count: XMLElement.most + 1) + "</a>"
        let laughs = """
            <?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol1 "&lol;&lol;&lol;">]><a>&lol1;</a>
            """
        let outside = """
            <!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>
            """
        for text in [deep, wide, laughs, outside, "", "hello", "<a><b></a>", "<a>", "<html><body>x</body>"] {
            #expect(failure { try parse(text) }?.code == .protocolViolation)
        }
    }

    private func page(_ text: String) throws -> ListingPage {
        try ListingPage(XMLElement(parsing: Array(text.utf8), from: "the test"), from: "the test")
    }

    @Test func `a page of a list is read, its keys decoded`() throws {
        let page = try page(
            """
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><EncodingType>url</EncodingType>
            <IsTruncated>true</IsTruncated><NextContinuationToken>a&amp;b</NextContinuationToken>
            <Contents><Key>a+b%2Fc%0A&#x65E5;</Key><LastModified>2012-06-20T08:00:00.123Z</LastModified>
            <ETag>&quot;abc&quot;</ETag><Size>7</Size><StorageClass>GLACIER</StorageClass></Contents>
            <CommonPrefixes><Prefix>p%2F</Prefix></CommonPrefixes></ListBucketResult>
            """)
        #expect(page.objects.first?.key == Array("a b/c\n日".utf8))
        #expect(page.objects.first?.etag == "abc")
        #expect(page.objects.first?.size == 7)
        #expect(page.objects.first?.storageClass == "GLACIER")
        #expect(page.objects.first?.modified == Timestamp(rfc3339: "2012-06-20T08:00:00.123Z"))
        #expect(page.prefixes == [Array("p/".utf8)])
        #expect(page.next == [WireField("continuation-token", "a&b")])
    }

    @Test(arguments: [
        "<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>",
        "<ListBucketResult><Contents><Key></Key><Size>1</Size><LastModified>2012-06-20T08:00:00Z</LastModified></Contents></ListBucketResult>",
        "<ListBucketResult><Contents><Key>a</Key><Size>-1</Size><LastModified>2012-06-20T08:00:00Z</LastModified></Contents></ListBucketResult>",
        "<ListBucketResult><Contents><Key>a</Key><Size>99999999999999999999</Size><LastModified>2012-06-20T08:00:00Z</LastModified></Contents></ListBucketResult>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        "<Error><Code>x</Code></Error>", "<html/>",
    ])
    func `a page that says nonsense is refused`(text: String) {
        #expect(failure { _ = try page(text) }?.code == .protocolViolation)
    }

    @Test func `a list that goes back, repeats its token, or leaves its prefix is refused`() throws {
        func listed(_ keys: String..., next: String? = nil) -> ListingPage {
            var page = try! page("<ListBucketResult/>")
            page.objects = keys.map {
                ListedObject(key: Array($0.utf8), size: 0, etag: "", modified: Timestamp(seconds: 0))
            }
            page.next = next.map { [WireField("continuation-token", $0)] }
            return page
        }
        func check(_ pages: ListingPage...) throws {
            var order = ListingOrder(prefix: Array("a".utf8), place: "the test")
            for page in pages { try order.check(page) }
        }
        try check(listed("a1", "a2", next: "x"), listed("a3", "ab", next: "y"), listed())
        #expect(failure { try check(listed("b")) }?.code == .protocolViolation)
        #expect(failure { try check(listed("a2", next: "x"), listed("a1")) }?.code == .protocolViolation)
        #expect(failure { try check(listed("a1", next: "x"), listed("a2", next: "x")) }?.code == .protocolViolation)
        let empty = (0..<20).map { listed(next: "\($0)") }
        var order = ListingOrder(prefix: [], place: "the test")
        #expect(failure { for page in empty { try order.check(page) } }?.code == .protocolViolation)
    }

    @Test(arguments: [
        ("a/b/c", ["a", "b", "c"]), ("a", ["a"]), ("a/", ["a", ".s3~empty"]), ("/a", [".s3~empty", "a"]),
        ("a//b", ["a", ".s3~empty", "b"]), ("../x", [".s3~dotdot", "x"]), ("./x", [".s3~dot", "x"]),
        ("/", [".s3~empty", ".s3~empty"]), (".s3~empty", [".s3~plain~.s3~empty"]), ("注文/帳 面", ["注文", "帳 面"]),
        ("...", ["..."]), ("a\nb", ["a\nb"]),
    ])
    func `a key has one path, and the path leads back`(key: String, names: [String]) {
        #expect(ObjectPath.names(of: Array(key.utf8)) == names.map { Array($0.utf8) })
        #expect(ObjectPath.key(of: names.map { Array($0.utf8) }) == Array(key.utf8))
    }

    @Test func `any key leads to names that a file system takes, and back, and no two to the same`() {
        var random = SeededGenerator()
        var seen: [[[UInt8]]: [UInt8]] = [:]
        let pieces = [
            "/", "/", "a", ".", "..", ".s3~", "part~", "last~", "object~", "日", String(repeating: "x", count: 200),
        ]
        for _ in 0..<5000 {
            let key = (0..<Int.random(in: 1...8, using: &random)).flatMap { _ in
                Array(pieces[Int.random(in: 0..<pieces.count, using: &random)].utf8)
            }
            guard let names = ObjectPath.names(of: key) else { return #expect(Bool(false), "a key without a path") }
            for name in names {
                #expect(!name.isEmpty && name.count <= 244 + 11 && !name.contains(0) && !name.contains(0x2F))
                #expect(name != Array(".".utf8) && name != Array("..".utf8))
            }
            #expect(ObjectPath.key(of: names) == key)
            var beside = names
            beside[names.count - 1] = ObjectPath.besideFolder(names[names.count - 1])
            #expect(beside[names.count - 1].count <= 255)
            #expect(ObjectPath.key(of: beside) == key)
            #expect(seen.updateValue(key, forKey: names).map { $0 == key } ?? true)
        }
        #expect(ObjectPath.names(of: [0x61, 0, 0x62]) == nil)
        #expect(ObjectPath.key(of: [Array(".s3~unknown".utf8)]) == nil)
        #expect(ObjectPath.key(of: [Array(".s3~part~x".utf8)]) == nil)
        #expect(ObjectPath.key(of: []) == nil)
    }

    @Test func `errors of servers become ours`() throws {
        let address = try S3Address(settings("http://localhost"))
        func error(_ status: Int, _ body: String, _ headers: [WireField] = []) -> HikaeError {
            S3Failure(ResponseHead(status: status, headers: headers), Array(body.utf8)).error(
                "read x", address, region: "us-east-1", now: Timestamp(seconds: 0))
        }
        func xml(_ code: String) -> String { "<Error><Code>\(code)</Code><Message>why</Message></Error>" }
        #expect(error(404, xml("NoSuchBucket")).code == .notFound)
        #expect(error(403, xml("InvalidAccessKeyId")).code == .accessDenied)
        #expect(error(403, xml("SignatureDoesNotMatch")).code == .accessDenied)
        #expect(error(403, "").code == .accessDenied)
        #expect(error(403, xml("InvalidObjectState")).code == .unsupported)
        #expect(error(507, "").code == .quota)
        #expect(error(403, xml("QuotaExceeded")).code == .quota)
        #expect(error(503, xml("SlowDown")).isRetryable)
        #expect(error(500, "<html>").isRetryable)
        #expect(error(429, "").isRetryable)
        #expect(error(400, xml("RequestTimeout")).isRetryable)
        #expect(!error(400, xml("InvalidArgument")).isRetryable)
        let moved = error(301, xml("PermanentRedirect"), [WireField("x-amz-bucket-region", "eu-west-1")])
        #expect(moved.code == .usage)
        #expect(moved.message.contains("eu-west-1"))
        let skewed = error(
            403, "<Error><Code>RequestTimeTooSkewed</Code><ServerTime>2012-06-20T08:00:00Z</ServerTime></Error>")
        #expect(skewed.message.contains("clock") && skewed.message.contains("2012-06-20T08:00:00Z"))
        #expect(!error(400, xml("\u{1B}[31mRed")).message.contains("\u{1B}"))
    }

    @Test func `the ETag of an object in parts is what S3 makes of them`() throws {
        // Made with: md5 of (md5 of each 8 MiB part), as S3 does, by Python's hashlib.
        let bytes = [UInt8](repeating: 0x61, count: (20 << 20) + 5)
        var etag = try PartedETag(size: UInt64(bytes.count))
        bytes.withUnsafeBytes { all in
            var rest = all[...]
            while !rest.isEmpty {
                etag.update(UnsafeRawBufferPointer(rebasing: rest.prefix(777_777)))
                rest = rest.dropFirst(777_777)
            }
        }
        let script = """
            import hashlib
            data, part = b"a" * (20 * 2**20 + 5), 8 * 2**20
            sums = [hashlib.md5(data[i:i + part]).digest() for i in range(0, len(data), part)]
            print(hashlib.md5(b"".join(sums)).hexdigest() + f"-{len(sums)}", end="")
            """
        #expect(try etag.finish() == Command("python3", ["-c", script]).succeed().text)
    }

    @Test func `parts grow with the object, so that there are never more than S3 takes`() throws {
        #expect(try PartPlan(size: 20 << 20).partSize == 8 << 20)
        #expect(try PartPlan(size: 1 << 40).partSize == 128 << 20)
        #expect(failure { _ = try PartPlan(size: 6 << 40) }?.code == .limit)
    }

    @Test func `a key's halves come together or not at all, and a key with a line end is refused`() {
        var settings = settings("http://localhost")
        settings.accessKeyID = { () throws(HikaeError) in Secret("key") }
        #expect(failure { _ = try S3Client(settings, connections: 1) }?.code == .usage)
        settings.secretAccessKey = { () throws(HikaeError) in Secret("secret") }
        settings.accessKeyID = { () throws(HikaeError) in Secret("key\nx-evil: 1") }
        #expect(failure { _ = try S3Client(settings, connections: 1) }?.code == .usage)
    }
}

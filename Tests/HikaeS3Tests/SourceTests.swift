import HikaeArchive
import HikaeCore
import HikaeDestination
import HikaeFormat
import HikaeSource
import HikaeTesting
import Testing

@testable import HikaeS3

/// Buckets captured from the real server, looked at by boto3.
@Suite(.serialized)
struct SourceTests {
    private func nodes(_ capture: CaptureRig.Capture) throws -> [String: Node] {
        var nodes: [String: Node] = [:]
        try capture.content.walk { path, node throws(HikaeError) in
            nodes[path.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/")] = node
        }
        return nodes
    }

    private func text(_ capture: CaptureRig.Capture, _ node: Node?) throws -> String {
        let node = try #require(node)
        return String(decoding: try capture.content.bytes(of: node, limit: 1 << 20), as: UTF8.self)
    }

    @Test func `objects become files with their bytes, times and metadata, and are counted by their first folder`()
        throws
    {
        let bucket = Rig.bucket()
        try Rig.python(
            bucket,
            """
            s3.put_object(Bucket=bucket, Key="img/cat.jpg", Body=b"meow", ContentType="image/jpeg",
                          CacheControl="max-age=60", ContentDisposition='attachment; filename="cat.jpg"',
                          ContentEncoding="gzip", ContentLanguage="ja", Metadata={"owner": "sato", "Shoot-Id": "a=1&b"})
            s3.put_object(Bucket=bucket, Key="注文/2012 年/帳 票+%41.txt", Body="控え".encode())
            s3.put_object(Bucket=bucket, Key="empty", Body=b"")
            s3.put_object(Bucket=bucket, Key="img/deep/er/x", Body=b"x" * 1000, StorageClass="STANDARD_IA")
            """)
        let rig = try CaptureRig()
        let capture = try rig.capture(S3Source(try Rig.settings(bucket)))
        #expect(capture.reports == [])
        let nodes = try nodes(capture)
        #expect(try text(capture, nodes["img/cat.jpg"]) == "meow")
        #expect(try text(capture, nodes["注文/2012 年/帳 票+%41.txt"]) == "控え")
        #expect(nodes["empty"]?.size == 0)
        #expect(nodes["img/deep/er/x"]?.size == 1000)
        let cat = try #require(nodes["img/cat.jpg"].flatMap { ObjectAttributes($0) })
        #expect(cat["content-type"] == "image/jpeg")
        #expect(cat["cache-control"] == "max-age=60")
        #expect(cat["content-disposition"] == "attachment; filename=\"cat.jpg\"")
        #expect(cat["content-encoding"] == "gzip")
        #expect(cat["content-language"] == "ja")
        #expect(cat["meta.owner"] == "sato")
        #expect(cat["meta.shoot-id"] == "a=1&b")
        #expect(cat["etag"] == "4a4be40c96ac6314e91d93f38043a634")
        #expect(nodes["img/deep/er/x"].flatMap { ObjectAttributes($0) }?["storage-class"] == "STANDARD_IA")
        let seconds = try Rig.python(
            bucket, "print(int(s3.head_object(Bucket=bucket, Key='img/cat.jpg')['LastModified'].timestamp()), end='')")
        #expect(nodes["img/cat.jpg"].map { "\($0.mtime.seconds)" } == seconds)
        #expect(capture.facts.unit == .objects)
        #expect(capture.facts.items == 4)
        #expect(capture.facts.bytes == 1010)
        #expect(
            capture.facts.groups == [
                .init(name: "/", items: 1, bytes: 0), .init(name: "img/", items: 2, bytes: 1004),
                .init(name: "注文/", items: 1, bytes: 6),
            ])
        // What a person without us finds: files that standard tools can use.
        let folder = try TemporaryDirectory()
        try rig.restore(capture, to: folder.path("out"))
        #expect(try Files.read(folder.path("out/注文/2012 年/帳 票+%41.txt")) == Array("控え".utf8))
    }

    @Test
    func
        `a second capture reads nothing, a changed object is read, also one of the same size, and one of which only metadata changed`()
        throws
    {
        let bucket = Rig.bucket()
        try Rig.python(
            bucket,
            """
            for name in ("same", "bytes", "metadata", "gone", "dir/same"):
                s3.put_object(Bucket=bucket, Key=name, Body=b"before", Metadata={"state": "old"})
            """)
        let proxy = try FaultProxy()
        let source = S3Source(try Rig.settings(bucket, through: proxy.endpoint))
        let rig = try CaptureRig()
        let first = try rig.capture(source)
        #expect(first.summary.filesNew == 5)
        try proxy.set("[]")
        let second = try rig.capture(source)
        #expect(second.summary.filesUnmodified == 5)
        #expect(try proxy.log().allSatisfy { $0.target.contains("list-type=2") })
        #expect(second.content.tree == first.content.tree)
        #expect(second.facts.items == 5 && second.facts.bytes == 30)
        try Rig.python(
            bucket,
            """
            s3.put_object(Bucket=bucket, Key="bytes", Body=b"AFTER!", Metadata={"state": "old"})
            s3.delete_object(Bucket=bucket, Key="gone")
            import time
            time.sleep(1.1)  # an S3 server tells times to the second
            s3.copy_object(Bucket=bucket, Key="metadata", CopySource={"Bucket": bucket, "Key": "metadata"},
                           Metadata={"state": "new"}, MetadataDirective="REPLACE")
            """)
        try proxy.set("[]")
        let third = try rig.capture(source)
        let read = try proxy.log().filter { !$0.target.contains("list-type=2") }.map(\.target).sorted()
        #expect(read == ["/\(bucket)/bytes", "/\(bucket)/metadata"])
        let nodes = try nodes(third)
        #expect(try text(third, nodes["bytes"]) == "AFTER!")
        #expect(nodes["metadata"].flatMap { ObjectAttributes($0) }?["meta.state"] == "new")
        #expect(nodes["dir/same"].flatMap { ObjectAttributes($0) }?["meta.state"] == "old")
        #expect(nodes["gone"] == nil)
        #expect(third.facts.items == 4)
    }

    @Test func `keys that are no paths are kept under marks, and stay apart`() throws {
        let bucket = Rig.bucket()
        let keys = [
            "a", "a/", "a//b", "a/b", "/lead", "../up", "x/./y", ".s3~dot",
            "long/" + String(repeating: "あ", count: 120),
        ]
        try Rig.python(
            bucket,
            """
            for key in \(keys.map { "\"\($0)\"" }.joined(separator: ", ")),:
                s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
            """)
        let rig = try CaptureRig()
        let capture = try rig.capture(S3Source(try Rig.settings(bucket)))
        #expect(capture.reports == [])
        var found: [String: String] = [:]
        for (path, node) in try nodes(capture) where node.kind == .file {
            let key = ObjectPath.key(of: path.split(separator: "/").map { Array($0.utf8) })
            found[String(decoding: key ?? [], as: UTF8.self)] = try text(capture, node)
        }
        #expect(found == Dictionary(uniqueKeysWithValues: keys.map { ($0, $0) }))
        let folder = try TemporaryDirectory()
        try rig.restore(capture, to: folder.path("out"))
        #expect(Files.all(below: folder.path("out")).contains(".s3~dotdot/up"))
        #expect(Files.all(below: folder.path).allSatisfy { $0.hasPrefix("out/") })
    }

    @Test func `a bucket too large to be held is listed folder by folder, with the same result`() throws {
        let bucket = Rig.bucket()
        try Rig.python(
            bucket,
            """
            for a in ("p", "q-1", "q"):
                for b in range(4):
                    for c in range(3):
                        s3.put_object(Bucket=bucket, Key=f"{a}/{b}/{c}", Body=b"1")
            s3.put_object(Bucket=bucket, Key="q/0", Body=b"2")
            s3.put_object(Bucket=bucket, Key="top", Body=b"3")
            """)
        let whole = try CaptureRig().capture(S3Source(try Rig.settings(bucket)))
        var conditions = S3Client.Conditions()
        conditions.limits = S3Client.ListingLimits(flat: 5, folder: 100)
        let parts = try CaptureRig().capture(S3Source(try Rig.settings(bucket), conditions))
        let (left, right) = (try nodes(whole), try nodes(parts))
        #expect(left.keys.sorted() == right.keys.sorted())
        #expect(left.filter { $0.value.kind == .file } == right.filter { $0.value.kind == .file })
        #expect(left[".s3~object~0"] == nil && left["q/.s3~object~0"] != nil)
        #expect(whole.facts.items == 38)
        #expect(parts.facts.groups == whole.facts.groups)
        conditions.limits = S3Client.ListingLimits(flat: 2, folder: 3)
        let small = S3Source(try Rig.settings(bucket), conditions)
        #expect(failure { _ = try CaptureRig().capture(small) }?.code == .limit)
    }

    @Test func `only what begins with the prefix is captured, without the prefix's folders`() throws {
        let bucket = Rig.bucket()
        try Rig.python(
            bucket,
            """
            for key in ("a/photos/1", "a/photos/2/3", "a/phones/1", "a/x", "b"):
                s3.put_object(Bucket=bucket, Key=key, Body=b"1")
            """)
        func files(_ prefix: String) throws -> [String] {
            let capture = try CaptureRig().capture(S3Source(try Rig.settings(bucket, prefix: prefix)))
            return try nodes(capture).filter { $0.value.kind == .file }.keys.sorted()
        }
        #expect(try files("a/photos/") == ["1", "2/3"])
        #expect(try files("a/pho") == ["phones/1", "photos/1", "photos/2/3"])
        #expect(try files("none/") == [])
    }

    @Test func `older versions and deletions are kept beside what is there now, and are read once`() throws {
        let bucket = Rig.bucket("versioned")
        try Rig.python(
            bucket,
            """
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
            for body in (b"one", b"two", b"three"):
                s3.put_object(Bucket=bucket, Key="doc/a", Body=body)
            s3.put_object(Bucket=bucket, Key="doc/a/b", Body=b"beside")
            s3.put_object(Bucket=bucket, Key="lost", Body=b"was here")
            s3.delete_object(Bucket=bucket, Key="lost")
            """)
        let proxy = try FaultProxy()
        var settings = try Rig.settings(bucket, through: proxy.endpoint)
        settings.versions = true
        let rig = try CaptureRig()
        let capture = try rig.capture(S3Source(settings))
        let nodes = try nodes(capture)
        #expect(try text(capture, nodes["doc/.s3~object~a"]) == "three")
        #expect(nodes["lost"] == nil)
        let older = nodes.filter { $0.key.hasPrefix(".s3~versions/") && $0.value.kind == .file }
        let texts = try older.sorted { $0.key < $1.key }.map { (path, node) in
            "\(path.split(separator: "/").dropFirst().dropLast().joined(separator: "/")): \(try text(capture, node))"
        }
        #expect(Set(texts) == ["doc/a: one", "doc/a: two", "lost: was here", "lost: "])
        #expect(older.values.filter { ObjectAttributes($0)?["delete-marker"] == "true" }.count == 1)
        #expect(capture.facts.items == 2)
        try proxy.set("[]")
        let again = try rig.capture(S3Source(settings))
        #expect(again.content.tree == capture.content.tree)
        #expect(try proxy.log().allSatisfy { $0.target.contains("max-keys") })
    }

    @Test func `tags are kept when they are asked for`() throws {
        let bucket = Rig.bucket()
        try Rig.python(bucket, "s3.put_object(Bucket=bucket, Key='a', Body=b'1', Tagging='kind=chart&who=%E4%BD%90')")
        var settings = try Rig.settings(bucket)
        settings.tags = true
        let capture = try CaptureRig().capture(S3Source(settings))
        let node = try #require(try nodes(capture)["a"])
        #expect(ObjectAttributes(node)?["tags"] == "kind=chart&who=%E4%BD%90")
    }

    @Test func `an empty bucket is an empty capture, a missing one is an error`() throws {
        let bucket = Rig.bucket()
        try Rig.python(bucket, "")
        let capture = try CaptureRig().capture(S3Source(try Rig.settings(bucket)))
        #expect(capture.facts.items == 0)
        #expect(capture.summary.totalFiles == 0)
        #expect(try S3Source(try Rig.settings(bucket)).probe().notes.count == 1)
        let missing = S3Source(try Rig.settings("no-such-bucket"))
        #expect(failure { _ = try missing.probe() }?.code == .notFound)
        #expect(failure { _ = try CaptureRig().capture(missing) }?.code == .notFound)
    }

    @Test func `wrong keys are told apart, and stand in no message`() throws {
        let bucket = Rig.bucket()
        try Rig.python(bucket, "")
        let server = try Rig.server.get()
        func probe(_ key: String, _ secret: String, _ token: String? = nil) throws {
            var settings = try Rig.settings(bucket)
            settings.accessKeyID = { () throws(HikaeError) in Secret(key) }
            settings.secretAccessKey = { () throws(HikaeError) in Secret(secret) }
            if let token { settings.sessionToken = { () throws(HikaeError) in Secret(token) } }
            _ = try S3Source(settings).probe()
        }
        let secret = server.text("secret_key")
        let unknown = failure { try probe("AKIANOBODY", secret) }
        let wrong = failure { try probe(server.text("access_key"), "wrong/secret") }
        let stranger = failure { try probe(server.text("stranger_key"), server.text("stranger_secret")) }
        for error in [unknown, wrong, stranger] {
            #expect(error?.code == .accessDenied)
            #expect(error?.description.contains("secret/") == false && error?.description.contains(secret) == false)
        }
        #expect(unknown?.message.contains("access key") == true)
        #expect(wrong?.message.contains("secret key") == true)
        try probe(server.text("session_key"), server.text("session_secret"), server.text("session_token"))
        #expect(
            failure { try probe(server.text("session_key"), server.text("session_secret"), "x") }?.code == .accessDenied
        )
    }

    @Test func `a wrong region and a wrong clock are told as such`() throws {
        let bucket = Rig.bucket()
        try Rig.python(bucket, "")
        var elsewhere = try Rig.settings(bucket)
        elsewhere.region = "eu-west-1"
        let region = failure { _ = try S3Source(elsewhere).probe() }
        #expect(region?.code == .usage)
        #expect(region?.hint?.contains("us-east-1") == true)
        var conditions = S3Client.Conditions()
        conditions.clock = FixedClock(SystemClock().now().adding(seconds: -3600))
        let clock = failure { _ = try S3Source(try Rig.settings(bucket), conditions).probe() }
        #expect(clock?.code == .accessDenied)
        #expect(clock?.message.contains("clock") == true)
    }

    @Test func `a large object is read in a stream, byte for byte`() throws {
        let bucket = Rig.bucket()
        let sum = try Rig.python(
            bucket,
            """
            import hashlib, io, random
            data = random.Random(7).randbytes(20 * 2**20 + 17)
            s3.upload_fileobj(io.BytesIO(data), bucket, "large")
            print(hashlib.sha256(data).hexdigest(), end="")
            """)
        let rig = try CaptureRig()
        let capture = try rig.capture(S3Source(try Rig.settings(bucket)))
        let folder = try TemporaryDirectory()
        try rig.restore(capture, to: folder.path("out"))
        let found = try Command("sha256sum", [folder.path("out/large")]).succeed().text.prefix(64)
        #expect(found == sum)
        #expect(try rig.capture(S3Source(try Rig.settings(bucket))).summary.filesUnmodified == 1)
    }
}

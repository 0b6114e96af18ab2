import HikaeCore
import HikaeHTTP
import HikaeRemote
import HikaeS3
import HikaeStore
import HikaeTesting
import Testing

/// A repository in a bucket keeps what every store promises, on a real server, judged by boto3.
@Suite(.serialized)
struct S3StoreTests {
    @Test(arguments: StoreConformance.checks)
    func `it keeps the promises of stores, in a bucket of its own`(check: StoreConformance.Check) throws {
        try check.run(try S3Rig.store(S3Rig.bucket()))
    }

    @Test(arguments: StoreConformance.checks)
    func `it keeps them below a prefix, behind retries`(check: StoreConformance.Check) throws {
        try check.run(RetryingStore(try S3Rig.store("\(S3Rig.bucket())/a/控え b")))
    }

    @Test(arguments: StoreConformance.checks)
    func `it keeps them in a bucket that keeps versions and locks`(check: StoreConformance.Check) throws {
        try check.run(
            try S3Rig.store(S3Rig.bucket(), lock: ObjectLockSettings(mode: .governance, days: 3)))
    }

    @Test func `files of others are let be`() throws {
        try StoreConformance.run(
            plant: { store, path, content in
                let store = try #require(store as? S3Store)
                let key = Array((store.base + path).utf8)
                _ = try content.withUnsafeBytes { try store.client.store(key, $0, lock: nil) }
            }, { try S3Rig.store("\(S3Rig.bucket())/repo") })
    }

    @Test func `the layout is restic's`() throws {
        let bucket = S3Rig.bucket()
        let store = try S3Rig.store("\(bucket)/office")
        try store.create()
        try store.save(.config, [1])
        let id = FileID.named(by: [2])
        for kind in FileKind.allCases where kind != .config { try store.save(StoredFile(kind, id), [2]) }
        let keys = try S3Rig.python(
            "for o in s3.list_objects_v2(Bucket=sys.argv[3])['Contents']: print(o['Key'])", [bucket])
        let name = id.hex
        #expect(
            Set(keys.split(separator: "\n").map(String.init)) == [
                "office/config", "office/keys/\(name)", "office/locks/\(name)", "office/snapshots/\(name)",
                "office/index/\(name)", "office/data/\(name.prefix(2))/\(name)", "office/hikae/parity/\(name)",
            ])
    }

    @Test func `a bucket that vanishes is no repository, and never an empty one`() throws {
        let bucket = S3Rig.bucket()
        let store = try S3Rig.store(bucket)
        try store.create()
        try store.save(.config, [1])
        let pack = StoredFile(.pack, FileID.named(by: [2]))
        try store.save(pack, [2])
        #expect(try store.list(.snapshot).isEmpty)
        try S3Rig.python(
            """
            for o in s3.list_objects_v2(Bucket=sys.argv[3])["Contents"]: s3.delete_object(Bucket=sys.argv[3], Key=o["Key"])
            """, [bucket])
        for kind in FileKind.standard where kind != .config {
            #expect(try refusal { _ = try store.list(kind) }?.code == .noRepository, "emptied: \(kind)")
        }
        #expect(try refusal { _ = try store.load(pack) }?.code == .noRepository)
        try S3Rig.python("s3.delete_bucket(Bucket=sys.argv[3])", [bucket])
        for kind in FileKind.standard where kind != .config {
            #expect(try refusal { _ = try store.list(kind) }?.code == .noRepository, "gone: \(kind)")
        }
        #expect(try refusal { try store.save(pack, [2]) }?.code == .noRepository)
    }

    @Test func `a prefix without a repository is none, though others share the bucket`() throws {
        let bucket = S3Rig.bucket()
        let one = try S3Rig.store("\(bucket)/one")
        try one.create()
        try one.save(.config, [1])
        let other = try S3Rig.store("\(bucket)/on")
        #expect(try refusal { _ = try other.list(.snapshot) }?.code == .noRepository)
        #expect(try refusal { try other.save(StoredFile(.key, FileID.named(by: [1])), [1]) }?.code == .noRepository)
        #expect(try refusal { _ = try other.load(.config) }?.code == .noRepository)
    }

    @Test func `a list of many pages has every pack once`() throws {
        let bucket = S3Rig.bucket()
        let store = try S3Rig.store("\(bucket)/many")
        try store.create()
        try store.save(.config, [1])
        try S3Rig.python(
            """
            import hashlib, concurrent.futures as f
            def put(i):
                name = hashlib.sha256(str(i).encode()).hexdigest()
                s3.put_object(Bucket=sys.argv[3], Key=f"many/data/{name[:2]}/{name}", Body=b"x" * (i % 7))
            with f.ThreadPoolExecutor(8) as pool: list(pool.map(put, range(2300)))
            """, [bucket])
        let listed = try store.list(.pack)
        #expect(listed.count == 2300)
        let expected = (0..<2300).map { StoredFileInfo(id: .named(by: Array("\($0)".utf8)), size: UInt64($0 % 7)) }
        #expect(Set(listed) == Set(expected))
    }

    @Test func `temporary keys work, and a stranger's and a wrong one are refused`() throws {
        let place = S3Rig.bucket()
        let store = try S3Store(S3Rig.location(place), S3Rig.options("session"), S3Rig.conditions())
        try store.create()
        try store.save(.config, [1, 2])
        #expect(try store.load(.config) == [1, 2])
        let stranger = try S3Store(S3Rig.location(place), S3Rig.options("stranger"), S3Rig.conditions())
        #expect(try refusal { _ = try stranger.load(.config) }?.code == .accessDenied)
        #expect(try refusal { _ = try stranger.list(.pack) }?.code == .accessDenied, "and no empty list")
        var wrong = try S3Rig.options()
        wrong.secretAccessKey = { () throws(HikaeError) in Secret("wrong") }
        let error = try refusal { _ = try S3Store(S3Rig.location(place), wrong, S3Rig.conditions()).list(.pack) }
        #expect(error?.code == .accessDenied)
        #expect(error?.description.contains("wrong/") == false)
    }

    @Test func `the region is the host's, the set one, or the one that the server asks for`() throws {
        let far = try PracticeServer("s3", ["--region", "ap-northeast-1"])
        var options = try S3Rig.options(server: far)
        let location = try S3Location("s3:\(far.text("endpoint"))/far")
        let store = try S3Store(location, options, S3Rig.conditions())
        try store.create()
        try store.save(.config, [1])
        #expect(try store.load(.config) == [1])
        options.region = "eu-west-1"
        let wrong = try S3Store(location, options, S3Rig.conditions())
        let error = try refusal { _ = try wrong.load(.config, range: nil) }
        #expect(error?.code == .usage)
        #expect(error?.message.contains("ap-northeast-1") == true)
    }

    @Test func `the bucket's name stands in the host's name where that is Amazon's`() throws {
        let bucket = S3Rig.bucket()
        let port = try S3Rig.server.get().port()
        var conditions = S3Rig.conditions()
        conditions.addresses = ["\(bucket).s3.amazonaws.com": "127.0.0.1", "s3.amazonaws.com": "127.0.0.1"]
        let location = try S3Location("s3:http://s3.amazonaws.com:\(port)/\(bucket)/deep")
        let store = try S3Store(location, S3Rig.options(), conditions)
        try store.create()
        try store.save(.config, [1, 2, 3])
        #expect(try store.load(.config) == [1, 2, 3])
        #expect(try store.list(.snapshot).isEmpty)
        #expect(try S3Rig.store("\(bucket)/deep").load(.config) == [1, 2, 3], "it is the same bucket")
    }

    @Test func `a location opens through the one door`() throws {
        let bucket = S3Rig.bucket()
        let text = try S3Rig.location(bucket).display
        let store = try RemoteLocation.open(text, S3Rig.options())
        #expect(store.location == text)
        #expect(store.traits.isRemote)
        try store.create()
        #expect(try store.list(.snapshot).isEmpty)
    }
}

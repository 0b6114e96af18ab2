import HikaeCore
import HikaeDestination
import HikaeS3
import HikaeStore
import HikaeTesting
import Synchronization
import Testing

@testable import HikaeRemote

/// Somebody has the capturing host's key, and an hour. What was locked comes back, byte for byte.
@Suite(.serialized)
struct S3UndeleteTests {
    private static let lock = ObjectLockSettings(mode: .compliance, days: 30)

    /// Deletes, overwrites, and tries to end every version, with a key that may do everything.
    private func attack(_ bucket: String) throws {
        let text = try S3Rig.python(
            """
            import botocore, time
            time.sleep(2.1)  # S3 tells times in seconds
            versions = s3.list_object_versions(Bucket=sys.argv[3])["Versions"]
            for i, v in enumerate(versions):
                key = v["Key"]
                if i % 3 == 0: s3.delete_object(Bucket=sys.argv[3], Key=key)
                if i % 3 == 1: s3.put_object(Bucket=sys.argv[3], Key=key, Body=b"garbage")
                if i % 3 == 2:
                    s3.put_object(Bucket=sys.argv[3], Key=key, Body=b"more")
                    s3.delete_object(Bucket=sys.argv[3], Key=key)
                try:
                    s3.delete_object(Bucket=sys.argv[3], Key=key, VersionId=v["VersionId"], BypassGovernanceRetention=True)
                    print("ended", key)
                except botocore.exceptions.ClientError as error:
                    assert error.response["Error"]["Code"] == "AccessDenied", error
            for i in range(3):
                s3.put_object(Bucket=sys.argv[3], Key=f"index/{i:064x}", Body=b"not an index")
            """, [bucket])
        #expect(text == "", "nothing that is locked could be ended")
    }

    @Test func `what lay hidden while locks were renewed is locked again when it comes back`() throws {
        let place = S3Rig.bucket()
        let clock = FixedClock(SystemClock().now())
        let store = try S3Rig.store(place, lock: Self.lock, clock: clock)
        try store.create()
        try store.save(.config, [1])
        let pack = StoredFile(.pack, .named(by: [1, 2]))
        try store.save(pack, [1, 2])
        try store.remove(pack)
        clock.advance(seconds: 28 * 86_400)
        _ = try #require(ObjectLockRenewal(store)).renew { Issue.record("\($0)") }
        #expect(try BucketUndelete(store, since: nil).run { Issue.record("\($0)") }.broughtBack == 1)
        let facts = try #require(try store.patient.facts(store.key(pack)))
        #expect(try #require(facts.retention).until > clock.now().adding(seconds: 29 * 86_400))
    }

    @Test func `a locked bucket that was emptied and overwritten is restored whole, and restic finds it whole`() throws
    {
        let place = S3Rig.bucket()
        let store = try S3Rig.store(place, lock: Self.lock)
        let rig = try CaptureRig(RetryingStore(store))
        let source = try S3Rig.source(count: 12, bytes: 700_000)
        let capture = try rig.capture(source)
        let before = try files(store)
        let began = Timestamp(seconds: SystemClock().now().seconds + 1)
        try attack(place)
        #expect(try refusal { _ = try files(store) } != nil)
        let reported = Mutex<[String]>([])
        let report = try BucketUndelete(store, since: began).run { error in reported.withLock { $0.append("\(error)") }
        }
        #expect(report.lost == 0)
        #expect(reported.withLock { $0 } == [])
        #expect(report.broughtBack + report.replaced == UInt64(before.count))
        // What the attacker added bears names that its bytes do not have.
        let after = try files(store)
        for (file, content) in before { #expect(after[file] == content ? true : false, "\(file)") }
        for file in after.keys where before[file] == nil { try store.remove(file) }
        try S3Rig.restic(try S3Rig.location(place).display, "check", "--read-data").succeed()
        let folder = try TemporaryDirectory()
        try rig.restore(capture, to: folder.path("back"))
        let verified = try S3Destination(S3Rig.location(sourceBucket(source)).settings(S3Rig.options()))
            .verify(capture.content, facts: nil, .init(), .init())
        #expect(verified.isWhole, "\(verified)")
        // Done again, there is nothing left to do.
        let again = try BucketUndelete(store, since: began).run { _ in }
        #expect(again.broughtBack == 0)
        #expect(again.replaced == 0)
    }

    private func sourceBucket(_ source: S3Source) -> String {
        String(source.address.split(separator: "/").last ?? "")
    }

    @Test func `what had been removed before the attack stays removed`() throws {
        let place = S3Rig.bucket()
        let store = try S3Rig.store(place, lock: Self.lock)
        try store.create()
        try store.save(.config, [0])
        let (forgotten, kept) = (StoredFile(.snapshot, .named(by: [1])), StoredFile(.snapshot, .named(by: [2])))
        try store.save(forgotten, [1])
        try store.save(kept, [2])
        try store.remove(forgotten)
        try S3Rig.python("import time; time.sleep(1.1)")
        let began = Timestamp(seconds: SystemClock().now().seconds)
        try store.remove(kept)
        try store.remove(.config)
        #expect(try refusal { _ = try store.list(.snapshot) }?.code == .noRepository)
        let report = try BucketUndelete(store, since: began).run { _ in }
        #expect(report.broughtBack == 2)
        #expect(try store.list(.snapshot).map(\.id) == [.named(by: [2])])
        #expect(try store.load(.config) == [0])
        #expect(try BucketUndelete(store, since: nil).run { _ in }.broughtBack == 1, "all of it, when asked")
        #expect(try store.list(.snapshot).count == 2)
    }

    @Test func `a key that may not take marks away lays a copy on top`() throws {
        let proxy = try S3Proxy()
        let place = S3Rig.bucket()
        let store = try S3Rig.store(place, through: proxy.endpoint, lock: Self.lock)
        try store.create()
        try store.save(.config, [0])
        let pack = StoredFile(.pack, .named(by: [1]))
        try store.save(pack, [1])
        try store.remove(pack)
        try proxy.set(#"[{"match": "^DELETE ", "status": 403, "body": "<Error><Code>AccessDenied</Code></Error>"}]"#)
        #expect(try BucketUndelete(store, since: nil).run { Issue.record("\($0)") }.broughtBack == 1)
        #expect(try store.load(pack) == [1])
        #expect(try store.client.facts(store.key(pack))?.retention?.mode == "COMPLIANCE", "and it is locked")
    }

    @Test func `a file of which no right version is left is reported as lost`() throws {
        let place = S3Rig.bucket()
        let store = try S3Rig.store(place, lock: ObjectLockSettings(mode: .governance, days: 1))
        try store.create()
        try store.save(.config, [0])
        let pack = StoredFile(.pack, .named(by: [1]))
        try store.save(pack, [2])
        try store.remove(pack)
        let reported = Mutex<[HikaeError]>([])
        let report = try BucketUndelete(store, since: nil).run { error in reported.withLock { $0.append(error) } }
        #expect(report.lost == 1)
        #expect(reported.withLock { $0.map(\.code) } == [.damaged])
    }

    /// Every file but locks, with its bytes.
    private func files(_ store: S3Store) throws -> [StoredFile: [UInt8]] {
        var found = [StoredFile.config: try store.load(.config)]
        for kind in FileKind.standard where kind != .config && kind != .lock {
            for info in try store.list(kind) {
                found[StoredFile(kind, info.id)] = try store.load(StoredFile(kind, info.id))
            }
        }
        return found
    }
}

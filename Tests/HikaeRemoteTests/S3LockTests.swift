import HikaeCore
import HikaeRemote
import HikaeStore
import HikaeTesting
import Testing

@testable import HikaeRemote

/// Locks on objects: there from the first moment, renewed in time, and never silently near their end. boto3 is the judge.
@Suite(.serialized)
struct S3LockTests {
    private static let files: [StoredFile] =
        [.config] + [FileKind.key, .index, .snapshot, .pack, .parity, .lock].map { StoredFile($0, .named(by: [7])) }

    /// A repository with one file of each kind, and the name of its bucket.
    private func filled(
        _ mode: ObjectLockSettings.Mode, days: Int, clock: any WallClock = SystemClock()
    ) throws -> (S3Store, String) {
        let bucket = S3Rig.bucket()
        let store = try S3Rig.store(bucket, lock: ObjectLockSettings(mode: mode, days: days), clock: clock)
        try store.create()
        for file in Self.files { try store.save(file, [7]) }
        return (store, bucket)
    }

    /// What boto3 says of each file's lock: "MODE days from now", or "none".
    private func locks(_ bucket: String) throws -> [String: String] {
        let text = try S3Rig.python(
            """
            import datetime
            now = datetime.datetime.now(datetime.timezone.utc)
            for v in s3.list_object_versions(Bucket=sys.argv[3])["Versions"]:
                head = s3.head_object(Bucket=sys.argv[3], Key=v["Key"], VersionId=v["VersionId"])
                until = head.get("ObjectLockRetainUntilDate")
                if not until: print(v["Key"], "none", sep="\\t"); continue
                print(v["Key"], head["ObjectLockMode"] + " " + str(round((until - now).total_seconds() / 86400)), sep="\\t")
            """, [bucket])
        var found: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "\t")
            found[String(parts[0])] = String(parts[1])
        }
        return found
    }

    @Test(arguments: ObjectLockSettings.Mode.allCases)
    func `everything but the repository's own locks is locked as it is written`(mode: ObjectLockSettings.Mode) throws {
        let (_, bucket) = try filled(mode, days: 30)
        let locks = try locks(bucket)
        #expect(locks.count == Self.files.count)
        for file in Self.files {
            #expect(locks[file.path] == (file.kind == .lock ? "none" : "\(mode.rawValue.uppercased()) 30"), "\(file)")
        }
    }

    @Test func `no version can be deleted before its time, by anybody`() throws {
        let (_, bucket) = try filled(.compliance, days: 30)
        let text = try S3Rig.python(
            """
            import botocore
            for v in s3.list_object_versions(Bucket=sys.argv[3])["Versions"]:
                for bypass in (False, True):
                    try:
                        s3.delete_object(Bucket=sys.argv[3], Key=v["Key"], VersionId=v["VersionId"],
                                         BypassGovernanceRetention=bypass)
                        print("deleted", v["Key"])
                        break
                    except botocore.exceptions.ClientError as error:
                        print(error.response["Error"]["Code"])
            """, [bucket])
        let lines = text.split(separator: "\n")
        #expect(lines.filter { $0 == "AccessDenied" }.count == 2 * (Self.files.count - 1))
        #expect(lines.filter { $0.hasPrefix("deleted") } == ["deleted \(Self.files[6].path)"])
    }

    @Test func `a removed lock of the repository leaves nothing, a removed pack its locked version`() throws {
        let (store, bucket) = try filled(.governance, days: 30)
        for file in Self.files where file.kind == .lock || file.kind == .pack { try store.remove(file) }
        let text = try S3Rig.python(
            """
            got = s3.list_object_versions(Bucket=sys.argv[3])
            for kind in ("Versions", "DeleteMarkers"):
                for v in got.get(kind, []): print(kind, v["Key"])
            """, [bucket])
        let lines = Set(text.split(separator: "\n").map(String.init))
        #expect(!lines.contains { $0.contains("locks/") })
        let pack = StoredFile(.pack, .named(by: [7])).path
        #expect(lines.isSuperset(of: ["Versions \(pack)", "DeleteMarkers \(pack)"]))
        #expect(try store.list(.pack).isEmpty)
    }

    @Test func `a bucket that cannot lock is refused, not filled`() throws {
        let bucket = S3Rig.bucket()
        try S3Rig.python("s3.create_bucket(Bucket=sys.argv[3])", [bucket])
        let store = try S3Rig.store(bucket, lock: ObjectLockSettings(mode: .governance, days: 5))
        let error = try refusal { try store.create() }
        #expect(error?.code == .refused)
        #expect(error?.hint != nil)
        #expect(try S3Rig.python("print(s3.list_objects_v2(Bucket=sys.argv[3])['KeyCount'])", [bucket]) == "0\n")
    }

    @Test func `locks are renewed before half their time is over, and no sooner`() throws {
        let clock = FixedClock(SystemClock().now())
        let (store, bucket) = try filled(.governance, days: 40, clock: clock)
        let renewal = try #require(ObjectLockRenewal(store))
        #expect(try renewal.isDue(), "nothing is written down yet")
        #expect(try renewal.standing().isOverdue, "which is to be told")
        #expect(try renewal.renew { _ in }.renewed == 0)
        #expect(try !renewal.isDue())
        #expect(
            try renewal.standing() == .init(record: renewal.record(), until: renewal.record()?.until, isOverdue: false))
        clock.advance(seconds: 15 * 86_400)
        #expect(try renewal.isDue())
        #expect(try renewal.renew { _ in }.renewed == 0, "more than half is left")
        clock.advance(seconds: 10 * 86_400)
        // Another program wrote a pack, without a lock.
        try S3Rig.python("s3.put_object(Bucket=sys.argv[3], Key='data/ab/' + 'ab' * 32, Body=b'x')", [bucket])
        let report = try renewal.renew { _ in }
        #expect(report.renewed == 7)
        #expect(report.files == 7)
        #expect(report.failures == 0)
        for (key, lock) in try locks(bucket) where !key.hasPrefix("locks/") && !key.hasSuffix(".json") {
            #expect(lock == "GOVERNANCE 65", "\(key)")
        }
        #expect(try locks(bucket)[Self.files[6].path] == "none")
        #expect(try renewal.standing().isOverdue == false)
    }

    @Test func `a renewal that does not come is told of while all locks still hold, and after they have ended`() throws
    {
        let clock = FixedClock(SystemClock().now())
        let (store, _) = try filled(.compliance, days: 40, clock: clock)
        let renewal = try #require(ObjectLockRenewal(store))
        _ = try renewal.renew { _ in }
        clock.advance(seconds: 29 * 86_400)
        #expect(try !renewal.standing().isOverdue)
        clock.advance(seconds: 2 * 86_400)
        let late = try renewal.standing()
        #expect(late.isOverdue)
        #expect(late.reason?.contains("have not been renewed") == true)
        clock.advance(seconds: 10 * 86_400)
        #expect(try renewal.standing().reason?.contains("can be deleted") == true)
        #expect(try renewal.renew { _ in }.renewed == 6)
        #expect(try !renewal.standing().isOverdue)
    }

    @Test func `a record that promises more than is locked is not believed`() throws {
        let clock = FixedClock(SystemClock().now())
        let (store, bucket) = try filled(.governance, days: 40, clock: clock)
        let renewal = try #require(ObjectLockRenewal(store))
        _ = try renewal.renew { _ in }
        try S3Rig.python(
            """
            import datetime
            soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
            s3.put_object_retention(Bucket=sys.argv[3], Key="config", BypassGovernanceRetention=True,
                                    Retention={"Mode": "GOVERNANCE", "RetainUntilDate": soon})
            """, [bucket])
        let standing = try renewal.standing()
        #expect(standing.isOverdue)
        #expect(standing.reason?.contains("config") == true)
    }

    @Test func `what was pruned is left to its end, and what was overwritten is told of`() throws {
        let clock = FixedClock(SystemClock().now())
        let (store, bucket) = try filled(.governance, days: 40, clock: clock)
        try store.remove(StoredFile(.pack, .named(by: [7])))
        try S3Rig.python(
            "s3.put_object(Bucket=sys.argv[3], Key=sys.argv[4], Body=b'garbage')",
            [
                bucket, StoredFile(.index, .named(by: [7])).path,
            ])
        clock.advance(seconds: 30 * 86_400)
        let renewal = try #require(ObjectLockRenewal(store))
        let report = try renewal.renew { _ in }
        #expect(report.removed == 1)
        #expect(report.overwritten == 1)
        #expect(report.renewed == 6, "both versions of the index file among them: nobody knows yet which is right")
        let left = try S3Rig.python(
            "print(s3.head_object(Bucket=sys.argv[3], Key=sys.argv[4], VersionId=[v for v in s3.list_object_versions("
                + "Bucket=sys.argv[3])['Versions'] if v['Key'] == sys.argv[4]][0]['VersionId'])"
                + "['ObjectLockRetainUntilDate'].timestamp())",
            [bucket, StoredFile(.pack, .named(by: [7])).path])
        let until = try #require(Double(left.dropLast()))
        #expect(until < Double(clock.now().seconds) + 11 * 86_400)
    }

    @Test func `a version that cannot be locked is reported, and the record says how little holds`() throws {
        let clock = FixedClock(SystemClock().now())
        let proxy = try S3Proxy()
        let bucket = S3Rig.bucket()
        let store = try S3Rig.store(
            bucket, through: proxy.endpoint, lock: ObjectLockSettings(mode: .governance, days: 40), clock: clock)
        try store.create()
        try store.save(.config, [1])
        clock.advance(seconds: 35 * 86_400)
        try proxy.set(
            #"[{"match": "^PUT .*retention", "status": 403, "body": "<Error><Code>AccessDenied</Code></Error>"}]"#)
        let renewal = try #require(ObjectLockRenewal(store))
        let report = try renewal.renew { #expect($0.code == .accessDenied) }
        #expect(report.failures == 1)
        #expect(try renewal.standing().isOverdue)
    }

    @Test func `a server that says it has locked, and has not, is found out`() throws {
        let clock = FixedClock(SystemClock().now())
        let proxy = try S3Proxy()
        let bucket = S3Rig.bucket()
        let store = try S3Rig.store(
            bucket, through: proxy.endpoint, lock: ObjectLockSettings(mode: .compliance, days: 40), clock: clock)
        try store.create()
        for file in Self.files { try store.save(file, [7]) }
        clock.advance(seconds: 25 * 86_400)
        try proxy.set(#"[{"match": "^PUT .*retention", "status": 200}]"#)
        let renewal = try #require(ObjectLockRenewal(store))
        let report = try renewal.renew {
            #expect($0.code == .refused && $0.message.contains("said that it had locked"))
        }
        #expect(report.failures == 6 && report.renewed == 0)
        #expect(try #require(report.until) < clock.now().adding(seconds: 16 * 86_400))
        // Half true: the time, but not the mode.
        let weak = "x-amz-object-lock-mode"
        try proxy.set(#"[{"match": "^HEAD .*versionId", "set": {"\#(weak)": "GOVERNANCE"}}]"#)
        #expect(try renewal.renew { _ in }.failures == 6)
        try proxy.set("[]")
        #expect(try renewal.renew { _ in }.failures == 0)
        #expect(try !renewal.standing().isOverdue)
        // Said of any file, not of the config and packs alone.
        for kind in [FileKind.key, .index, .snapshot, .parity, .pack] {
            let path = StoredFile(kind, .named(by: [7])).path
            try proxy.set(#"[{"match": "^HEAD .*\#(path)", "set": {"\#(weak)": "GOVERNANCE"}}]"#)
            // One pack alone is looked at now and then only: which digits, chance decides.
            var reasons: Set<String> = []
            for _ in 0..<(kind == .pack ? 200 : 1) where reasons.isEmpty {
                if let reason = try renewal.standing().reason { reasons.insert(reason) }
            }
            #expect(reasons.first?.contains("governance mode only") == true, "\(kind)")
        }
    }

    @Test func `what another program wrote without a lock is locked by the next round, and not only told of`() throws {
        let (store, bucket) = try filled(.governance, days: 40)
        let renewal = try #require(ObjectLockRenewal(store))
        _ = try renewal.renew { _ in }
        #expect(try !renewal.isDue())
        // restic adds a snapshot.
        try S3Rig.python("s3.put_object(Bucket=sys.argv[3], Key='snapshots/' + 'ab' * 32, Body=b'x')", [bucket])
        #expect(try renewal.standing().reason?.contains("is not locked") == true)
        #expect(try renewal.isDue())
        #expect(try renewal.renew { _ in }.renewed == 1)
        #expect(try !renewal.isDue())
    }

    @Test func `what is written while locks are renewed is locked from its own first moment`() throws {
        let clock = FixedClock(SystemClock().now())
        let (store, bucket) = try filled(.governance, days: 40, clock: clock)
        clock.advance(seconds: 25 * 86_400)
        let writing = RunningThread {
            for number in UInt8(0)..<30 { try? store.save(StoredFile(.pack, .named(by: [1, number])), [1, number]) }
        }
        let report = try #require(ObjectLockRenewal(store)).renew { Issue.record("\($0)") }
        writing.join()
        #expect(report.renewed == 6)
        let found = try locks(bucket).filter { !$0.key.hasPrefix("locks/") && !$0.key.hasSuffix(".json") }
        #expect(found.count == 36)
        for (key, lock) in found { #expect(lock == "GOVERNANCE 65", "\(key)") }
    }
}

/// When locks are renewed, decided without a server.
struct LockScheduleTests {
    private let now = Timestamp(seconds: 1_340_179_200)
    private let settings = ObjectLockSettings(mode: .compliance, days: 80)

    private func record(age days: Int64, left: Int64) -> LockRecord {
        LockRecord(
            settings: settings, renewed: now.adding(seconds: -days * 86_400),
            until: now.adding(seconds: left * 86_400), objects: 3)
    }

    @Test func `all are looked at often enough that none gets near its end`() {
        let schedule = LockSchedule(settings)
        #expect(schedule.isDue(nil, now: now))
        #expect(!schedule.isDue(record(age: 9, left: 70), now: now))
        #expect(schedule.isDue(record(age: 10, left: 70), now: now))
        #expect(schedule.isDue(record(age: 1, left: 19), now: now))
        #expect(schedule.isDue(record(age: -2, left: 70), now: now), "a clock that went back")
        #expect(LockSchedule(ObjectLockSettings(mode: .compliance, days: 81)).isDue(record(age: 0, left: 80), now: now))
        #expect(schedule.isOverdue(until: now.adding(seconds: 19 * 86_400), now: now))
        #expect(!schedule.isOverdue(until: now.adding(seconds: 21 * 86_400), now: now))
    }

    @Test func `a record is read as it was written, and nothing else is taken for one`() {
        let record = record(age: 3, left: 40)
        #expect(LockRecord(record.encoded()) == record)
        for text in ["", "{}", "[]", #"{"mode":"compliance","days":0}"#, String(repeating: "{", count: 1000)] {
            #expect(LockRecord(Array(text.utf8)) == nil)
        }
    }
}

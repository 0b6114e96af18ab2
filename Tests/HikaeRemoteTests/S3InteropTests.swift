import HikaeCore
import HikaeFormat
import HikaeRemote
import HikaeRepository
import HikaeStore
import HikaeTesting
import Testing

/// One bucket, two programs: the real restic and Hikae read, check and add to what the other wrote.
@Suite(.serialized)
struct S3InteropTests {
    @Test func `restic checks, restores and adds to what Hikae wrote in a bucket, and Hikae reads on`() throws {
        let place = "\(S3Rig.bucket())/office/控え"
        let location = try S3Rig.location(place).display
        let store = RetryingStore(try S3Rig.store(place))
        let rig = try CaptureRig(store)
        let capture = try rig.capture(try S3Rig.source())
        try S3Rig.restic(location, "check", "--read-data").succeed()
        let folder = try TemporaryDirectory()
        try S3Rig.restic(location, "restore", "latest", "--target", folder.path("back")).succeed()
        for index in 0..<6 {
            let file = folder.path("back/shop/part/photos/写真 \(index).jpg")
            #expect(try Command("stat", ["-c", "%s", file]).succeed().text == "\(300_000 + index)\n")
        }
        try folder.write("more", "something more")
        try S3Rig.restic(location, "backup", folder.path("more")).succeed()
        let repository = try Repository.open(store, password: Array("rig".utf8))
        try repository.loadIndex()
        #expect(try repository.snapshots().count == 2)
        #expect(try store.list(.lock).isEmpty, "restic's locks are gone")
        // Again, with two writers' packs in it.
        _ = try rig.capture(try S3Rig.source(count: 2))
        let forgotten = try S3Rig.restic(location, "forget", "--prune", String(capture.snapshot.id.hex.prefix(8))).run()
        #expect(forgotten.status == 0, "\(forgotten.errorText)")
        try S3Rig.restic(location, "check", "--read-data").succeed()
    }

    @Test func `Hikae reads, checks and adds to what restic wrote in a bucket`() throws {
        let bucket = S3Rig.bucket()
        let location = try S3Rig.location("\(bucket)/restic").display
        let folder = try TemporaryDirectory()
        try folder.write("shop", String(repeating: "通販サイト", count: 100_000))
        try S3Rig.restic(location, "init").succeed()
        try S3Rig.restic(location, "backup", folder.path("shop")).succeed()
        let store = RetryingStore(try S3Rig.store("\(bucket)/restic"))
        let repository = try Repository.open(store, password: Array("rig".utf8))
        try repository.loadIndex()
        let snapshot = try #require(try repository.snapshots().first)
        #expect(snapshot.snapshot.paths == [folder.path("shop")])
        var options = CheckOptions()
        options.readData = .all
        _ = try Checker(repository: repository, options: options, report: { Issue.record("\($0)") }).run()
    }

    @Test func `restic works in a bucket that Hikae locks`() throws {
        let place = S3Rig.bucket()
        let location = try S3Rig.location(place).display
        let store = try S3Rig.store(place, lock: ObjectLockSettings(mode: .compliance, days: 7))
        _ = try CaptureRig(RetryingStore(store)).capture(try S3Rig.source())
        let folder = try TemporaryDirectory()
        try folder.write("more", "something more")
        try S3Rig.restic(location, "backup", folder.path("more")).succeed()
        try S3Rig.restic(location, "check", "--read-data").succeed()
        let report = try #require(ObjectLockRenewal(store)).renew { Issue.record("\($0)") }
        #expect(report.renewed >= 3, "what restic wrote without a lock has one now: pack, index, snapshot")
    }
}

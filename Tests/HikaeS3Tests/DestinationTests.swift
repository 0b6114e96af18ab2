import HikaeArchive
import HikaeCore
import HikaeDestination
import HikaeSource
import HikaeTesting
import Testing

@testable import HikaeS3

/// Buckets brought back to other buckets, compared by boto3.
@Suite(.serialized)
struct DestinationTests {
    /// A bucket with what buckets have, and its capture.
    private func sample() throws -> (bucket: String, rig: CaptureRig, capture: CaptureRig.Capture) {
        try Self.shared.get()
    }

    /// Made once; no test changes it.
    private static let shared = Result {
        let bucket = Rig.bucket("from")
        try Rig.python(
            bucket,
            """
            import random
            s3.put_object(Bucket=bucket, Key="img/cat.jpg", Body=b"meow", ContentType="image/jpeg",
                          CacheControl="max-age=60", ContentDisposition="inline", ContentLanguage="ja",
                          Metadata={"owner": "sato", "n": "1  2"})
            s3.put_object(Bucket=bucket, Key="注文/帳 票+%41?.txt", Body="控え".encode(), ContentType="text/plain")
            s3.put_object(Bucket=bucket, Key="empty", Body=b"")
            for key in ("a", "a/", "a//b", "../up"):
                s3.put_object(Bucket=bucket, Key=key, Body=key.encode(), Metadata={"k": "v"})
            s3.put_object(Bucket=bucket, Key="large", Body=random.Random(3).randbytes(20 * 2**20 + 1),
                          ContentType="application/zip", Metadata={"big": "yes"})
            """)
        let rig = try CaptureRig()
        return (bucket: bucket, rig: rig, capture: try rig.capture(S3Source(try Rig.settings(bucket))))
    }

    @Test func `everything comes back to a new bucket: keys, bytes, types and metadata, as boto3 sees them`() throws {
        let (bucket, _, capture) = try sample()
        let target = Rig.bucket("to")
        let destination = S3Destination(try Rig.settings(target), Rig.hurried)
        let options = ReturnOptions()
        let preview = try destination.preview(capture.content, options, ReturnWatch())
        #expect(preview.items == 8 && preview.present == 0 && preview.conflictCount == 0)
        let summary = try destination.restore(capture.content, options, ReturnWatch())
        #expect(summary.itemsWritten == 8 && summary.errors == 0)
        #expect(try Rig.inventory(target) == Rig.inventory(bucket))
        let verification = try destination.verify(capture.content, facts: capture.facts, options, ReturnWatch())
        #expect(verification.isWhole && verification.equal == 8 && verification.extra == 0)
        // Made again, it finds all in place, the object of several parts too.
        let again = try destination.restore(capture.content, options, ReturnWatch())
        #expect(again.itemsWritten == 0 && again.itemsSkipped == 8)
    }

    @Test func `what differs is refused before anything is written, unless it may be replaced`() throws {
        let (bucket, _, capture) = try sample()
        let target = Rig.bucket("to")
        try Rig.python(
            target,
            """
            s3.put_object(Bucket=bucket, Key="empty", Body=b"not empty")
            s3.put_object(Bucket=bucket, Key="img/cat.jpg", Body=b"meow", ContentType="text/plain")
            s3.put_object(Bucket=bucket, Key="stays", Body=b"mine")
            """)
        let destination = S3Destination(try Rig.settings(target), Rig.hurried)
        var options = ReturnOptions()
        let before = try Rig.inventory(target)
        let refusal = failure { _ = try destination.restore(capture.content, options, ReturnWatch()) }
        #expect(refusal?.code == .refused)
        #expect(refusal?.message.contains("2 objects") == true)
        #expect(try Rig.inventory(target) == before)
        options.onlyMissing = true
        let missing = try destination.restore(capture.content, options, ReturnWatch())
        #expect(missing.itemsWritten == 6 && missing.itemsSkipped == 2)
        #expect(try Rig.inventory(target).contains { $0.contains("\"empty\", 9,") })
        options.onlyMissing = false
        options.replaces = true
        let replaced = try destination.restore(capture.content, options, ReturnWatch())
        #expect(replaced.itemsWritten == 2 && replaced.itemsSkipped == 6)
        #expect(try Rig.inventory(target).filter { !$0.contains("\"stays\"") } == Rig.inventory(bucket))
        let verification = try destination.verify(capture.content, facts: capture.facts, options, ReturnWatch())
        #expect(verification.isWhole && verification.extra == 1)
    }

    @Test func `verification sees a missing object, a flipped byte, and changed metadata`() throws {
        let (_, _, capture) = try sample()
        let target = Rig.bucket("to")
        let destination = S3Destination(try Rig.settings(target), Rig.hurried)
        _ = try destination.restore(capture.content, ReturnOptions(), ReturnWatch())
        try Rig.python(
            target,
            """
            s3.delete_object(Bucket=bucket, Key="a//b")
            s3.put_object(Bucket=bucket, Key="empty", Body=b"", Metadata={"new": "1"})
            data = bytearray(s3.get_object(Bucket=bucket, Key="large")["Body"].read())
            data[-1] ^= 1
            s3.put_object(Bucket=bucket, Key="large", Body=bytes(data), ContentType="application/zip", Metadata={"big": "yes"})
            """)
        let found = try destination.verify(capture.content, facts: capture.facts, ReturnOptions(), ReturnWatch())
        #expect(found.differenceCount == 3 && found.equal == 5)
        #expect(
            found.differences == [
                "a//b: it is missing", "empty: its metadata differ: meta.new", "large: its bytes differ",
            ])
    }

    @Test func `only what was lost is put back`() throws {
        let (_, _, capture) = try sample()
        let bucket = Rig.bucket("to")
        _ = try S3Destination(try Rig.settings(bucket)).restore(capture.content, ReturnOptions(), ReturnWatch())
        let before = try Rig.inventory(bucket)
        try Rig.python(
            bucket, "s3.delete_object(Bucket=bucket, Key='a/'); s3.delete_object(Bucket=bucket, Key='large')")
        var options = ReturnOptions()
        options.onlyMissing = true
        let summary = try S3Destination(try Rig.settings(bucket)).restore(capture.content, options, ReturnWatch())
        #expect(summary.itemsWritten == 2 && summary.itemsSkipped == 6)
        #expect(try Rig.inventory(bucket) == before)
    }

    @Test func `below a prefix, and beside what is not below it`() throws {
        let (_, _, capture) = try sample()
        let target = Rig.bucket("to")
        try Rig.python(target, "s3.put_object(Bucket=bucket, Key='empty', Body=b'other')")
        let destination = S3Destination(try Rig.settings(target, prefix: "back/2012/"))
        _ = try destination.restore(capture.content, ReturnOptions(), ReturnWatch())
        let keys = try Rig.python(
            target, "print(*sorted(o['Key'] for o in s3.list_objects_v2(Bucket=bucket)['Contents']), sep='\\n', end='')"
        )
        #expect(keys.contains("back/2012/../up") && keys.contains("back/2012/注文/帳 票+%41?.txt"))
        #expect(try destination.verify(capture.content, facts: capture.facts, ReturnOptions(), ReturnWatch()).isWhole)
    }

    @Test func `files that came from elsewhere become objects; what no object can be is told`() throws {
        let folder = try TemporaryDirectory()
        try folder.write("site/index.html", "<p>こんにちは</p>")
        try folder.write("site/empty", "")
        try Command("ln", ["-s", "index.html", folder.path("site/link")]).succeed()
        let rig = try CaptureRig()
        let capture = try rig.capture(LocalFolder(path: folder.path("site")))
        let target = Rig.bucket("to")
        let reports = Monitor<[HikaeError]>([])
        let watch = ReturnWatch { error in reports.withLock { $0.append(error) } }
        let destination = S3Destination(try Rig.settings(target))
        let summary = try destination.restore(capture.content, ReturnOptions(), watch)
        #expect(summary.itemsWritten == 2 && summary.errors == 1)
        #expect(reports.withLock { $0.map(\.code) } == [.unsupported])
        #expect(try Rig.inventory(target).count == 2)
    }

    @Test func `no bucket is made when none may be made, and none by looking`() throws {
        let (_, _, capture) = try sample()
        let target = Rig.bucket("to")
        var settings = try Rig.settings(target)
        _ = try S3Destination(settings).probe()
        _ = try S3Destination(settings).preview(capture.content, ReturnOptions(), ReturnWatch())
        settings.createsBucket = false
        let destination = S3Destination(settings)
        #expect(failure { _ = try destination.probe() }?.code == .notFound)
        #expect(
            failure { _ = try destination.restore(capture.content, ReturnOptions(), ReturnWatch()) }?.code == .notFound)
        #expect(
            failure { _ = try destination.verify(capture.content, facts: nil, ReturnOptions(), ReturnWatch()) }?.code
                == .notFound)
        #expect(
            try Rig.python("", "print('\(target)' in [b['Name'] for b in s3.list_buckets()['Buckets']])") == "False\n")
    }
}

/// Files of this machine, as another kind of source has them.
private struct LocalFolder: CaptureSource, CaptureSession {
    let path: String
    var address: String { path }
    var unit: CaptureUnit { .files }
    var readers: Int { 0 }
    var root: any SourceDirectory { Tree(path: path) }

    func probe() throws(HikaeError) -> ServiceIdentity { ServiceIdentity(software: "files") }
    func begin(_ context: CaptureContext) throws(HikaeError) -> any CaptureSession { self }
    func finish() throws(HikaeError) -> CaptureFacts { CaptureFacts(unit: .files) }
    func close() {}

    private struct Tree: SourceDirectory {
        let path: String
        var displayPath: String { path }

        func entries(report: (HikaeError) -> Void) throws(HikaeError) -> [SourceEntry] {
            try LocalFileTree(targets: [path]).root.entries(report: report)
        }
    }
}

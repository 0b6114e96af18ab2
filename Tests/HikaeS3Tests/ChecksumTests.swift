// When bytes that do not fit their ETag are damage, and when the server's ETags are simply no MD5.

import HikaeArchive
import HikaeCore
import HikaeDestination
import HikaeFormat
import HikaeSource
import HikaeTesting
import Testing

@testable import HikaeS3

@Suite(.serialized) struct ChecksumTests {
    private static let wrong = #""set": {"ETag": "\"00000000000000000000000000000000\""}"#

    /// A bucket with these objects, and a proxy in front that gives answers about some of them a wrong ETag.
    private func capture(_ objects: [String], wrong: [String], before: CaptureRig? = nil, bucket: String? = nil) throws
        -> (capture: CaptureRig.Capture, bucket: String)
    {
        let bucket = bucket ?? Rig.bucket("sums")
        let keys = objects.map { "'\($0)'" }.joined(separator: ", ")
        try Rig.python(bucket, "for key in [\(keys)]: s3.put_object(Bucket=bucket, Key=key, Body=(key * 9).encode())")
        let rules = wrong.map { #"{"match": "GET /\#(bucket)/\#($0)", \#(Self.wrong)}"# }.joined(separator: ", ")
        let proxy = try FaultProxy()
        try proxy.set("[\(rules)]")
        var settings = try Rig.settings(bucket, through: proxy.endpoint)
        settings.connections = 1
        return (try (before ?? CaptureRig()).capture(S3Source(settings, Rig.hurried)), bucket)
    }

    @Test func `an object that is damaged is left out, though none before it was looked at`() throws {
        let found = try capture(["a", "b", "c", "d"], wrong: ["a"]).capture
        #expect(found.reports.map(\.code) == [.damaged])
        #expect(found.summary.errors == 1 && found.facts.items == 3)
        #expect(
            found.facts.notes.contains { $0.contains("equal: 3 objects") && $0.contains("MD5") }, "\(found.facts.notes)"
        )
    }

    @Test func `the one new object of a later capture is judged by what is known of the server`() throws {
        let rig = try CaptureRig()
        let (first, bucket) = try capture(["a", "b", "c"], wrong: [], before: rig)
        #expect(first.reports == [])
        let second = try capture(["d"], wrong: ["d"], before: rig, bucket: bucket).capture
        #expect(second.reports.map(\.code) == [.damaged])
        #expect(second.facts.items == 3)
    }

    @Test func `a single object that does not fit its ETag is not believed`() throws {
        let found = try capture(["only"], wrong: ["only"]).capture
        #expect(found.reports.map(\.code) == [.damaged] && found.facts.items == 0)
    }

    @Test func `a server whose ETags are never an MD5 is read, now and later, and that is written down`() throws {
        let rig = try CaptureRig()
        let (first, bucket) = try capture(["a", "b", "c", "d"], wrong: [""], before: rig)
        #expect(first.reports == [] && first.facts.items == 4)
        #expect(first.facts.notes.contains { $0.contains("not the MD5") })
        try Rig.python(bucket, "for key in 'abc': s3.delete_object(Bucket=bucket, Key=key)")
        let later = try capture(["e"], wrong: [""], before: rig, bucket: bucket).capture
        #expect(later.reports == [] && later.facts.items == 2)
    }

    @Test func `objects made of parts are not compared with an MD5, and the record says so`() throws {
        let bucket = Rig.bucket("parts")
        try Rig.python(
            bucket,
            """
            upload = s3.create_multipart_upload(Bucket=bucket, Key="parted")["UploadId"]
            part = s3.upload_part(Bucket=bucket, Key="parted", UploadId=upload, PartNumber=1, Body=b"x" * 5000)
            s3.complete_multipart_upload(Bucket=bucket, Key="parted", UploadId=upload,
                                         MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
            """)
        let found = try CaptureRig().capture(S3Source(Rig.settings(bucket), Rig.hurried))
        #expect(found.reports == [] && found.facts.items == 1)
        #expect(
            found.facts.notes.contains { $0.contains("not compared: 1 ") && $0.contains("parts") },
            "\(found.facts.notes)")
    }
}

import HikaeCore
import HikaeRemote
import Testing

/// What a person may write for a repository in a bucket.
struct S3LocationTests {
    @Test(arguments: [
        ("s3:https://s3.example.com/bucket/a/b", "https://s3.example.com", "bucket", "a/b"),
        ("s3:http://127.0.0.1:9000/bucket", "http://127.0.0.1:9000", "bucket", ""),
        ("s3:http://127.0.0.1:9000/bucket/", "http://127.0.0.1:9000", "bucket", ""),
        ("s3:s3.amazonaws.com/bucket/one", "https://s3.amazonaws.com", "bucket", "one"),
        ("s3://eu.example.com/bucket//one//./two/", "https://eu.example.com", "bucket", "one/two"),
        ("S3:HTTPS://s3.example.com/Bucket", "https://s3.example.com", "Bucket", ""),
        ("s3:[::1]:9000/bucket/控え", "https://[::1]:9000", "bucket", "控え"),
    ])
    func `restic's forms name endpoint, bucket and prefix`(
        text: String, endpoint: String, bucket: String, prefix: String
    ) throws {
        let location = try S3Location(text)
        #expect(location.endpoint == endpoint)
        #expect(location.bucket == bucket)
        #expect(location.prefix == prefix)
        #expect(try S3Location(location.display) == location, "and what is shown names the same place")
    }

    @Test(arguments: [
        "s3:", "s3:host", "s3:https://host", "s3:https://host/", "s3:/bucket", "s3:https:///bucket",
        "s3:https://key:secret@host/bucket", "s3:host/bucket/../other", "s3:host/bucket?versions", "rest:host/bucket",
    ])
    func `what names no bucket is refused, and nothing of it is repeated`(text: String) throws {
        let error = #expect(throws: HikaeError.self) { try S3Location(text) }
        #expect(error?.code == .usage)
        #expect(error?.description.contains("secret") == false)
    }

    @Test(arguments: [
        ("s3:s3.ap-northeast-1.amazonaws.com/b", "ap-northeast-1"), ("s3:s3-eu-west-1.amazonaws.com/b", "eu-west-1"),
        ("s3:s3.dualstack.us-gov-west-1.amazonaws.com/b", "us-gov-west-1"), ("s3:s3.amazonaws.com/b", nil),
        ("s3:s3.eu-west-1.example.com/b", nil),
    ])
    func `Amazon's hosts tell their region`(text: String, region: String?) throws {
        #expect(try S3Location(text).region == region)
    }
}

// The real server, the judge and the proxy that breaks things. Started once, used by every suite.

import HikaeCore
import HikaeFormat
import HikaeHTTP
import HikaeSource
import HikaeTesting
import Synchronization
import Testing

@testable import HikaeS3

/// An S3 server for all tests; each test has buckets of its own.
enum Rig {
    static let server = Result { try PracticeServer("s3") }
    private static let number = Atomic<Int>(0)

    /// A name that no other test has.
    static func bucket(_ name: String = "test") -> String {
        "\(name)-\(number.add(1, ordering: .relaxed).newValue)"
    }

    /// Settings for a bucket on the server.
    static func settings(_ bucket: String, prefix: String = "", through endpoint: String? = nil) throws -> S3Settings {
        let server = try server.get()
        let (key, secret) = (server.text("access_key"), server.text("secret_key"))
        var settings = S3Settings(
            endpoint: endpoint ?? server.text("endpoint"), bucket: bucket, prefix: prefix,
            accessKeyID: { () throws(HikaeError) in Secret(key) },
            secretAccessKey: { () throws(HikaeError) in Secret(secret) })
        settings.connections = 4
        return settings
    }

    /// Trying again at once, and never taking a busy machine for a silent server.
    static var quick: S3Client.Conditions {
        var conditions = S3Client.Conditions()
        conditions.schedule = RetrySchedule(attempts: 4, first: 0.01, longest: 0.05)
        conditions.patience = Patience(connect: 60, silence: 120, window: 120, windowBytes: 1024)
        return conditions
    }

    /// The same for servers that fall silent: not waiting long, and trying more often, should it be the machine.
    static var hurried: S3Client.Conditions {
        var conditions = quick
        conditions.schedule.attempts = 12
        conditions.patience = Patience(connect: 60, silence: 2, window: 3, windowBytes: 1024)
        return conditions
    }

    /// Runs Python with `s3`, a boto3 client of the server, and `bucket`, made if it is missing. Returns what it prints.
    @discardableResult
    static func python(_ bucket: String, _ script: String, server: PracticeServer? = nil) throws -> String {
        let server = try server ?? Self.server.get()
        let begin = """
            import json, sys
            sys.path.insert(0, sys.argv[1])
            sys.dont_write_bytecode = True
            import s3 as practice
            facts = json.loads(sys.argv[2])
            s3 = practice.client(facts)
            bucket = sys.argv[3]
            if bucket and bucket not in [b["Name"] for b in s3.list_buckets()["Buckets"]]:
                s3.create_bucket(Bucket=bucket)

            """
        let names = ["endpoint", "region", "access_key", "secret_key", "certificate"]
        let facts = "{" + names.map { "\"\($0)\": \"\(server.text($0))\"" }.joined(separator: ", ") + "}"
        let folder = PracticeServer.projectFolder + "/practice/servers"
        return try Command("python3", ["-B", "-c", begin + script, folder, facts, bucket]).succeed().text
    }

    /// What the judge sees in a bucket: a line an object, with key, size, SHA-256, type and metadata.
    static func inventory(_ bucket: String) throws -> [String] {
        try python(
            bucket,
            """
            import hashlib
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
                for item in page.get("Contents", []):
                    got = s3.get_object(Bucket=bucket, Key=item["Key"])
                    kept = ("ContentType", "ContentEncoding", "ContentDisposition", "ContentLanguage", "CacheControl")
                    more = {name: got[name] for name in kept if name in got}
                    print(json.dumps([item["Key"], item["Size"], hashlib.sha256(got["Body"].read()).hexdigest(), more,
                                      got["Metadata"]], ensure_ascii=False, sort_keys=True))
            """
        ).split(separator: "\n").map(String.init).sorted()
    }
}

/// A proxy of this test's own in front of the server.
final class FaultProxy: Sendable {
    let process: PracticeServer
    var endpoint: String { process.text("endpoint") }

    init(_ rules: String = "[]") throws {
        process = try PracticeServer("s3_faults", ["--upstream", "\(Rig.server.get().port())"])
        try set(rules)
    }

    /// Sets the rules, as JSON, and forgets what came through.
    func set(_ rules: String) throws {
        try Command(
            "python3",
            [
                "-c",
                "import sys, urllib.request; urllib.request.urlopen(sys.argv[1] + '/-/rules', sys.argv[2].encode())",
                endpoint, rules,
            ]
        ).succeed()
    }

    /// What came through: method, target, headers.
    func log() throws -> [(method: String, target: String, headers: JSONValue)] {
        let text = try Command(
            "python3",
            [
                "-c",
                "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1] + '/-/log').read().decode())",
                endpoint,
            ]
        ).succeed().text
        return try JSONValue(text).array.map { entry in
            (entry[0]?.string ?? "", entry[1]?.string ?? "", entry[2] ?? .null)
        }
    }
}

/// Runs `body` and returns the error it throws; fails the test when it throws none.
func failure(_ body: () throws -> Void) -> HikaeError? {
    do {
        try body()
        Issue.record("nothing was thrown")
    } catch let error as HikaeError {
        return error
    } catch {
        Issue.record("\(error) is no HikaeError")
    }
    return nil
}

// The real S3 server, boto3 as its judge, and a proxy that breaks things, for repositories in buckets.

import HikaeCore
import HikaeHTTP
import HikaeRemote
import HikaeS3
import HikaeStore
import HikaeTesting
import Synchronization

/// An S3 server for all tests of stores; each test has a bucket of its own.
enum S3Rig {
    static let server = Result { try PracticeServer("s3") }
    private static let number = Atomic<Int>(0)

    /// A name that no other test has.
    static func bucket() -> String { "vault-\(number.add(1, ordering: .relaxed).newValue)" }

    static func location(_ place: String, through endpoint: String? = nil) throws -> S3Location {
        try S3Location("s3:\(endpoint ?? server.get().text("endpoint"))/\(place)")
    }

    /// Options with the key that may do everything, or another that the server told of.
    static func options(_ key: String = "access", server: PracticeServer? = nil) throws -> RemoteOptions {
        let server = try server ?? Self.server.get()
        var options = RemoteOptions()
        func secret(_ name: String) -> SecretProvider {
            let secret = Secret(server.text("\(key)_\(name)"))
            return { () throws(HikaeError) in secret }
        }
        (options.accessKeyID, options.secretAccessKey) = (secret("key"), secret("secret"))
        if key == "access" { options.secretAccessKey = { () throws(HikaeError) in Secret(server.text("secret_key")) } }
        if key == "session" { options.sessionToken = secret("token") }
        return options
    }

    /// A store in a bucket, which needs not exist yet.
    ///
    /// - Parameter isHurried: whether it takes a server for broken that says nothing for a moment.
    static func store(
        _ place: String, through endpoint: String? = nil, lock: ObjectLockSettings? = nil,
        clock: any WallClock = SystemClock(), isHurried: Bool = false
    ) throws -> S3Store {
        var options = try options()
        options.objectLock = lock
        return try S3Store(location(place, through: endpoint), options, conditions(isHurried: isHurried), clock: clock)
    }

    /// Trying again at once. Only for tests of silent servers a client that does not wait long: a busy machine answers
    /// late.
    static func conditions(isHurried: Bool = false) -> S3Client.Conditions {
        var conditions = S3Client.Conditions()
        conditions.schedule = RetrySchedule(attempts: 3, first: 0.01, longest: 0.05)
        conditions.patience = isHurried ? HTTPFaults.hurried : HTTPFaults.patient
        return conditions
    }

    /// The real restic for a repository at a location, with the password of `CaptureRig`.
    static func restic(_ location: String, _ arguments: String...) throws -> Command {
        let server = try server.get()
        var command = Command("restic", ["--no-cache", "-r", location] + arguments)
        command.environment = [
            "AWS_ACCESS_KEY_ID": server.text("access_key"), "AWS_SECRET_ACCESS_KEY": server.text("secret_key"),
            "AWS_DEFAULT_REGION": server.text("region"), "RESTIC_PASSWORD": "rig", "RESTIC_PROGRESS_FPS": "0.01",
            "LC_ALL": "C.UTF-8",
        ]
        for name in ["AWS_SESSION_TOKEN", "RESTIC_REPOSITORY"] { command.environment[name] = .some(nil) }
        command.timeLimit = 600
        return command
    }

    /// A bucket with objects to be captured: `count` of `bytes` bytes of noise each.
    static func source(count: Int = 6, bytes: Int = 300_000) throws -> S3Source {
        let bucket = bucket()
        try python(
            """
            import random
            noise = random.Random(sys.argv[3])
            s3.create_bucket(Bucket=sys.argv[3])
            for i in range(int(sys.argv[4])):
                s3.put_object(Bucket=sys.argv[3], Key=f"photos/写真 {i}.jpg", Body=noise.randbytes(int(sys.argv[5]) + i))
            """, [bucket, "\(count)", "\(bytes)"])
        return S3Source(try location(bucket).settings(options()))
    }

    /// Runs Python with `s3`, a boto3 client of the server. Returns what it prints.
    @discardableResult
    static func python(_ script: String, _ arguments: [String] = []) throws -> String {
        let server = try server.get()
        let begin = """
            import json, sys
            sys.path.insert(0, sys.argv[1])
            sys.dont_write_bytecode = True
            import s3 as practice
            s3 = practice.client(json.loads(sys.argv[2]))

            """
        let names = ["endpoint", "region", "access_key", "secret_key", "certificate"]
        let facts = "{" + names.map { "\"\($0)\": \"\(server.text($0))\"" }.joined(separator: ", ") + "}"
        let folder = PracticeServer.projectFolder + "/practice/servers"
        return try Command("python3", ["-B", "-c", begin + script, folder, facts] + arguments).succeed().text
    }
}

/// A proxy in front of the server.
final class S3Proxy: FaultProxy, Sendable {
    private let process: PracticeServer
    private let control: HTTPTransport
    var endpoint: String { process.text("endpoint") }

    init() throws {
        process = try PracticeServer("s3_faults", ["--upstream", "\(S3Rig.server.get().port())"])
        control = try HTTPTransport(
            host: "127.0.0.1", port: process.port(), place: "the proxy", trust: ServerTrust(settings: TrustSettings()),
            connections: 1, patience: Patience(), cancellation: Cancellation())
    }

    deinit { control.close() }

    /// Sets the rules, as JSON, and forgets what came through.
    func set(_ rules: String) throws { _ = try request("POST", "rules", Array(rules.utf8)) }

    /// What came through: "METHOD /target", and the headers.
    func log() throws -> [(line: String, headers: JSONValue)] {
        let text = String(decoding: try request("GET", "log", nil), as: UTF8.self)
        return try JSONValue(text).array.map { entry in
            ("\(entry[0]?.string ?? "") \(entry[1]?.string ?? "")", entry[2] ?? .null)
        }
    }

    func count() throws -> Int { try log().count }

    private func request(_ method: String, _ name: String, _ body: [UInt8]?) throws -> [UInt8] {
        let exchange = try control.begin(method: method, url: "\(endpoint)/-/\(name)", headers: [], body: body)
        let head = try exchange.response.head()
        guard head.isSuccess else { throw HikaeError(.programFailed, "the proxy refused its rules: \(body ?? [])") }
        return try exchange.response.all(limit: 64 << 20)
    }
}

/// Runs `body` and returns the error it throws; nil when it throws none.
func refusal(_ body: () throws -> Void) throws -> HikaeError? {
    do {
        try body()
        return nil
    } catch let error as HikaeError {
        return error
    }
}

// A real REST server, rclone's, and a proxy that breaks things in front of it.

import HikaeCore
import HikaeHTTP
import HikaeRemote
import HikaeStore
import HikaeTesting
import Synchronization

/// REST servers for all tests of stores; each test has a repository of its own.
enum RESTRig {
    static let server = Result { try PracticeServer("rest") }
    static let appendOnly = Result { try PracticeServer("rest", ["--append-only"]) }
    private static let number = Atomic<Int>(0)

    /// A name that no other test has.
    static func name() -> String { "vault-\(number.add(1, ordering: .relaxed).newValue)" }

    /// A location without a password in it.
    static func location(_ name: String, _ server: PracticeServer, port: Int? = nil) -> String {
        "rest:http://127.0.0.1:\(port ?? server.port())/\(name)/"
    }

    static func options(password: String? = nil) throws -> RemoteOptions {
        let server = try server.get()
        var options = RemoteOptions()
        options.user = server.text("user")
        let secret = Secret(password ?? server.text("password"))
        options.password = { () throws(HikaeError) in secret }
        return options
    }

    /// - Parameter isHurried: whether it takes a server for broken that says nothing for a moment.
    static func store(_ name: String = name(), port: Int? = nil, isHurried: Bool = false) throws -> RESTStore {
        let patience = isHurried ? HTTPFaults.hurried : HTTPFaults.patient
        return try RESTStore(RESTLocation(location(name, server.get(), port: port)), options(), patience: patience)
    }

    /// A store whose rclone is a child of this process.
    static func rclone(_ folder: TemporaryDirectory) throws -> RESTStore {
        var options = RemoteOptions()
        // What rclone remembers of a file that another thread lists while it is written would be too short.
        options.rcloneArguments.append("--cache-objects=false")
        return try RESTStore.rclone("rclone:\(folder.path("repository"))", options)
    }

    /// The real restic for a repository at a location, with the password of `CaptureRig`.
    static func restic(_ location: String, _ arguments: String...) throws -> Command {
        let server = try server.get()
        var place = location
        if place.hasPrefix("rest:http://") {
            // restic 0.14 takes the account in the address only.
            let account = "\(server.text("user")):himitsu-%E6%A1%9C@"
            place = "rest:http://\(account)\(place.dropFirst("rest:http://".count))"
        }
        var command = Command("restic", ["--no-cache", "-r", place] + arguments)
        command.environment = [
            "RESTIC_PASSWORD": "rig", "RESTIC_PROGRESS_FPS": "0.01", "LC_ALL": "C.UTF-8", "RESTIC_REPOSITORY": nil,
        ]
        command.timeLimit = 600
        return command
    }
}

/// A proxy in front of the server that breaks what goes through it.
final class RESTProxy: FaultProxy, Sendable {
    private let process: PracticeServer
    private let control: HTTPTransport
    var port: Int { process.port() }

    init() throws {
        process = try PracticeServer("s3_faults", ["--upstream", "\(RESTRig.server.get().port())"])
        control = try HTTPTransport(
            host: "127.0.0.1", port: process.port(), place: "the proxy", trust: ServerTrust(settings: TrustSettings()),
            connections: 1, patience: Patience(), cancellation: Cancellation())
    }

    deinit { control.close() }

    /// Sets the rules, as JSON, and forgets what came through.
    func set(_ rules: String) throws { _ = try request("POST", "rules", Array(rules.utf8)) }

    /// What came through: "METHOD /target".
    func log() throws -> [String] {
        let text = String(decoding: try request("GET", "log", nil), as: UTF8.self)
        return try JSONValue(text).array.map { "\($0[0]?.string ?? "") \($0[1]?.string ?? "")" }
    }

    func count() throws -> Int { try log().count }

    private func request(_ method: String, _ name: String, _ body: [UInt8]?) throws -> [UInt8] {
        let url = "http://127.0.0.1:\(port)/-/\(name)"
        let exchange = try control.begin(method: method, url: url, headers: [], body: body)
        guard try exchange.response.head().isSuccess else {
            throw HikaeError(.programFailed, "the proxy refused its rules")
        }
        return try exchange.response.all(limit: 64 << 20)
    }
}

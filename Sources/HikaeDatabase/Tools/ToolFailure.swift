// What the failure of a database's program means: its messages, sorted into our codes. Pure, so that it is easily
// tested.

import HikaeCore

/// A program that ended with an error.
struct ToolFailure: Sendable {
    var program: String
    var status: Int32
    var messages: String
    /// " on web.example.jp", or nothing.
    var place = ""

    /// How psql refuses a command to itself.
    static let restricted = "backslash commands are restricted"

    private static let signs: [(HikaeError.Code, [String])] = [
        (.refused, [restricted, "Unknown command '\\", "disabled the local infile"]),
        (.unsupported, ["invalid command \\restrict"]),
        (
            .untrusted,
            [
                "Host key verification failed", "certificate verify failed", "root certificate", "server certificate",
                "self-signed certificate", "TLS/SSL error", "SSL error", "SSL connection error", "does not support SSL",
                "SSL connection is required",
            ]
        ),
        (
            .accessDenied,
            [
                "no encryption", "insecure transport",
                "password authentication failed", "Access denied for user", "no pg_hba.conf entry", "fe_sendauth",
                "Permission denied (", "authentication failed", "is not permitted to log in",
                "not allowed to connect",
            ]
        ),
        (
            .permission,
            [
                "permission denied for", "command denied to user", "you need (at least one of)", "must be owner",
                "row-level security",
            ]
        ),
        (.notFound, ["Unknown database", "database \""]),
        (.noSpace, ["No space left on device", "could not extend file", "is full", "Disk full"]),
        (
            .unreachable,
            [
                "Connection refused", "could not connect", "Can't connect", "server closed the connection",
                "terminating connection", "Lost connection", "gone away", "could not translate host name",
                "Could not resolve hostname", "timeout expired", "Connection timed out", "Connection closed",
                "Connection reset", "the database system is", "No route to host", "Unknown server host",
                "could not receive data", "connection to server", "Connection to",
            ]
        ),
    ]

    /// The code that the messages speak for.
    var code: HikaeError.Code {
        let lines = messages.split(separator: "\n")
        for (code, words) in Self.signs {
            for line in lines where words.contains(where: { line.contains($0) }) {
                // `FATAL: database "x" does not exist`, and not every line that names a database.
                if code == .notFound, !line.contains("Unknown database"), !line.contains("does not exist") { continue }
                return code
            }
        }
        return .programFailed
    }

    /// The line that says most: the one that names an error, without the program's name before it.
    var reason: String {
        let lines = messages.split(separator: "\n").map(String.init)
        let marks = ["permission denied", "denied to user", "ERROR", "FATAL", "error:", "rror"]
        for mark in marks {
            if let line = lines.first(where: { $0.contains(mark) }) { return String(line.prefix(500)) }
        }
        return String((lines.last ?? "it said nothing").prefix(500))
    }

    private func trustHint(_ settings: DatabaseSettings) -> String {
        if reason.contains("does not support") {
            return
                "It offers no TLS, so anybody on the way could read the data: reach it through ssh (`via:`). `tls: none` takes the risk."
        }
        let (name, port) = settings.engine == .postgreSQL ? ("postgres", 5432) : ("mysql", 3306)
        let place = "\(settings.host ?? "localhost"):\(settings.port ?? port)"
        return
            "Ask whoever runs it for the authority that signed its certificate, and name the file: `trust: {ca: FILE}`. The certificate must bear the host's name. `openssl s_client -starttls \(name) -showcerts -connect \(place)` shows it. Or reach it through ssh (`via:`)."
    }

    /// The error for people.
    func error(_ settings: DatabaseSettings) -> HikaeError {
        if status == 127 || messages.contains("command not found") {
            return HikaeError(
                .programFailed, "there is no program \(program)\(place)",
                hint: "Install the database's client programs there, or name their folder (`programs:`).")
        }
        if status == 96 {
            return HikaeError(.programFailed, "no file for the password can be made\(place)", hint: messages)
        }
        let how = status > 128 ? "was ended by signal \(status - 128)" : "failed with exit status \(status)"
        let code = code
        let message =
            switch code {
            case .accessDenied: "\(settings.address) does not let \(settings.user) in: \(reason)"
            case .permission: "\(settings.user) may not do that at \(settings.address): \(reason)"
            case .unreachable: "the connection to \(settings.address) failed: \(reason)"
            case .untrusted: "\(settings.address) does not prove who it is: \(reason)"
            case .refused: "the dump in the snapshot has a command for \(program) itself in it: \(reason)"
            case .unsupported: "\(program)\(place) is too old to be safe with a dump: \(reason)"
            default: "\(program)\(place) \(how): \(reason)"
            }
        let hint: String? =
            switch code {
            case .accessDenied where ["no encryption", "insecure transport"].contains { reason.contains($0) }:
                "The server wants TLS: leave `tls: none` out."
            case .accessDenied:
                "Check the user's name and password\(settings.via == nil ? "" : ", and the key for \(settings.via ?? "")")."
            case .permission: "Grant it what it needs; docs/manual/databases.md lists that."
            case .untrusted:
                settings.via == nil
                    ? trustHint(settings)
                    : "Make sure that it is the right host, then put its key into ~/.ssh/known_hosts."
            case .refused: DumpFilter.refusal("").hint
            case .unsupported:
                "Install the client programs of PostgreSQL 13.22, 14.19, 15.14, 16.10, 17.6, 18 or later\(place): older ones run programs that a dump names. Or restore into a folder, and load the dump by hand if you trust it."
            case .programFailed: messages.isEmpty ? nil : messages
            default: nil
            }
        return HikaeError(code, message, hint: hint, isRetryable: code == .unreachable)
    }
}

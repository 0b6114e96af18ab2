// What every connection to one site needs: settings that were judged, the password, the wish to stop.

import HikaeCore
import Synchronization

/// One site, ready to be connected to.
struct FTPAccess: Sendable {
    let settings: FTPSettings
    let user: Secret
    let password: Secret
    let cancellation: Cancellation
    /// What becomes of TLS on any connection to the site.
    let handshakes = HandshakeRecord()
    /// Whether TLS 1.3 is not spoken. Its server sends tickets after the client's first bytes: a short upload may be over
    /// by then, and what comes to a closed connection resets it, with bytes that the server has not read yet.
    var keepsToTLS12 = false
    /// Scheme, host and port, as libcurl wants them: "ftp://127.0.0.1:2121".
    let base: String

    /// Judges the settings and asks for the password. Throws `.usage` for what no server can be reached with.
    init(_ settings: FTPSettings, _ cancellation: Cancellation) throws(HikaeError) {
        guard !settings.host.isEmpty,
            !settings.host.utf8.contains(where: { $0 <= 0x20 || $0 > 0x7E || "/@?#%\\".utf8.contains($0) })
        else { throw HikaeError(.usage, "\"\(settings.host)\" is no name of an FTP server") }
        if let port = settings.port, !(1...65535).contains(port) {
            throw HikaeError(.usage, "\(port) is no port: it must be 1 to 65535")
        }
        guard (1...16).contains(settings.connections) else {
            throw HikaeError(.usage, "connections must be 1 to 16, not \(settings.connections)")
        }
        let user = settings.user.isEmpty ? "anonymous" : settings.user
        self.user = Secret(user)
        if let provider = settings.password {
            password = try provider()
        } else {
            password = Secret(settings.user.isEmpty ? "hikae@" : "")
        }
        // Either goes into a command as it is: an end of line would begin another command.
        guard (self.user.bytes + password.bytes).allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw HikaeError(
                .usage, "the user name or password for \(settings.host) holds an end of line or a control character",
                hint: "If the password comes from a file, only its first line may be the password.")
        }
        guard !settings.path.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }),
            !settings.path.split(separator: "/").contains("..")
        else { throw HikaeError(.usage, "the folder \"\(settings.path)\" is none that can be asked for") }
        self.settings = settings
        self.cancellation = cancellation
        let scheme = settings.security == .implicitTLS ? "ftps" : "ftp"
        let host = settings.host.contains(":") ? "[\(settings.host)]" : settings.host
        let port = settings.port ?? (settings.security == .implicitTLS ? 990 : 21)
        base = "\(scheme)://\(host):\(port)"
    }
}

/// Whether client and server ever found no way to speak TLS with each other, as libcurl's code tells it.
final class HandshakeRecord: Sendable {
    private let flag = Atomic<Bool>(false)

    var hasFailed: Bool { flag.load(ordering: .relaxed) }

    func note() { flag.store(true, ordering: .relaxed) }
}

// Where an FTP site is, how to get in, and how its server is judged. Holds no connection and no password.

public import HikaeCore

/// An FTP or FTPS site.
public struct FTPSettings: Sendable {
    /// How the connection is protected.
    public enum Security: String, Sendable, CaseIterable {
        /// Not at all: password and files travel in the clear.
        case none
        /// TLS on the usual port, begun with AUTH TLS before anything secret is said. No TLS, no login.
        case explicitTLS
        /// TLS from the first byte, on port 990 unless told otherwise.
        case implicitTLS
    }

    /// How the server writes names.
    public enum Encoding: String, Sendable, CaseIterable {
        /// UTF-8 where it is valid, else Shift_JIS or EUC-JP, whichever a folder's names are.
        case automatic
        case utf8, shiftJIS, eucJP
    }

    public var host: String
    /// Nil for 21, or 990 for implicit TLS.
    public var port: Int?
    public var user: String
    /// Asked when connecting; nil for none, as anonymous users have it.
    public var password: SecretProvider?
    /// The folder that is read or filled, as the server names it: "/" or "/public_html". One that does not begin with
    /// a slash is taken from where the login lands.
    public var path: String
    public var security: Security
    public var encoding: Encoding
    /// Connections at once, 1 to 16. Rental servers often allow no more than five.
    public var connections: Int
    /// How the server's certificate is judged.
    public var certificate: TrustSettings
    /// Patterns of what is left out, as `hikae backup --exclude` takes them.
    public var excludes: [String]
    /// Seconds that a server which says and sends nothing is waited for.
    public var patience = 60

    /// A site with the usual answers for what is not given.
    public init(
        host: String, port: Int? = nil, user: String, password: SecretProvider? = nil, path: String = "/",
        security: Security = .explicitTLS, encoding: Encoding = .automatic, connections: Int = 4,
        certificate: TrustSettings = TrustSettings(), excludes: [String] = []
    ) {
        self.host = host
        self.port = port
        self.user = user
        self.password = password
        self.path = path
        self.security = security
        self.encoding = encoding
        self.connections = connections
        self.certificate = certificate
        self.excludes = excludes
    }

    /// The address for people and records, without the password: "ftps://shop@www.example.jp/public_html".
    public var address: String {
        let scheme = security == .implicitTLS ? "ftps" : "ftp"
        let host = host.contains(":") ? "[\(host)]" : host
        let place = port.map { "\(host):\($0)" } ?? host
        return "\(scheme)://\(user.isEmpty ? "" : user + "@")\(place)\(path.hasPrefix("/") ? "" : "/~/")\(path)"
    }
}

// Everything an IMAP account needs to be read from or written to. Holds no secret, only where it comes from.

public import HikaeCore

/// An IMAP account: where it is, who we are there, and what of it is meant.
public struct IMAPSettings: Sendable {
    /// How the connection is protected.
    public enum Security: String, Sendable, CaseIterable {
        /// TLS from the first byte; port 993.
        case implicitTLS
        /// STARTTLS before anything is said; port 143.
        case startTLS
        /// Nothing. Refused for every host but this machine.
        case none
    }

    /// How one logs in.
    public enum Authentication: String, Sendable, CaseIterable {
        /// AUTHENTICATE PLAIN where the server offers it, else LOGIN.
        case automatic
        case login
        case plain
        /// The secret is an OAuth 2 access token.
        case xoauth2
    }

    public var host: String
    /// Nil for the usual one.
    public var port: Int?
    public var security: Security
    public var user: String
    public var authentication: Authentication
    /// The password, or the access token.
    public var secret: SecretProvider
    public var trust: TrustSettings
    /// Patterns over mailbox paths ("INBOX", "仕事/見積"), levels separated by "/"; empty for all.
    public var includeMailboxes: [String]
    /// Patterns over mailbox paths that are left out, as `includeMailboxes`.
    public var excludeMailboxes: [String]
    /// Connections that read or write at once.
    public var connections: Int
    /// Largest message that is taken, in bytes.
    public var maximumMessageSize: UInt64
    /// Seconds without any byte from the server after which the connection counts as broken.
    public var timeLimit: Int

    /// Seconds before a broken connection is tried again for the first time; tests are less patient.
    var firstWait = 0.2

    /// An account; what is not given is as most providers have it.
    public init(
        host: String, port: Int? = nil, security: Security = .implicitTLS, user: String,
        authentication: Authentication = .automatic, secret: @escaping SecretProvider,
        trust: TrustSettings = TrustSettings(), includeMailboxes: [String] = [], excludeMailboxes: [String] = [],
        connections: Int = 3, maximumMessageSize: UInt64 = 256 << 20, timeLimit: Int = 120
    ) {
        self.host = host
        self.port = port
        self.security = security
        self.user = user
        self.authentication = authentication
        self.secret = secret
        self.trust = trust
        self.includeMailboxes = includeMailboxes
        self.excludeMailboxes = excludeMailboxes
        self.connections = connections
        self.maximumMessageSize = maximumMessageSize
        self.timeLimit = timeLimit
    }

    /// The port that is used.
    public var effectivePort: Int { port ?? (security == .implicitTLS ? 993 : 143) }

    /// The account for people and records: "imaps://info@mail.example.jp".
    public var address: String {
        let scheme = security == .implicitTLS ? "imaps" : "imap"
        let literal = host.contains(":") ? "[\(host)]" : host
        return "\(scheme)://\(user)@\(literal)" + (port.map { ":\($0)" } ?? "")
    }
}

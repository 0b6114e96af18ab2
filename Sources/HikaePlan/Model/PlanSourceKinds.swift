// The options of each kind of source, as a plan gives them.

public import HikaeCore

/// A folder on a server that speaks SFTP.
public struct SFTPPlan: Sendable, Equatable {
    public var host: String
    /// Nil: what ssh's configuration says.
    public var port: Int?
    /// Nil: what ssh's configuration says.
    public var user: String?
    /// Absolute, or relative to the folder that one lands in after logging in; "" is that folder.
    public var path: String
    public var identityFile: String?
    /// Each is the value of an `-o`: "ProxyJump=gate.example.jp".
    public var sshOptions: [String]
    /// The ssh program.
    public var program: String
    public var password: SecretReference?
    /// Patterns as `hikae backup --exclude` has them, below the path.
    public var excludes: [String]

    public init(
        host: String, port: Int? = nil, user: String? = nil, path: String = "", identityFile: String? = nil,
        sshOptions: [String] = [], program: String = "ssh", password: SecretReference? = nil, excludes: [String] = []
    ) {
        (self.host, self.port, self.user, self.path) = (host, port, user, path)
        (self.identityFile, self.sshOptions, self.program) = (identityFile, sshOptions, program)
        (self.password, self.excludes) = (password, excludes)
    }
}

/// How a connection is made private.
public enum PlanTLS: String, Sendable, CaseIterable {
    /// Not at all.
    case none
    /// Begun in the open, made private before the password is sent: FTP's AUTH TLS, IMAP's STARTTLS.
    case explicit
    /// Private from the first byte.
    case implicit
}

/// What names are written in.
public enum PlanEncoding: String, Sendable, CaseIterable {
    case automatic = "auto"
    case utf8 = "utf-8"
    case shiftJIS = "shift_jis"
    case eucJP = "euc-jp"
}

/// A folder on a server that speaks FTP.
public struct FTPPlan: Sendable, Equatable {
    public var host: String
    public var port: Int?
    public var user: String?
    public var password: SecretReference?
    /// As the server shows it after logging in; "" is the folder that one lands in.
    public var path: String
    public var tls: PlanTLS
    public var encoding: PlanEncoding
    /// 1 to 16, side by side.
    public var connections: Int
    public var trust: TrustSettings
    public var excludes: [String]

    public init(
        host: String, port: Int? = nil, user: String? = nil, password: SecretReference? = nil, path: String = "",
        tls: PlanTLS = .explicit, encoding: PlanEncoding = .automatic, connections: Int = 4,
        trust: TrustSettings = TrustSettings(), excludes: [String] = []
    ) {
        (self.host, self.port, self.user, self.password) = (host, port, user, password)
        (self.path, self.tls, self.encoding) = (path, tls, encoding)
        (self.connections, self.trust, self.excludes) = (connections, trust, excludes)
    }
}

/// How a mail account is logged in to.
public enum PlanAuthentication: String, Sendable, CaseIterable {
    case automatic = "auto"
    case login, plain, xoauth2
}

/// A mail account.
public struct IMAPPlan: Sendable, Equatable {
    public var host: String
    public var port: Int?
    public var tls: PlanTLS
    public var user: String
    public var authentication: PlanAuthentication
    /// The password, or the token for XOAUTH2.
    public var password: SecretReference
    public var trust: TrustSettings
    /// Only these, as patterns; empty: all.
    public var mailboxes: [String]
    /// Not these, as patterns.
    public var excludes: [String]
    /// 1 to 16, side by side.
    public var connections: Int

    public init(
        host: String, port: Int? = nil, tls: PlanTLS = .implicit, user: String,
        authentication: PlanAuthentication = .automatic, password: SecretReference,
        trust: TrustSettings = TrustSettings(), mailboxes: [String] = [], excludes: [String] = [],
        connections: Int = 3
    ) {
        (self.host, self.port, self.tls, self.user) = (host, port, tls, user)
        (self.authentication, self.password, self.trust) = (authentication, password, trust)
        (self.mailboxes, self.excludes, self.connections) = (mailboxes, excludes, connections)
    }
}

/// How a connection to a database is made private.
public enum PlanDatabaseTLS: String, Sendable, CaseIterable {
    /// Not at all.
    case none
    /// As its protocol does it: begun in the open, made private before the password is sent. The certificate must be
    /// for the host, and signed by an authority that is believed.
    case explicit
}

/// A database server, or one database on it.
public struct DatabasePlan: Sendable, Equatable {
    /// Nil: the socket, or this machine.
    public var host: String?
    public var port: Int?
    /// A socket of this machine, instead of a host.
    public var socket: String?
    public var user: String?
    public var password: SecretReference?
    /// Nil: every database.
    public var database: String?
    /// "ssh://user@host:port": the dump program runs there. Nil: here.
    public var via: String?
    /// Each is the value of an `-o` for `via`.
    public var sshOptions: [String]
    /// The folder that the server's programs are in; nil: found in PATH.
    public var programs: String?
    /// Whether roles and grants are kept too.
    public var includesGlobals: Bool
    /// Nil where the connection does not leave a machine in the open: this one, or the one that `via` leads to.
    public var tls: PlanDatabaseTLS?
    /// Never with a fingerprint: the databases' programs know authorities only.
    public var trust: TrustSettings

    public init(
        host: String? = nil, port: Int? = nil, socket: String? = nil, user: String? = nil,
        password: SecretReference? = nil, database: String? = nil, via: String? = nil, sshOptions: [String] = [],
        programs: String? = nil, includesGlobals: Bool = true, tls: PlanDatabaseTLS? = nil,
        trust: TrustSettings = TrustSettings()
    ) {
        (self.tls, self.trust) = (tls, trust)
        (self.host, self.port, self.socket, self.user) = (host, port, socket, user)
        (self.password, self.database, self.via, self.sshOptions) = (password, database, via, sshOptions)
        (self.programs, self.includesGlobals) = (programs, includesGlobals)
    }
}

/// An SQLite file on this machine.
public struct SQLitePlan: Sendable, Equatable {
    /// Absolute.
    public var path: String

    public init(path: String) { self.path = path }
}

/// A bucket, or what has one beginning in it.
public struct S3Plan: Sendable, Equatable {
    /// "https://s3.example.jp", without the bucket.
    public var endpoint: String
    public var region: String
    public var bucket: String
    /// What the keys begin with; "" for all.
    public var prefix: String
    /// Nil with `secretAccessKey` for a bucket that everybody may read.
    public var accessKeyID: SecretReference?
    public var secretAccessKey: SecretReference?
    public var sessionToken: SecretReference?
    /// Whether the bucket stands in the path; nil: as the endpoint suggests.
    public var pathStyle: Bool?
    /// Whether old versions are kept too.
    public var versions: Bool
    /// Whether the tags of each object are kept too: one request more for each.
    public var tags: Bool
    public var trust: TrustSettings
    /// 1 to 64 requests, side by side.
    public var connections: Int

    public init(
        endpoint: String, region: String, bucket: String, prefix: String = "", accessKeyID: SecretReference? = nil,
        secretAccessKey: SecretReference? = nil, sessionToken: SecretReference? = nil, pathStyle: Bool? = nil,
        versions: Bool = false, tags: Bool = false, trust: TrustSettings = TrustSettings(), connections: Int = 16
    ) {
        (self.endpoint, self.region, self.bucket, self.prefix) = (endpoint, region, bucket, prefix)
        (self.accessKeyID, self.secretAccessKey) = (accessKeyID, secretAccessKey)
        (self.sessionToken, self.pathStyle, self.versions) = (sessionToken, pathStyle, versions)
        (self.tags, self.trust, self.connections) = (tags, trust, connections)
    }
}

/// Files and folders of this machine.
public struct FilesPlan: Sendable, Equatable {
    /// Absolute; at least one.
    public var paths: [String]
    public var excludes: [String]

    public init(paths: [String], excludes: [String] = []) { (self.paths, self.excludes) = (paths, excludes) }
}

/// What a program writes to its standard output.
public struct CommandPlan: Sendable, Equatable {
    /// The program and its arguments; no shell comes in between.
    public var arguments: [String]
    /// The name of the file that its output becomes.
    public var file: String

    public init(arguments: [String], file: String) { (self.arguments, self.file) = (arguments, file) }
}

// Where a database server is, who we are to it, and how it is reached. No connection is made here.

public import HikaeCore

/// Which server, and so which programs, a database needs.
public enum DatabaseEngine: String, Sendable, CaseIterable {
    /// PostgreSQL: `pg_dump`, `pg_dumpall`, `psql`.
    case postgreSQL = "postgresql"
    /// MariaDB or MySQL: `mariadb-dump` and `mariadb`, or `mysqldump` and `mysql` where there are no such programs.
    case mariaDB = "mariadb"
}

/// How a database server is to be reached and what is wanted of it: for its source and for its destination.
public struct DatabaseSettings: Sendable {
    /// How the connection to the server is protected when it does not go through `via`.
    public enum Security: String, Sendable, CaseIterable {
        /// TLS if the server offers it, and without a check: for what never leaves a machine.
        case automatic
        /// No TLS: whoever is on the way can read everything and change it.
        case none
        /// TLS or no connection, and the server's certificate must be for this host and signed by an authority that
        /// `certificateAuthority` names or the system believes.
        case verified
    }

    public var engine: DatabaseEngine
    /// The host, as seen from where the tools run: from here, or from the host that `via` leads to. Nil for a socket.
    public var host: String?
    /// The port; nil for the engine's usual one.
    public var port: Int?
    /// The socket: for PostgreSQL the folder that it is in, for MariaDB its path. Nil for the programs' own default.
    public var socket: String?
    public var user: String
    /// Nil when the server asks for none, or the programs find it themselves (`~/.pgpass`, `~/.my.cnf`).
    public var password: SecretProvider?
    /// The one database that is meant; nil for every database of the server that the user may read.
    public var database: String?
    /// `ssh://user@host:port`, where the programs are to run instead of here. Nil to run them here.
    public var via: String?
    /// Values of `-o` for `ssh`, when there is a `via`.
    public var sshOptions: [String] = []
    /// The SSH client.
    public var sshProgram = "ssh"
    /// The folder that the database's programs are in, here or on the far side; nil to look in `PATH`.
    public var programs: String?
    /// Whether roles, accounts and their grants belong to it.
    public var includesGlobals = true
    public var security = Security.automatic
    /// A file of certificate authorities in PEM, for `.verified`; nil for the system's.
    public var certificateAuthority: String?

    public init(engine: DatabaseEngine, user: String) {
        self.engine = engine
        self.user = user
    }

    /// The address for people, without any secret: "postgresql://backup@db.example.jp/clinic".
    public var address: String {
        var text = "\(engine.rawValue)://\(user)@"
        if let socket { text += socket } else { text += host ?? "localhost" }
        if let port { text += ":\(port)" }
        text += "/\(database ?? "")"
        if let via { text += " via \(via)" }
        return text
    }
}

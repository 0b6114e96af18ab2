// The keys of sources: those of every source, and those of each kind.

extension PlanSection {
    /// The keys that every source has, whatever its kind.
    static let sourceKeys: [PlanKey] = [
        PlanKey("name", .name, "The source's name, unique in its system.", required: true),
        PlanKey("restore", .destination, "Where it goes back to when nobody says otherwise."),
        PlanKey("verdicts", .section(.verdicts), "Thresholds of its own."),
    ]

    /// A source of this kind.
    static func source(_ kind: SourceKindName) -> PlanSection {
        PlanSection(
            name: "\(kind.rawValue) source", summary: kind.summary,
            keys: [sourceKeys[0], kind.key] + kind.options + sourceKeys[1...])
    }

    /// A place of this kind that data is put back to.
    static func destination(_ kind: SourceKindName) -> PlanSection {
        PlanSection(
            name: "\(kind.rawValue) destination", summary: kind.summary, keys: [kind.key] + kind.destinationOptions)
    }
}

private let sshOptionKey = PlanKey(
    "ssh-options", .texts, "Options for ssh, as after its -o: ProxyJump=gate.example.jp.")
private let trustKey = PlanKey("trust", .section(.trust), "Which certificate is believed.")
private let excludeKey = PlanKey(
    "exclude", .texts, "Patterns of what is left out, as `hikae backup --exclude` has them.")

extension SourceKindName {
    /// Its own key, which holds where it is.
    var key: PlanKey {
        switch self {
        case .sftp: PlanKey(rawValue, .address(["sftp"]), "sftp://user@host:port/folder", required: true)
        case .ftp:
            PlanKey(
                rawValue, .address(["ftp", "ftps"]), "ftp://user@host/folder; ftps:// for TLS from the first byte.",
                required: true)
        case .imap:
            PlanKey(
                rawValue, .address(["imaps", "imap"]), "imaps://user@host, or imap:// for STARTTLS.", required: true)
        case .postgresql:
            PlanKey(
                rawValue, .address(["postgresql", "postgres"]),
                "postgresql://user@host:port/database; every database without one.", required: true)
        case .mariadb:
            PlanKey(
                rawValue, .address(["mariadb", "mysql"]),
                "mariadb://user@host:port/database; every database without one.", required: true)
        case .sqlite: PlanKey(rawValue, .path, "The database's file.", required: true)
        case .s3: PlanKey(rawValue, .address(["s3"]), "s3://bucket/prefix", required: true)
        case .files:
            PlanKey(rawValue, .pathOrPaths, "A file or folder of this machine, or a list of them.", required: true)
        case .command:
            PlanKey(
                rawValue, .texts, "The program and its arguments, as a list. No shell comes in between.", required: true
            )
        }
    }

    var summary: String {
        switch self {
        case .sftp: "A folder on a server that speaks SFTP."
        case .ftp: "A folder on a server that speaks FTP."
        case .imap: "A mail account."
        case .postgresql: "A PostgreSQL database, or all of a server."
        case .mariadb: "A MariaDB or MySQL database, or all of a server."
        case .sqlite: "An SQLite database on this machine."
        case .s3: "A bucket, or a part of one."
        case .files: "Files and folders of this machine."
        case .command: "What a program writes to its standard output."
        }
    }

    /// What may be said besides, of a source.
    var options: [PlanKey] {
        switch self {
        case .sftp:
            [
                PlanKey("identity", .path, "The private key to log in with; what ssh finds by itself when left out."),
                PlanKey("password", .secret, "Where the password is, for servers without keys."),
                sshOptionKey, PlanKey("program", .text, "The ssh program. ssh when left out."), excludeKey,
            ]
        case .ftp:
            [
                PlanKey("password", .secret, "Where the password is."),
                PlanKey(
                    "tls", .choice(PlanTLS.allCases.map(\.rawValue)),
                    "explicit (the default) asks the server for TLS before the password is sent, implicit begins with "
                        + "it, none sends everything in the open."),
                PlanKey(
                    "encoding", .choice(PlanEncoding.allCases.map(\.rawValue)),
                    "What file names are written in. auto when left out."),
                PlanKey("connections", .count(1...16), "Connections side by side. 4 when left out."), trustKey,
                excludeKey,
            ]
        case .imap:
            [
                PlanKey("password", .secret, "Where the password is, or the token for xoauth2.", required: true),
                PlanKey("user", .text, "The user, when it does not stand in the address."),
                PlanKey(
                    "tls", .choice(PlanTLS.allCases.map(\.rawValue)),
                    "implicit for imaps://, explicit (STARTTLS) for imap://; none only on this machine."),
                PlanKey(
                    "authentication", .choice(PlanAuthentication.allCases.map(\.rawValue)),
                    "How to log in. auto when left out."),
                PlanKey("mailboxes", .texts, "Patterns: only these mailboxes. All when left out."),
                PlanKey("exclude", .texts, "Patterns: not these mailboxes."),
                PlanKey("connections", .count(1...16), "Connections side by side. 3 when left out."), trustKey,
            ]
        case .postgresql, .mariadb:
            [
                PlanKey("password", .secret, "Where the password is."),
                PlanKey("socket", .path, "A socket of the database's machine, instead of a host."),
                PlanKey(
                    "via", .address(["ssh"]),
                    "ssh://user@host: the database's programs run there, for one that is not reachable from outside."),
                sshOptionKey,
                PlanKey("programs", .text, "The folder that the database's programs are in. PATH when left out."),
                PlanKey("globals", .flag, "Whether roles and grants are kept too. true when left out."),
                PlanKey(
                    "tls", .choice(PlanDatabaseTLS.allCases.map(\.rawValue)),
                    "explicit (the default, but on this machine) for TLS with a certificate that is believed; none sends "
                        + "everything in the open."),
                PlanKey("trust", .section(.authority), "Which certificate is believed."),
            ]
        case .sqlite: []
        case .s3:
            [
                PlanKey("endpoint", .address(["https", "http"]), "The server. Amazon's of the region when left out."),
                PlanKey("region", .text, "The region that requests are signed for. us-east-1 when left out."),
                PlanKey("access-key", .secret, "Where the key's ID is. Without it, requests are not signed."),
                PlanKey("secret-key", .secret, "Where the key's secret is."),
                PlanKey("session-token", .secret, "Where the token of a temporary key is."),
                PlanKey("path-style", .flag, "Whether the bucket stands in the path, not in the host's name."),
                PlanKey("versions", .flag, "Whether old versions are kept too. false when left out."),
                PlanKey(
                    "tags", .flag, "Whether tags are kept too, for one request more an object. false when left out."),
                PlanKey("connections", .count(1...64), "Requests side by side. 16 when left out."), trustKey,
            ]
        case .files: [excludeKey]
        case .command: [PlanKey("file", .text, "The name of the file that the output becomes.", required: true)]
        }
    }

    /// What may be said besides, of a destination: not what is left out of a capture.
    var destinationOptions: [PlanKey] {
        options.filter { !["exclude", "mailboxes", "versions", "tags", "globals"].contains($0.name) }
    }

    /// The kinds that can be restored to.
    static var destinations: [SourceKindName] { allCases.filter { $0 != .command } }
}

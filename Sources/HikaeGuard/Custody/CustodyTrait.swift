// What can be seen of a copy and compared with what is seen of another: two copies with an equal trait share something.

/// How copies end: what one hand, in one moment, can do to all that it reaches.
public enum CustodyFinger: String, Sendable, CaseIterable {
    /// One script or command: a disk, a machine or a folder that both stand on, or a login that reaches both.
    case script
    /// One key or credential.
    case key
    /// One contract, account or company.
    case bill
    /// One building.
    case building
    /// One person.
    case person
}

/// One thing that was seen of a copy.
public struct CustodyTrait: Sendable, Hashable {
    /// What it is.
    public enum Kind: String, Sendable, CaseIterable {
        /// A folder, wherever links and mounts lead.
        case folder
        case filesystem
        /// The disk under a filesystem.
        case disk
        /// What a network filesystem mounts: server and export.
        case export
        /// The machine that Hikae runs on, for copies in its own folders.
        case machine
        /// The name of a bucket. Names are everybody's: alone it proves nothing.
        case bucket
        /// Who owns a bucket, as the server says.
        case bucketOwner = "bucket-owner"
        case accessKey = "access-key"
        case hostKey = "host-key"
        case certificate
        /// An IP address and a port.
        case service
        /// An IP address.
        case address
        /// A server's name and port.
        case host
        /// The user that is logged in as, on the host of its key.
        case login
        case identity
        case repository
        /// A repository's key file, by its name.
        case repositoryKey = "repository-key"
        /// Where a repository's password is.
        case passwordPlace = "password-place"
        /// A repository's password, wherever it is kept: by a hash that nobody can ask of.
        case password
        /// A remote of rclone.
        case remote
    }

    public var kind: Kind
    /// What is compared. Never a secret.
    public var value: String
    /// What people see.
    public var shown: String

    /// - Parameter shown: nil for the value itself.
    public init(_ kind: Kind, _ value: String, shown: String? = nil) {
        (self.kind, self.value, self.shown) = (kind, value, shown ?? value)
    }

    public static func == (left: Self, right: Self) -> Bool { left.kind == right.kind && left.value == right.value }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        hasher.combine(value)
    }
}

extension CustodyTrait.Kind {
    /// The finger that ends every copy with an equal trait, and whether that is proved by the trait alone.
    var meaning: (finger: CustodyFinger, light: CustodyLight) {
        switch self {
        case .folder, .filesystem, .disk, .export, .machine, .hostKey, .certificate, .service, .remote: (.script, .red)
        case .login, .accessKey, .identity, .repository, .repositoryKey: (.key, .red)
        case .bucketOwner: (.bill, .red)
        case .host, .address: (.script, .amber)
        case .bucket, .passwordPlace, .password: (.key, .amber)
        }
    }
}

/// How things stand between two copies; the greater the worse.
public enum CustodyLight: String, Sendable, Comparable, CaseIterable {
    case green
    case amber
    case red

    public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

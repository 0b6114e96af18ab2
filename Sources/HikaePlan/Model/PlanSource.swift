// A source of a plan: its name, its kind with the options of that kind, and where it goes back to.

/// One place that a system's data is read from.
public struct PlanSource: Sendable, Equatable {
    /// Unique in its system; stands in paths and tags.
    public var name: String
    public var kind: PlanSourceKind
    /// Where a restore goes when nobody says otherwise; nil: it has to be said.
    public var restore: PlanDestination?
    /// The system's thresholds, with what the source says itself.
    public var verdicts: VerdictThresholds
    public var places: PlanPlaces

    public init(
        name: String, kind: PlanSourceKind, restore: PlanDestination? = nil,
        verdicts: VerdictThresholds = VerdictThresholds(), places: PlanPlaces = PlanPlaces()
    ) {
        (self.name, self.kind, self.restore, self.verdicts) = (name, kind, restore, verdicts)
        self.places = places
    }
}

/// A place that data can be put back to. Its options are all its own: nothing is taken over from the source, so that
/// the password of one server never reaches another.
public struct PlanDestination: Sendable, Equatable {
    /// Never `.command`. `.files` has exactly one path: the folder.
    public var kind: PlanSourceKind
    public var places: PlanPlaces

    public init(kind: PlanSourceKind, places: PlanPlaces = PlanPlaces()) {
        (self.kind, self.places) = (kind, places)
    }
}

/// What a source is, with the options that its kind has. Paths are absolute; secrets are references.
public enum PlanSourceKind: Sendable, Equatable {
    case sftp(SFTPPlan)
    case ftp(FTPPlan)
    case imap(IMAPPlan)
    case postgresql(DatabasePlan)
    case mariadb(DatabasePlan)
    case sqlite(SQLitePlan)
    case s3(S3Plan)
    case files(FilesPlan)
    case command(CommandPlan)

    /// The key that names the kind in a plan.
    public var name: SourceKindName {
        switch self {
        case .sftp: .sftp
        case .ftp: .ftp
        case .imap: .imap
        case .postgresql: .postgresql
        case .mariadb: .mariadb
        case .sqlite: .sqlite
        case .s3: .s3
        case .files: .files
        case .command: .command
        }
    }
}

/// The keys that name a source's kind, one a source.
public enum SourceKindName: String, Sendable, CaseIterable {
    case sftp, ftp, imap, postgresql, mariadb, sqlite, s3, files, command

    /// Whether what it holds is a tree of files that any other such place can take.
    public var isFileTree: Bool { self == .sftp || self == .ftp || self == .s3 || self == .files }
}

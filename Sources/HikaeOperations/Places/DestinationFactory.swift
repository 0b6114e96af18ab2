// From a plan's place to the destination itself, whatever its kind.

public import HikaeCore
import HikaeDatabase
public import HikaeDestination
import HikaeFTP
import HikaeMail
public import HikaePlan
import HikaeS3
import HikaeSFTP

/// Makes destinations.
public enum DestinationFactory {
    /// The destination that a plan means. Connects to nothing and fetches no secret.
    ///
    /// Throws `.unsupported` for what cannot be written back to.
    public static func destination(_ kind: PlanSourceKind) throws(HikaeError) -> any Destination {
        switch kind {
        case .sftp(let plan): return SFTPDestination(SFTPSettings(plan))
        case .files(let plan):
            guard plan.paths.count == 1, let path = plan.paths.first else {
                throw HikaeError(
                    .unsupported, "files of several folders cannot be put back at once",
                    hint: "Name one folder as the target.")
            }
            return FolderDestination(path)
        case .command:
            throw HikaeError(
                .unsupported, "what a program printed has no place to go back to",
                hint: "Restore it into a folder.")
        case .ftp(let plan): return FTPDestination(FTPSettings(plan))
        case .imap(let plan): return IMAPDestination(IMAPSettings(plan))
        case .postgresql(let plan): return DatabaseDestination(DatabaseSettings(plan, engine: .postgreSQL))
        case .mariadb(let plan): return DatabaseDestination(DatabaseSettings(plan, engine: .mariaDB))
        case .sqlite(let plan): return SQLiteDestination(SQLiteSettings(path: plan.path))
        case .s3(let plan): return S3Destination(S3Settings(plan))
        }
    }
}

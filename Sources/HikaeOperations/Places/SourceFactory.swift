// From a plan's source to the source itself, whatever its kind.

public import HikaeCore
import HikaeDatabase
import HikaeFTP
import HikaeMail
public import HikaePlan
import HikaeS3
import HikaeSFTP
public import HikaeSource

/// Makes sources.
public enum SourceFactory {
    /// The source that a plan means. Connects to nothing and fetches no secret.
    public static func source(_ kind: PlanSourceKind) throws(HikaeError) -> any CaptureSource {
        switch kind {
        case .sftp(let plan): return SFTPSource(SFTPSettings(plan))
        case .files(let plan): return FilesSource(paths: plan.paths, excludes: plan.excludes)
        case .command(let plan): return ProgramSource(arguments: plan.arguments, file: plan.file)
        case .ftp(let plan): return FTPSource(FTPSettings(plan))
        case .sqlite(let plan): return SQLiteSource(SQLiteSettings(path: plan.path))
        case .imap(let plan): return IMAPSource(IMAPSettings(plan))
        case .postgresql(let plan): return DatabaseSource(DatabaseSettings(plan, engine: .postgreSQL))
        case .mariadb(let plan): return DatabaseSource(DatabaseSettings(plan, engine: .mariaDB))
        case .s3(let plan): return S3Source(S3Settings(plan))
        }
    }
}

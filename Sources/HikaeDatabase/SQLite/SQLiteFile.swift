// SQLite files through the library: opened, copied as they are at one moment, counted. The only place that speaks to it.

import GRDB
import HikaeCore
import HikaeSource

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What is done with SQLite databases, with errors in our words.
enum SQLiteFile {
    /// Opens a database. `SQLITE_OPEN_CREATE` only where `writes`.
    static func open(_ path: String, writes: Bool = false, patience: Double) throws(HikaeError) -> DatabaseQueue {
        if !writes, access(path, F_OK) != 0 { throw .system("open", path) }
        var configuration = Configuration()
        configuration.readonly = !writes
        configuration.busyMode = .timeout(patience)
        configuration.label = "hikae"
        // What a file's own views, triggers and defaults call must be harmless, whoever wrote them.
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA trusted_schema = OFF") }
        return try calling(path) { try DatabaseQueue(path: path, configuration: configuration) }
    }

    /// Copies a database by SQLite's own backup: the copy is what the source was at one moment, whoever writes to it
    /// meanwhile. What the destination held is replaced, in one transaction.
    static func copy(_ source: DatabaseQueue, to destination: DatabaseQueue, _ path: String) throws(HikaeError) {
        try calling(path) { try source.backup(to: destination) }
    }

    /// The names of tables that have rows of their own, sorted.
    static func tables(_ database: Database) throws -> [String] {
        try String.fetchAll(
            database,
            sql: """
                SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0 AND name NOT LIKE 'sqlite\\_%'
                ESCAPE '\\' ORDER BY name
                """)
    }

    /// Rows of each table. Throws `.damaged` when the database does not pass SQLite's own check.
    static func rows(_ queue: DatabaseQueue, _ path: String) throws(HikaeError) -> [(table: String, rows: UInt64)] {
        try calling(path) {
            try queue.read { database in
                let verdict = try String.fetchOne(database, sql: "PRAGMA quick_check(1)") ?? ""
                guard verdict == "ok" else { throw damaged(path, verdict) }
                return try tables(database).map { table in
                    let count = try Int64.fetchOne(database, sql: "SELECT count(*) FROM \(quoted(table))") ?? 0
                    return (table, UInt64(clamping: count))
                }
            }
        }
    }

    /// A name in quotes.
    static func quoted(_ name: String) -> String {
        "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    static func damaged(_ path: String, _ reason: String) -> HikaeError {
        HikaeError(
            .damaged, "\(path) is damaged: \(reason)",
            hint:
                "Ask SQLite about it (`sqlite3 FILE \"PRAGMA integrity_check\"`), and restore it from an older capture."
        )
    }

    /// Runs `body` and puts SQLite's errors into ours.
    static func calling<Result>(_ path: String, _ body: () throws -> Result) throws(HikaeError) -> Result {
        do {
            return try body()
        } catch let error as HikaeError {
            throw error
        } catch let error as DatabaseError {
            let said = error.message ?? "error \(error.resultCode.rawValue)"
            switch error.resultCode {
            case .SQLITE_NOTADB: throw HikaeError(.damaged, "\(path) is no SQLite database: \(said)")
            case .SQLITE_CORRUPT: throw damaged(path, said)
            case .SQLITE_BUSY, .SQLITE_LOCKED:
                throw HikaeError(
                    .locked, "\(path) is locked by another program: \(said)",
                    hint: "Try again when that program is done, or have it leave its transaction.", isRetryable: true)
            case .SQLITE_FULL: throw HikaeError(.noSpace, "there is no space to write \(path): \(said)")
            case .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_AUTH:
                throw HikaeError(.permission, "\(path) may not be opened: \(said)")
            case .SQLITE_CANTOPEN: throw HikaeError(.permission, "\(path) cannot be opened: \(said)")
            default: throw HikaeError(.inputOutput, "SQLite failed with \(path): \(said)")
            }
        } catch {
            throw HikaeError(.inputOutput, "SQLite failed with \(path): \(error)")
        }
    }
}

/// A folder of ours for a copy that is being made, gone when released.
final class SQLiteScratch {
    let folder: String
    /// The copy's path.
    var path: String { "\(folder)/copy.db" }

    /// Makes a folder in `parent`, or in `TMPDIR`.
    init(in parent: String? = nil) throws(HikaeError) {
        let place = parent ?? getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(place)/.hikae-sqlite-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw .system("make a folder in", place) }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for ending in ["", "-wal", "-shm", "-journal"] { unlink(path + ending) }
        rmdir(folder)
    }
}

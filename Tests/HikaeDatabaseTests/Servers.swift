// The real servers of these tests, each started once, and their own programs as witnesses.

import HikaeCore
import HikaeDatabase
import HikaeSource
import HikaeTesting
import Testing

/// A practice server and how these tests talk to it: with the database's own client, not with ours.
struct TestServer: Sendable {
    let engine: DatabaseEngine
    let server: PracticeServer

    static let postgreSQL = Result { TestServer(engine: .postgreSQL, server: try PracticeServer("postgresql")) }
    static let mariaDB = Result { TestServer(engine: .mariaDB, server: try PracticeServer("mariadb")) }
    /// A second server of each kind, that data are brought back to.
    static let otherPostgreSQL = Result { TestServer(engine: .postgreSQL, server: try PracticeServer("postgresql")) }
    static let otherMariaDB = Result { TestServer(engine: .mariaDB, server: try PracticeServer("mariadb")) }

    static func of(_ engine: DatabaseEngine) throws -> TestServer {
        try engine == .postgreSQL ? postgreSQL.get() : mariaDB.get()
    }

    static func other(_ engine: DatabaseEngine) throws -> TestServer {
        try engine == .postgreSQL ? otherPostgreSQL.get() : otherMariaDB.get()
    }

    /// Settings for the account for backups, over TCP with its password.
    func settings(_ database: String?) -> DatabaseSettings {
        settings(database, user: server.text("user"), password: server.text("password"))
    }

    func superSettings(_ database: String?) -> DatabaseSettings {
        settings(database, user: server.text("superuser"), password: server.text("superuser_password"))
    }

    func settings(_ database: String?, user: String, password: String) -> DatabaseSettings {
        var settings = DatabaseSettings(engine: engine, user: user)
        settings.host = "127.0.0.1"
        settings.port = server.port()
        settings.database = database
        settings.password = { () throws(HikaeError) in Secret(password) }
        return settings
    }

    /// Runs SQL as the superuser, in a database.
    @discardableResult
    func sql(_ text: String, in database: String? = nil) throws -> String {
        var command: Command
        switch engine {
        case .postgreSQL:
            command = Command(
                "psql",
                ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", "dbname='\(database ?? "postgres")'"]
                    + superuserWords())
        case .mariaDB:
            command = Command(
                "mariadb",
                superuserWords() + ["--batch", "--skip-column-names"] + (database.map { ["--database=\($0)"] } ?? []))
        }
        command.environment = environment
        command.input = Array(text.utf8)
        return try command.succeed().text
    }

    /// Starts SQL that holds on to something, as the superuser.
    func startSQL(_ text: String, in database: String) throws -> RunningCommand {
        var command = Command(
            engine == .postgreSQL ? "psql" : "mariadb",
            engine == .postgreSQL
                ? ["-X", "-q", "-d", database] + superuserWords() : superuserWords() + [database])
        command.environment = environment
        command.input = Array(text.utf8)
        return try command.start()
    }

    private func superuserWords() -> [String] {
        switch engine {
        case .postgreSQL:
            ["-h", server.text("socket"), "-p", String(server.port()), "-U", server.text("superuser")]
        case .mariaDB:
            [
                "--no-defaults", "--socket=\(server.text("socket"))", "--user=\(server.text("superuser"))",
                "--default-character-set=utf8mb4",
            ]
        }
    }

    private var environment: [String: String?] {
        engine == .mariaDB ? ["MYSQL_PWD": server.text("superuser_password")] : [:]
    }

    /// The dump as an administrator makes it, without what differs from run to run.
    func dump(_ database: String) throws -> String {
        var command =
            engine == .postgreSQL
            ? Command("pg_dump", superuserWords() + ["-d", database])
            : Command(
                "mariadb-dump",
                superuserWords() + [
                    "--single-transaction", "--routines", "--triggers", "--events", "--hex-blob", "--skip-dump-date",
                    database,
                ])
        command.environment = environment
        return try command.succeed().text.split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.hasPrefix("\\restrict ") && !$0.hasPrefix("\\unrestrict ") && !$0.hasPrefix("-- Host:") }
            .joined(separator: "\n")
    }

    /// Makes a database anew, with everything of `sql` in it, and one that the account for backups may read.
    func make(_ database: String, _ text: String) throws {
        try drop(database)
        switch engine {
        case .postgreSQL:
            try sql("CREATE DATABASE \"\(database)\" TEMPLATE template0 ENCODING 'UTF8'")
        case .mariaDB:
            try sql("CREATE DATABASE `\(database)` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
        }
        try sql(text, in: database)
    }

    func drop(_ database: String) throws {
        switch engine {
        case .postgreSQL: try sql("DROP DATABASE IF EXISTS \"\(database)\" WITH (FORCE)")
        case .mariaDB: try sql("DROP DATABASE IF EXISTS `\(database)`")
        }
    }
}

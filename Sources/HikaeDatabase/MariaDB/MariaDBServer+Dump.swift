// The dump, as near to one moment as the server allows, and the accounts.

import HikaeCore
import HikaeSource

extension MariaDBServer {
    /// The server cannot lend a transaction's view to another connection. So one that counts begins its own, the dump
    /// begins right after, and what is counted belongs to a moment just before the dump's.
    func dump(_ database: String) throws(HikaeError) -> RunningDump {
        let session = try connect(database)
        try session.run(
            "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT")
        let tables = try tables(session, database)
        let process = try place.start(ToolCall(dumpProgram, dumpWords() + ["--", database], secret: try secret()))
        var notes: [String] = []
        let others = try session.rows(
            """
            SELECT table_name, engine FROM information_schema.tables WHERE table_schema = \(Self.literal(database))
            AND table_type = 'BASE TABLE' AND engine NOT IN ('InnoDB', 'RocksDB') ORDER BY table_name
            """, columns: 2)
        if !others.isEmpty {
            let list = others.prefix(20).map { "\($0[0]) (\($0[1]))" }.joined(separator: ", ")
            notes.append("without transactions, so read as they were when their turn came: \(list)")
        }
        let server = self
        let counting = Counting(session) { session throws(HikaeError) in
            try server.count(tables, session, database)
        }
        counting.start()
        return RunningDump(
            process: process, session: session,
            counted: { () throws(HikaeError) in try counting.value() },
            countedLater: { () throws(HikaeError) in
                try session.run("COMMIT")
                return try server.count(tables, session, database)
            }, notes: notes)
    }

    /// Small statements: where one row changes, the places where statements end fall back into step soon, so that the
    /// next dump is the same again. A transaction a table makes up for it when they are read in.
    private func dumpWords() -> [String] {
        var words = connection()
        words += ["--single-transaction", "--quick", "--routines", "--triggers", "--events", "--hex-blob"]
        words += ["--skip-dump-date", "--no-tablespaces", "--no-autocommit", "--max-allowed-packet=1G"]
        words.append("--net-buffer-length=16384")
        if isMySQLProgram, let said = try? place.output(ToolCall(dumpProgram, ["--version"])),
            !String(decoding: said, as: UTF8.self).contains("MariaDB")
        {
            words += ["--set-gtid-purged=OFF", "--column-statistics=0"]
        }
        return words
    }

    func creation(_ database: String) throws(HikaeError) -> [UInt8] {
        let session = try connect(database)
        defer { session.close() }
        let rows = try session.rows("SHOW CREATE DATABASE IF NOT EXISTS \(Self.quoted(database))", columns: 2)
        return Array("\(rows.first?[1] ?? "");\n".utf8)
    }

    /// Accounts that belong to the server itself, or to whoever runs it: a restore must not touch them elsewhere.
    private static let ownAccounts: Set<String> = [
        "", "root", "mysql", "mariadb.sys", "mysql.sys", "mysql.session", "mysql.infoschema", "debian-sys-maint",
        "PUBLIC",
    ]

    func globals(_ session: SQLSession) throws(HikaeError) -> (sql: [UInt8], notes: [String]) {
        do throws(HikaeError) {
            return try accounts()
        } catch  where error.code == .permission || error.code == .accessDenied {
            // Only what the user may see of itself.
            let lines = try session.rows("SHOW GRANTS", columns: 1).map { Self.withoutPassword($0[0]) + ";" }
            let note = "\(settings.user) may not read the accounts (SELECT on mysql.*): grants.sql has only its own"
            return (Array(("-- " + note + "\n" + lines.joined(separator: "\n") + "\n").utf8), [note])
        }
    }

    private func accounts() throws(HikaeError) -> (sql: [UInt8], notes: [String]) {
        let session = try connect(nil)
        defer { session.close() }
        let isMariaDB = try session.value("SELECT VERSION()").contains("MariaDB")
        // Otherwise MySQL 8 prints passwords' hashes as bytes that no text can hold.
        if !isMariaDB { try session.run("/*!80017 SET SESSION print_identified_with_as_hex = ON */") }
        let role = isMariaDB ? "is_role" : "'N'"
        let found = try session.rows("SELECT User, Host, \(role) FROM mysql.user ORDER BY User, Host", columns: 3)
        var made: [String] = []
        var granted: [String] = []
        for row in found where !Self.ownAccounts.contains(row[0]) {
            let isRole = row[2] == "Y"
            let name = isRole ? Self.literal(row[0]) : "\(Self.literal(row[0]))@\(Self.literal(row[1]))"
            if isRole {
                made.insert("CREATE ROLE IF NOT EXISTS \(name);", at: 0)
            } else {
                let said = try session.value("SHOW CREATE USER \(name)")
                let rest = said.hasPrefix("CREATE USER ") ? said.dropFirst("CREATE USER ".count) : said[...]
                made.append("CREATE USER IF NOT EXISTS \(rest);")
            }
            for line in try session.rows("SHOW GRANTS FOR \(name)", columns: 1) {
                granted.append(Self.withoutPassword(line[0]) + ";")
            }
        }
        let head = "-- Accounts, roles and grants. The server's own accounts (root and the like) are left out.\n"
        return (Array((head + (made + granted).joined(separator: "\n") + "\n").utf8), [])
    }

    /// A grant that leaves the account's password as it is.
    static func withoutPassword(_ grant: String) -> String {
        let bytes = Array(grant.utf8)
        let mark = Array(" IDENTIFIED ".utf8)
        guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: mark) }) else { return grant }
        // What comes behind it is of use: REQUIRE and WITH, outside of quotes.
        var end = bytes.count
        var isQuoted = false
        for place in (start + mark.count)..<max(start + mark.count, bytes.count) {
            if bytes[place] == UInt8(ascii: "'") { isQuoted.toggle() }
            let rest = bytes[place...]
            if !isQuoted, rest.starts(with: " WITH ".utf8) || rest.starts(with: " REQUIRE ".utf8) {
                end = place
                break
            }
        }
        return String(decoding: bytes[..<start] + bytes[end...], as: UTF8.self)
    }
}

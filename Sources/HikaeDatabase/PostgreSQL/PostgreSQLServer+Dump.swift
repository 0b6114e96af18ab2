// The dump: its snapshot, the counting in it, and the programs that write it.

import HikaeCore
import HikaeSource

extension PostgreSQLServer {
    /// A session that exports its snapshot counts first, then pg_dump reads in the same snapshot: the counts are those
    /// of exactly the rows that are dumped.
    func dump(_ database: String) throws(HikaeError) -> RunningDump {
        let session = try connect(database)
        try session.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        let snapshot = try session.value("SELECT pg_export_snapshot()")
        let counted = try count(tables(session, database), session, database)
        let call = ToolCall(
            dumpProgram,
            [
                "-w", "--no-tablespaces", "--lock-wait-timeout=300000", "--snapshot=\(snapshot)", "-d",
                connection(database),
            ], secret: try secret())
        return RunningDump(
            process: try place.start(call), session: session, counted: { () throws(HikaeError) in counted })
    }

    func creation(_ database: String) throws(HikaeError) -> [UInt8] {
        // With every schema left out, what is left is the database itself: its locale, owner, settings and grants.
        try place.output(
            ToolCall(
                dumpProgram,
                ["-w", "--create", "--schema-only", "-N", "*", "--no-tablespaces", "-d", connection(database)],
                secret: try secret()))
    }

    func globals(_ session: SQLSession) throws(HikaeError) -> (sql: [UInt8], notes: [String]) {
        let seesPasswords = try session.value("SELECT has_table_privilege('pg_authid', 'SELECT')::int") == "1"
        var arguments = ["-w", "--globals-only", "--no-tablespaces"]
        if !seesPasswords { arguments.append("--no-role-passwords") }
        // pg_dumpall takes a name with this sign for a whole address, so it is left to find a database by itself.
        if let name = settings.database, !name.contains("=") { arguments += ["-l", name] }
        arguments += ["-d", connection(settings.database ?? "postgres")]
        let sql = try place.output(ToolCall("pg_dumpall", arguments, secret: try secret()), limit: 64 << 20)
        let note =
            "\(settings.user) may not read the roles' passwords: roles.sql is without them, and they are to be set anew"
        return (sql, seesPasswords ? [] : [note])
    }
}

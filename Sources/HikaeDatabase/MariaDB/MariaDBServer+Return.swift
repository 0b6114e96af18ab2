// The way back into MariaDB and MySQL.

import HikaeCore
import HikaeSource

extension MariaDBServer {
    func startClient(_ database: String?, stopsAtErrors: Bool) throws(HikaeError) -> ChildProcess {
        var arguments = clientWords()
        if !stopsAtErrors { arguments.append("--force") }
        if let database { arguments.append("--database=\(database)") }
        var call = ToolCall(clientProgram, arguments, secret: try secret())
        call.takesInput = true
        return try place.start(call)
    }

    func complete(_ client: ChildProcess) throws(HikaeError) { try place.finish(client, clientProgram) }

    func connectAnywhere() throws(HikaeError) -> SQLSession { try session(in: nil) }

    func create(_ database: String, script: [UInt8]?, _ session: SQLSession) throws(HikaeError) {
        var how = " CHARACTER SET utf8mb4"
        let prefix = Array("CREATE DATABASE ".utf8)
        let exists = Array("/*!32312 IF NOT EXISTS*/ ".utf8)
        for statement in SQLStatements(escapes: true).split(script ?? []).map({ Array($0.utf8) })
        where statement.starts(with: prefix) {
            var rest = statement.dropFirst(prefix.count)
            if rest.starts(with: exists) { rest = rest.dropFirst(exists.count) }
            var reader = QuotedName(bytes: rest, mark: 0x60)
            if reader.next() != nil { how = String(decoding: reader.bytes, as: UTF8.self) }
        }
        try session.run("CREATE DATABASE \(Self.quoted(database))\(how)")
    }

    func settings(of script: [UInt8]) -> [String] { [] }

    var exchange: (@Sendable (_ new: String, _ old: String, _ session: SQLSession) throws(HikaeError) -> Void)? {
        nil
    }

    func drop(_ database: String, _ session: SQLSession) throws(HikaeError) {
        try session.run("DROP DATABASE \(Self.quoted(database))")
    }

    func fitting(_ globals: [UInt8], _ session: SQLSession) throws(HikaeError) -> [String] {
        // Accounts are made if they are missing, and grants leave passwords alone.
        SQLStatements(escapes: true).split(globals)
    }

    func needsTables(_ statement: String) -> Bool { statement.hasPrefix("GRANT ") }

    func fill(_ target: String, from origin: String, _ missing: [TableName], _ present: [TableName])
        throws(HikaeError) -> UInt64
    {
        let session = try connect(origin)
        defer { session.close() }
        try session.run("SET FOREIGN_KEY_CHECKS = 0", "SET UNIQUE_CHECKS = 0")
        var rows: UInt64 = 0
        for table in present { rows += try fillRows(of: table.parts[0], target, from: origin, session) }
        guard !missing.isEmpty else { return rows }
        let names = missing.map { $0.parts[0] }
        let dump = try place.start(
            ToolCall(
                dumpProgram,
                connection() + ["--single-transaction", "--quick", "--triggers", "--hex-blob", "--no-tablespaces"]
                    + ["--max-allowed-packet=1G", "--", origin] + names, secret: try secret()))
        let client = try startClient(target, stopsAtErrors: true)
        try place.pump(dump, into: client, clientProgram)
        try place.finish(dump, dumpProgram)
        try complete(client)
        for counted in try count(missing, session, origin) { rows += counted.rows }
        return rows
    }

    /// Rows whose primary key the target lacks. A table whose triggers would act on them is left as it is: the server
    /// cannot keep them quiet.
    private func fillRows(of table: String, _ target: String, from origin: String, _ session: SQLSession)
        throws(HikaeError) -> UInt64
    {
        let condition = "table_schema = \(Self.literal(origin)) AND table_name = \(Self.literal(table))"
        let key = try session.rows(
            "SELECT column_name FROM information_schema.key_column_usage WHERE constraint_name = 'PRIMARY' AND "
                + condition + " ORDER BY ordinal_position", columns: 1
        ).map { Self.quoted($0[0]) }
        let triggers = try session.value(
            """
            SELECT COUNT(*) FROM information_schema.triggers WHERE event_manipulation = 'INSERT'
            AND event_object_schema = \(Self.literal(target)) AND event_object_table = \(Self.literal(table))
            """)
        guard !key.isEmpty, triggers == "0" else { return 0 }
        let columns = try session.rows(
            "SELECT column_name FROM information_schema.columns WHERE \(condition)"
                + " AND extra NOT LIKE '%GENERATED%' ORDER BY ordinal_position", columns: 1
        ).map { Self.quoted($0[0]) }.joined(separator: ", ")
        let into = "\(Self.quoted(target)).\(Self.quoted(table))"
        let same = key.map { "there.\($0) = here.\($0)" }.joined(separator: " AND ")
        let text = try session.value(
            """
            INSERT INTO \(into) (\(columns)) SELECT \(columns) FROM \(Self.quoted(origin)).\(Self.quoted(table)) here
            WHERE NOT EXISTS (SELECT 1 FROM \(into) there WHERE \(same)); SELECT ROW_COUNT()
            """)
        return UInt64(text) ?? 0
    }
}

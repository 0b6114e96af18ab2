// The way back into PostgreSQL: clients that take a dump, databases made and dropped, roles that fit.

import HikaeCore
import HikaeSource

extension PostgreSQLServer {
    func startClient(_ database: String?, stopsAtErrors: Bool) throws(HikaeError) -> ChildProcess {
        let database = database ?? "postgres"
        try restriction.check { () throws(HikaeError) in
            let client = try start(database, stopsAtErrors: true)
            try place.finish(client, clientProgram)
        }
        let client = try start(database, stopsAtErrors: stopsAtErrors)
        // Not psql's own --single-transaction: that commits whatever came before its input ended.
        if stopsAtErrors { try write("BEGIN;\n", to: client) }
        return client
    }

    func complete(_ client: ChildProcess) throws(HikaeError) {
        try write("COMMIT;\n", to: client)
        try place.finish(client, clientProgram)
    }

    /// Starts psql so that nothing it reads from here on can be a command to psql itself.
    private func start(_ database: String, stopsAtErrors: Bool) throws(HikaeError) -> ChildProcess {
        var arguments = ["-X", "-q", "-w", "-o", "/dev/null", "-v", "VERBOSITY=terse"]
        if stopsAtErrors { arguments += ["-v", "ON_ERROR_STOP=1"] }
        arguments += ["-d", connection(database)]
        var call = ToolCall(clientProgram, arguments, secret: try secret())
        call.takesInput = true
        let client = try place.start(call)
        try write("\\restrict \(Restriction.key())\n", to: client)
        return client
    }

    func connectAnywhere() throws(HikaeError) -> SQLSession {
        let names = ["postgres", "template1"] + [settings.database].compactMap { $0 }
        var first: HikaeError?
        for name in names {
            do throws(HikaeError) {
                return try connect(name)
            } catch {
                if error.code == .accessDenied || error.code == .unreachable { throw error }
                if first == nil { first = error }
            }
        }
        throw first ?? HikaeError(.notFound, "\(settings.address) has no database to connect to")
    }

    func create(_ database: String, script: [UInt8]?, _ session: SQLSession) throws(HikaeError) {
        var how = " TEMPLATE template0 ENCODING 'UTF8'"
        let prefix = "CREATE DATABASE "
        for statement in SQLStatements(escapes: false).split(script ?? []) where statement.hasPrefix(prefix) {
            var reader = QuotedName(bytes: Array(statement.utf8)[prefix.utf8.count...], mark: UInt8(ascii: "\""))
            if reader.next() != nil { how = String(decoding: reader.bytes, as: UTF8.self) }
        }
        // It goes through psql, to which a backslash begins a command.
        guard !how.utf8.contains(UInt8(ascii: "\\")) else {
            throw HikaeError(.refused, "what the snapshot says of how to make \(database) is not what pg_dump writes")
        }
        try session.run("CREATE DATABASE \(Self.quoted(database))\(how)")
    }

    func settings(of script: [UInt8]) -> [String] {
        SQLStatements(escapes: false).split(script).filter { statement in
            let isAboutIt = statement.contains(" DATABASE ")
            return isAboutIt && ["ALTER ", "GRANT ", "REVOKE ", "COMMENT "].contains { statement.hasPrefix($0) }
        }
    }

    var exchange: (@Sendable (_ new: String, _ old: String, _ session: SQLSession) throws(HikaeError) -> Void)? {
        let server = self
        return { new, old, session throws(HikaeError) in
            try server.drop(old, session)
            try session.run("ALTER DATABASE \(Self.quoted(new)) RENAME TO \(Self.quoted(old))")
        }
    }

    func drop(_ database: String, _ session: SQLSession) throws(HikaeError) {
        let number = UInt64(try session.value("SHOW server_version_num")) ?? 0
        try session.run("DROP DATABASE \(Self.quoted(database))\(number >= 130_000 ? " WITH (FORCE)" : "")")
    }

    func fitting(_ globals: [UInt8], _ session: SQLSession) throws(HikaeError) -> [String] {
        let there = Set(try session.rows("SELECT rolname FROM pg_roles", columns: 1).map { $0[0] })
        return SQLStatements(escapes: false).split(globals).filter { statement in
            guard let role = Self.role(in: statement) else { return true }
            return !there.contains(role)
        }
    }

    func needsTables(_ statement: String) -> Bool { false }

    /// The role that a statement of pg_dumpall makes, or whose attributes, password or settings it sets.
    static func role(in statement: String) -> String? {
        let bytes = Array(statement.utf8)
        for prefix in ["CREATE ROLE ", "ALTER ROLE "] where bytes.starts(with: prefix.utf8) {
            var reader = QuotedName(bytes: bytes[prefix.utf8.count...], mark: UInt8(ascii: "\""))
            if let name = reader.next() { return name }
        }
        return nil
    }

    func fill(_ target: String, from origin: String, _ missing: [TableName], _ present: [TableName])
        throws(HikaeError) -> UInt64
    {
        let from = try connect(origin)
        defer { from.close() }
        var rows: UInt64 = 0
        for table in present { rows += try fillRows(of: table, target, from: origin, from) }
        guard !missing.isEmpty else { return rows }
        let into = try connect(target)
        for schema in Set(missing.map { $0.parts[0] }).sorted() {
            try into.run("CREATE SCHEMA IF NOT EXISTS \(Self.quoted(schema))")
        }
        into.close()
        var arguments = ["-w", "--no-tablespaces", "-d", connection(origin)]
        for table in missing { arguments += ["-t", Self.quoted(table)] }
        let dump = try place.start(ToolCall(dumpProgram, arguments, secret: try secret()))
        let client = try startClient(target, stopsAtErrors: true)
        var filter = DumpFilter(makeScanner(takesFingerprints: false))
        try place.pump(dump, into: client, clientProgram, through: &filter)
        try place.finish(dump, dumpProgram)
        try complete(client)
        for counted in try count(missing, from, origin) { rows += counted.rows }
        return rows
    }

    /// Rows that the target lacks by their keys. Triggers stay quiet: what they did once is in the other tables.
    private func fillRows(of table: TableName, _ target: String, from origin: String, _ session: SQLSession)
        throws(HikaeError) -> UInt64
    {
        let name = Self.quoted(table)
        let literal = Self.literal(name)
        let hasKey = try session.value(
            "SELECT count(*) FROM pg_index WHERE indrelid = \(literal)::regclass AND indisunique AND indpred IS NULL")
        guard hasKey != "0" else { return 0 }
        let columns = try session.rows(
            """
            SELECT attname FROM pg_attribute WHERE attrelid = \(literal)::regclass AND attnum > 0
            AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
            """, columns: 1
        ).map { Self.quoted($0[0]) }.joined(separator: ", ")
        let copy = ToolCall(
            clientProgram,
            ["-X", "-q", "-w", "-d", connection(origin), "-c", "COPY \(name) (\(columns)) TO STDOUT"],
            secret: try secret())
        let reader = try place.start(copy)
        let into = try connect(target)
        let before = UInt64(try into.value("SELECT count(*) FROM ONLY \(name)")) ?? 0
        let client = try startClient(target, stopsAtErrors: true)
        try write(
            """
            SET session_replication_role = replica;
            CREATE TEMPORARY TABLE hikae_rows (LIKE \(name)) ON COMMIT DROP;
            COPY pg_temp.hikae_rows (\(columns)) FROM STDIN;

            """, to: client)
        try place.pump(reader, into: client, clientProgram)
        try place.finish(reader, clientProgram)
        try write(
            """
            \\.
            INSERT INTO \(name) (\(columns)) OVERRIDING SYSTEM VALUE
            SELECT \(columns) FROM pg_temp.hikae_rows ON CONFLICT DO NOTHING;

            """, to: client)
        try complete(client)
        let after = UInt64(try into.value("SELECT count(*) FROM ONLY \(name)")) ?? before
        into.close()
        return after - min(before, after)
    }

    private func write(_ text: String, to client: ChildProcess) throws(HikaeError) {
        do throws(HikaeError) {
            try Array(text.utf8).withBytes { bytes throws(HikaeError) in try client.write(bytes) }
        } catch {
            throw place.failure(of: client, clientProgram)
        }
    }
}

// PostgreSQL through psql, pg_dump and pg_dumpall.

import HikaeCore
import HikaeSource

/// A PostgreSQL server.
struct PostgreSQLServer: DatabaseServer {
    let settings: DatabaseSettings
    let place: ToolPlace
    let dumpProgram = "pg_dump"
    let clientProgram = "psql"
    let endMark = "-- PostgreSQL database dump complete"
    let countingNote = "rows were counted by the server in the dump's own snapshot, and in the dump as it passed"
    let globalsFile = "roles.sql"
    /// What a verified connection believes.
    private let authority: String?
    let restriction = Restriction()

    init(_ settings: DatabaseSettings) throws(HikaeError) {
        self.settings = settings
        place = try ToolPlace(settings)
        authority = try AuthorityFile.path(settings)
    }

    func makeScanner(takesFingerprints: Bool) -> any DumpScanner { CopyScanner(takesFingerprints: takesFingerprints) }

    // MARK: Connections

    /// A connection string: nothing secret is in it.
    func connection(_ database: String, _ more: [(String, String)] = []) -> String {
        var words: [(String, String)] = []
        if let socket = settings.socket {
            words.append(("host", socket))
        } else if let host = settings.host {
            words.append(("host", host))
        }
        if let port = settings.port { words.append(("port", String(port))) }
        words += [("user", settings.user), ("dbname", database), ("connect_timeout", "30")]
        words.append(("application_name", "hikae"))
        if settings.password != nil { words.append(("passfile", ToolCall.secretPath)) }
        switch settings.security {
        case .automatic: break
        case .none: words.append(("sslmode", "disable"))
        case .verified:
            words.append(("sslmode", "verify-full"))
            if let authority { words.append(("sslrootcert", authority)) }
        }
        return (words + more).map { "\($0.0)=\(Self.connectionValue($0.1))" }.joined(separator: " ")
    }

    private static func connectionValue(_ value: String) -> String {
        var text = "'"
        for character in value.unicodeScalars {
            if character == "'" || character == "\\" { text += "\\" }
            text.unicodeScalars.append(character)
        }
        return text + "'"
    }

    /// The password as libpq's password file has it. Throws `.usage` for one that such a file cannot hold.
    func secret() throws(HikaeError) -> Secret? {
        guard let password = try settings.password?() else { return nil }
        var line = Array("*:*:*:*:".utf8)
        for byte in password.bytes {
            guard byte != 0x0A, byte != 0, byte != 0x0D else {
                throw HikaeError(.usage, "the password for \(settings.address) has a line break in it")
            }
            if byte == UInt8(ascii: ":") || byte == UInt8(ascii: "\\") { line.append(UInt8(ascii: "\\")) }
            line.append(byte)
        }
        return Secret(line + [0x0A])
    }

    func connect(_ database: String?) throws(HikaeError) -> SQLSession {
        let name = database ?? settings.database ?? "postgres"
        let arguments = [
            "-X", "-q", "-A", "-t", "-z", "-0", "-w", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=terse", "-d",
            connection(name, [("client_encoding", "UTF8")]),
        ]
        let session = try SQLSession(
            ToolCall("psql", arguments, secret: try secret()), in: place, dialect: .postgreSQL)
        try session.run(
            "SET search_path = pg_catalog", "SET standard_conforming_strings = on", "SET row_security = off",
            "SET statement_timeout = 0",
            "SET idle_in_transaction_session_timeout = 0", "SET client_min_messages = warning")
        return session
    }

    func greet(_ session: SQLSession) throws(HikaeError) -> ServerGreeting {
        let server = try session.value("SHOW server_version")
        let version = String(server.prefix { $0 != " " })
        var tools = [CaptureFacts.Tool(name: "server", version: "PostgreSQL \(version)")]
        let said = try place.output(ToolCall(dumpProgram, ["--version"]))
        let tool = try ToolVersion(said, program: dumpProgram)
        try tool.check(reaches: version, server: "PostgreSQL", place: place.words)
        tools.append(CaptureFacts.Tool(name: dumpProgram, version: tool.version))
        return ServerGreeting(software: "PostgreSQL \(version)", tools: tools)
    }

    // MARK: What is there

    func databases(_ session: SQLSession) throws(HikaeError) -> [(name: String, isReadable: Bool)] {
        let rows = try session.rows(
            """
            SELECT datname, has_database_privilege(datname, 'CONNECT')::int FROM pg_database
            WHERE datallowconn AND NOT datistemplate ORDER BY datname
            """, columns: 2)
        return rows.map { (name: $0[0], isReadable: $0[1] == "1") }
    }

    func tables(_ session: SQLSession, _ database: String) throws(HikaeError) -> [TableName] {
        // What pg_dump takes the rows of: no foreign tables, and none that an extension brings along.
        try session.rows(
            """
            SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname NOT LIKE 'pg\\_%'
            AND n.nspname <> 'information_schema' AND NOT EXISTS (SELECT 1 FROM pg_depend d
            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
            ORDER BY 1, 2
            """, columns: 2
        ).map { TableName(parts: $0) }
    }

    func count(_ tables: [TableName], _ session: SQLSession, _ database: String) throws(HikaeError) -> [CountedTable] {
        let counts = try session.numbers(tables.map { "SELECT count(*) FROM ONLY \(Self.quoted($0))" })
        return zip(tables, counts).map { CountedTable(name: $0, rows: $1) }
    }

    func otherObjects(_ session: SQLSession, _ database: String) throws(HikaeError) -> UInt64 {
        // What a new database has (and so counts for nothing) belongs to an extension or has a low number.
        let text = try session.value(
            """
            SELECT (SELECT count(*) FROM pg_class c WHERE c.relkind IN ('v','m','S','f','p') AND c.oid >= 16384
            AND c.relpersistence <> 't' AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid
            AND d.classid = 'pg_class'::regclass AND d.deptype IN ('e', 'i'))) + (SELECT count(*) FROM pg_proc p
            WHERE p.oid >= 16384 AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid
            AND d.classid = 'pg_proc'::regclass AND d.deptype IN ('e', 'i')))
            """)
        return UInt64(text) ?? 0
    }

    // MARK: Names

    /// A name in quotes.
    static func quoted(_ name: String) -> String {
        "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    static func quoted(_ table: TableName) -> String { table.parts.map { quoted($0) }.joined(separator: ".") }

    /// A text in quotes, the same to a server whatever it takes a backslash for.
    static func literal(_ text: String) -> String {
        var quoted = text.contains("\\") ? " E'" : "'"
        for scalar in text.unicodeScalars {
            if scalar == "'" || scalar == "\\" { quoted.unicodeScalars.append(scalar) }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "'"
    }
}

// MariaDB and MySQL through mariadb and mariadb-dump, or mysql and mysqldump.

import HikaeCore
import HikaeSource
import Synchronization

/// A MariaDB or MySQL server.
struct MariaDBServer: DatabaseServer {
    let settings: DatabaseSettings
    let place: ToolPlace
    let endMark = "-- Dump completed"
    let countingNote =
        "rows were counted in the dump as it passed, and by the server in a transaction that began just before the dump's"
    let globalsFile = "grants.sql"
    private let names = ProgramNames()
    /// What a verified connection believes.
    private let authority: String?

    /// The programs' names, once known.
    private final class ProgramNames: Sendable {
        let isMySQL = Mutex<Bool?>(nil)
    }

    init(_ settings: DatabaseSettings) throws(HikaeError) {
        self.settings = settings
        place = try ToolPlace(settings)
        authority = try AuthorityFile.path(settings)
    }

    /// Whether the programs bear MySQL's names. Asked for once.
    var isMySQLProgram: Bool {
        if let known = names.isMySQL.withLock({ $0 }) { return known }
        var isMySQL = false
        do throws(HikaeError) {
            _ = try place.output(ToolCall("mariadb-dump", ["--version"]))
        } catch {
            isMySQL = (try? place.output(ToolCall("mysqldump", ["--version"]))) != nil
        }
        names.isMySQL.withLock { $0 = isMySQL }
        return isMySQL
    }

    var dumpProgram: String { isMySQLProgram ? "mysqldump" : "mariadb-dump" }
    var clientProgram: String { isMySQLProgram ? "mysql" : "mariadb" }

    func makeScanner(takesFingerprints: Bool) -> any DumpScanner { InsertScanner(takesFingerprints: takesFingerprints) }

    // MARK: Connections

    /// What every program is told first.
    func connection() -> [String] {
        var words: [String] = []
        if settings.password != nil { words.append("--defaults-file=\(ToolCall.secretPath)") }
        words.append("--user=\(settings.user)")
        if let socket = settings.socket {
            words += ["--protocol=socket", "--socket=\(socket)"]
        } else if let host = settings.host {
            words += ["--protocol=tcp", "--host=\(host)"]
        }
        if let port = settings.port { words.append("--port=\(port)") }
        words.append("--default-character-set=utf8mb4")
        switch (settings.security, isMySQLProgram) {
        case (.automatic, true): break
        // MariaDB's programs of 11.4 and later check by themselves, and refuse the server of this very machine.
        case (.automatic, false): words.append("--loose-skip-ssl-verify-server-cert")
        case (.none, true): words.append("--ssl-mode=DISABLED")
        case (.none, false): words.append("--skip-ssl")
        case (.verified, true): words.append("--ssl-mode=VERIFY_IDENTITY")
        case (.verified, false): words += ["--ssl", "--ssl-verify-server-cert"]
        }
        if let authority { words.append("--ssl-ca=\(authority)") }
        return words
    }

    /// What `mariadb` is told besides, so that it is a way to the server and nothing else. What it reads, from a dump
    /// or in a name, must not make it run programs or write files (`\!`, `system`, `\T`), nor may a server or a dump
    /// have it send files of ours (LOAD DATA LOCAL). Binary mode also leaves line ends as they are.
    func clientWords() -> [String] {
        connection() + [
            "--batch", "--binary-mode", "--local-infile=0", "--no-auto-rehash", "--connect-timeout=30",
            "--max-allowed-packet=1G",
        ]
    }

    /// The password as the programs' option files have it.
    func secret() throws(HikaeError) -> Secret? {
        guard let password = try settings.password?() else { return nil }
        var lines = Array("[client]\npassword=\"".utf8)
        for byte in password.bytes {
            guard byte != 0x0A, byte != 0, byte != 0x0D else {
                throw HikaeError(.usage, "the password for \(settings.address) has a line break in it")
            }
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { lines.append(UInt8(ascii: "\\")) }
            lines.append(byte)
        }
        return Secret(lines + Array("\"\n".utf8))
    }

    func connect(_ database: String?) throws(HikaeError) -> SQLSession {
        try session(in: database ?? settings.database)
    }

    func session(in database: String?) throws(HikaeError) -> SQLSession {
        let program = clientProgram
        var arguments = clientWords() + ["--skip-column-names", "--unbuffered"]
        if let name = database { arguments.append("--database=\(name)") }
        let session = try SQLSession(ToolCall(program, arguments, secret: try secret()), in: place, dialect: .mariaDB)
        try session.run("SET NAMES utf8mb4", "SET SESSION wait_timeout = 604800", "SET SESSION sql_mode = ''")
        return session
    }

    func greet(_ session: SQLSession) throws(HikaeError) -> ServerGreeting {
        let said = try session.value("SELECT VERSION()")
        let isMariaDB = said.contains("MariaDB")
        let version = String(said.prefix { $0 != "-" })
        let name = isMariaDB ? "MariaDB" : "MySQL"
        let tool = try ToolVersion(
            try place.output(ToolCall(dumpProgram, ["--version"])), program: dumpProgram)
        let toolIsMariaDB = tool.version.contains("MariaDB")
        var notes: [String] = []
        if isMariaDB == toolIsMariaDB {
            try tool.check(reaches: version, server: name, place: place.words)
        } else {
            notes.append(
                "the dump of \(name) \(version) was written by \(toolIsMariaDB ? "MariaDB" : "MySQL")'s program")
        }
        return ServerGreeting(
            software: "\(name) \(version)",
            tools: [
                CaptureFacts.Tool(name: "server", version: "\(name) \(version)"),
                CaptureFacts.Tool(name: dumpProgram, version: tool.version),
            ], notes: notes)
    }

    // MARK: What is there

    /// Engines whose tables have no rows of their own.
    private static let enginesWithoutRows =
        "'MRG_MyISAM', 'FEDERATED', 'CONNECT', 'SPIDER', 'OQGRAPH', 'BLACKHOLE'"

    func databases(_ session: SQLSession) throws(HikaeError) -> [(name: String, isReadable: Bool)] {
        // Those that the user may not read are not shown to him.
        try session.rows(
            """
            SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT IN
            ('information_schema', 'performance_schema', 'mysql', 'sys') ORDER BY schema_name
            """, columns: 1
        ).map { (name: $0[0], isReadable: true) }
    }

    func tables(_ session: SQLSession, _ database: String) throws(HikaeError) -> [TableName] {
        try session.rows(
            """
            SELECT table_name FROM information_schema.tables WHERE table_schema = \(Self.literal(database))
            AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') AND COALESCE(engine, '') NOT IN
            (\(Self.enginesWithoutRows)) ORDER BY table_name
            """, columns: 1
        ).map { TableName(parts: $0) }
    }

    func count(_ tables: [TableName], _ session: SQLSession, _ database: String) throws(HikaeError) -> [CountedTable] {
        let counts = try session.numbers(
            tables.map { "SELECT COUNT(*) FROM \(Self.quoted(database)).\(Self.quoted($0.parts[0]))" })
        return zip(tables, counts).map { CountedTable(name: $0, rows: $1) }
    }

    func otherObjects(_ session: SQLSession, _ database: String) throws(HikaeError) -> UInt64 {
        let name = Self.literal(database)
        let text = try session.value(
            """
            SELECT (SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = \(name)
            AND table_type NOT IN ('BASE TABLE', 'SYSTEM VERSIONED'))
            + (SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = \(name)
            AND table_type = 'BASE TABLE' AND engine IN (\(Self.enginesWithoutRows)))
            + (SELECT COUNT(*) FROM information_schema.routines WHERE routine_schema = \(name))
            + (SELECT COUNT(*) FROM information_schema.events WHERE event_schema = \(name))
            """)
        return UInt64(text) ?? 0
    }

    // MARK: Names

    static func quoted(_ name: String) -> String {
        "`" + name.split(separator: "`", omittingEmptySubsequences: false).joined(separator: "``") + "`"
    }

    static func literal(_ text: String) -> String {
        var quoted = "'"
        for scalar in text.unicodeScalars {
            if scalar == "'" || scalar == "\\" { quoted += "\\" }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "'"
    }
}

// What both engines can do for a capture and a restore. Each is spoken to through its own programs only.

import HikaeCore
import HikaeSource

/// A table with rows of its own.
struct TableName: Sendable, Hashable {
    /// ["public", "orders"] or ["orders"]: as dumps name it, unquoted.
    var parts: [String]

    /// Under its database's name, as facts name it: "clinic.public.orders".
    func full(_ database: String) -> String { ([database] + parts).joined(separator: ".") }
}

/// A table and its rows as the server counted them.
struct CountedTable: Sendable, Equatable {
    var name: TableName
    var rows: UInt64
}

/// What was found at a server before anything is read.
struct ServerGreeting: Sendable {
    /// "PostgreSQL 15.18".
    var software: String
    var tools: [CaptureFacts.Tool]
    var notes: [String] = []
}

/// A dump that runs: the program that writes it, and how its rows are counted by the server.
struct RunningDump {
    var process: ChildProcess
    /// The connection that the counting is done by, and that the dump may depend on.
    var session: SQLSession
    /// Rows of each table, in the dump's own state or as near to it as the server allows.
    var counted: () throws(HikaeError) -> [CountedTable]
    /// Rows of each table as they are by now; nil when there is no need to ask.
    var countedLater: (() throws(HikaeError) -> [CountedTable])?
    /// Sentences on this dump.
    var notes: [String] = []
}

/// An engine.
protocol DatabaseServer: Sendable {
    var settings: DatabaseSettings { get }
    var place: ToolPlace { get }
    /// The dump program's name: "pg_dump".
    var dumpProgram: String { get }
    /// The last line that a whole dump has.
    var endMark: String { get }
    /// What is said about how rows were counted.
    var countingNote: String { get }
    func makeScanner(takesFingerprints: Bool) -> any DumpScanner
    /// Connects to a database; nil for whichever can be had.
    func connect(_ database: String?) throws(HikaeError) -> SQLSession
    /// Asks server and tools for their versions. Throws `.unsupported` when they do not fit.
    func greet(_ session: SQLSession) throws(HikaeError) -> ServerGreeting
    /// Databases that hold somebody's data, and whether we may connect to each.
    func databases(_ session: SQLSession) throws(HikaeError) -> [(name: String, isReadable: Bool)]
    /// Tables with rows of their own, in a session of their database.
    func tables(_ session: SQLSession, _ database: String) throws(HikaeError) -> [TableName]
    /// Rows of each table. The error names a table that may not be read.
    func count(_ tables: [TableName], _ session: SQLSession, _ database: String) throws(HikaeError) -> [CountedTable]
    /// Starts the dump.
    func dump(_ database: String) throws(HikaeError) -> RunningDump
    /// How to make the database: SQL for its own client, and what is to be said about it.
    func creation(_ database: String) throws(HikaeError) -> [UInt8]
    /// Roles or accounts with their grants, and notes on what is not in it.
    func globals(_ session: SQLSession) throws(HikaeError) -> (sql: [UInt8], notes: [String])
    /// The name of the file that `globals` goes into.
    var globalsFile: String { get }

    /// What else the database holds than tables: views, sequences, routines. For the question whether it is empty.
    func otherObjects(_ session: SQLSession, _ database: String) throws(HikaeError) -> UInt64
    /// A client that runs what it reads, and does nothing else that it reads.
    ///
    /// With `stopsAtErrors` it stops at the first error, and works in one transaction where the server can: what it
    /// did then counts only when `complete` was called, however it ends otherwise.
    func startClient(_ database: String?, stopsAtErrors: Bool) throws(HikaeError) -> ChildProcess
    /// Makes what a client that stops at errors has done count, and waits for its end.
    func complete(_ client: ChildProcess) throws(HikaeError)
    var clientProgram: String { get }
    /// Connects to the server, to whichever database can be had, so that others can be made.
    func connectAnywhere() throws(HikaeError) -> SQLSession
    /// Makes an empty database, as `script` (what `creation` gave) has it, or as the server does it by itself.
    func create(_ database: String, script: [UInt8]?, _ session: SQLSession) throws(HikaeError)
    func drop(_ database: String, _ session: SQLSession) throws(HikaeError)
    /// What of `script` is to be run once the database is there: its settings and grants.
    func settings(of script: [UInt8]) -> [String]
    /// Puts a database in another's place and drops that one. Nil when the server cannot: then it is dropped before.
    var exchange: (@Sendable (_ new: String, _ old: String, _ session: SQLSession) throws(HikaeError) -> Void)? { get }
    /// The statements of `globals` that the destination can take: none that changes a role it has already.
    func fitting(_ globals: [UInt8], _ session: SQLSession) throws(HikaeError) -> [String]
    /// Whether a statement of `globals` can be run only once the tables it speaks of are there.
    func needsTables(_ statement: String) -> Bool
    /// Brings tables and rows that `target` lacks over from the database `origin` of the same server.
    func fill(_ target: String, from origin: String, _ missing: [TableName], _ present: [TableName])
        throws(HikaeError) -> UInt64
}

extension DatabaseSettings {
    /// The server for these settings.
    func makeServer() throws(HikaeError) -> any DatabaseServer {
        switch engine {
        case .postgreSQL: try PostgreSQLServer(self)
        case .mariaDB: try MariaDBServer(self)
        }
    }
}

// A database server as a source: one plain SQL dump a database, beside it how to make the database, and the roles.

public import HikaeCore
public import HikaeSource

/// PostgreSQL, MariaDB or MySQL, read by the database's own dump program, here or on a host that ssh leads to.
///
/// The content: `NAME.sql` for each database, exactly as the dump program writes it; `create/NAME.sql`, which makes the
/// empty database with its settings; and `roles.sql` (PostgreSQL) or `grants.sql` (MariaDB, MySQL).
public struct DatabaseSource: CaptureSource {
    private let settings: DatabaseSettings

    /// Does nothing yet.
    public init(_ settings: DatabaseSettings) { self.settings = settings }

    /// The address for people, without any secret.
    public var address: String { settings.address }
    /// What is counted: rows.
    public var unit: CaptureUnit { .rows }

    /// Logs in and looks who answers there; ends the connection.
    public func probe() throws(HikaeError) -> ServiceIdentity {
        let server = try settings.makeServer()
        let session = try server.connect(nil)
        defer { session.close() }
        let greeting = try server.greet(session)
        let databases = try DatabaseCapture.wanted(server, session)
        guard !databases.readable.isEmpty else { throw DatabaseCapture.nothingThere(settings) }
        return ServiceIdentity(software: greeting.software, notes: greeting.notes + databases.notes)
    }

    /// Connects for one capture.
    public func begin(_ context: CaptureContext) throws(HikaeError) -> any CaptureSession {
        let server = try settings.makeServer()
        let session = try server.connect(nil)
        defer { session.close() }
        let greeting = try server.greet(session)
        let databases = try DatabaseCapture.wanted(server, session)
        guard !databases.readable.isEmpty else { throw DatabaseCapture.nothingThere(settings) }
        return DatabaseCapture(server, greeting, databases.readable, notes: databases.notes, context)
    }
}

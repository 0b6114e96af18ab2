// Where an SQLite database is.

/// An SQLite database file, for its source and for its destination.
public struct SQLiteSettings: Sendable {
    /// The path of the database file.
    public var path: String
    /// How long to wait for others that hold the database, in seconds.
    public var patienceSeconds: Double = 10

    public init(path: String) { self.path = path }
}

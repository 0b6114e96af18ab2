// What stands at the destination where a database is to go.

import HikaeCore

/// What is there of a database.
enum DatabaseState {
    case missing
    case empty
    /// A restore of ours that broke off, on a server that could not do it in one transaction.
    case unfinished
    case holds([CountedTable])

    /// The table that stands in a database while it is being filled, where that takes more than one transaction.
    static let marker = "hikae_restore_is_unfinished"

    init(of database: String, at server: any DatabaseServer) throws(HikaeError) {
        let session: SQLSession
        do throws(HikaeError) {
            session = try server.connect(database)
        } catch  where error.code == .notFound {
            self = .missing
            return
        }
        defer { session.close() }
        let tables = try server.tables(session, database)
        if tables.contains(where: { $0.parts == [Self.marker] }) {
            self = .unfinished
        } else if tables.isEmpty, try server.otherObjects(session, database) == 0 {
            self = .empty
        } else {
            self = .holds(try server.count(tables, session, database))
        }
    }
}

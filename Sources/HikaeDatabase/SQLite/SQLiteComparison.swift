// Two SQLite databases beside each other: what one has and the other has not, and how to bring it over.

import GRDB
import HikaeCore

/// A comparison of the snapshot's database with the one at the destination, row by row.
struct SQLiteComparison {
    /// Rows that both have, rows that only the snapshot has, rows that only the destination has.
    private(set) var same: UInt64 = 0
    private(set) var missing: UInt64 = 0
    private(set) var extra: UInt64 = 0
    private(set) var differences: [String] = []

    var isEqual: Bool { differences.isEmpty && extra == 0 }

    init(_ captured: String, _ there: String, _ patience: Double) throws(HikaeError) {
        let queue = try SQLiteFile.open(there, patience: patience)
        var found = SQLiteComparison()
        try SQLiteFile.calling(there) {
            try queue.writeWithoutTransaction { database in
                try database.execute(sql: "ATTACH DATABASE ? AS captured", arguments: [captured])
                try found.compare(database)
            }
        }
        self = found
    }

    private init() {}

    private mutating func compare(_ database: Database) throws {
        let definitions = try Row.fetchAll(
            database,
            sql: "SELECT type, name, sql FROM captured.sqlite_master WHERE rootpage > 0 OR type IN ('view', 'trigger')")
        for row in definitions {
            let (kind, name): (String, String) = (row["type"], row["name"])
            let definition: String? = row["sql"]
            let other = try Row.fetchOne(
                database, sql: "SELECT sql FROM main.sqlite_master WHERE type = ? AND name = ?",
                arguments: [kind, name])
            let otherDefinition: String? = other?["sql"]
            if other == nil {
                if kind != "table" { differences.append("the \(kind) \(name) is not there") }
            } else if definition != otherDefinition {
                differences.append("the \(kind) \(name) is defined otherwise there")
            }
        }
        let tables = try SQLiteFile.tables(database)
        let captured = try String.fetchAll(
            database,
            sql: """
                SELECT name FROM captured.sqlite_master WHERE type = 'table' AND rootpage > 0
                AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name
                """)
        for table in captured { try compare(table, isThere: tables.contains(table), database) }
        for table in tables where !captured.contains(table) {
            extra += try Self.count(database, "SELECT count(*) FROM main.\(SQLiteFile.quoted(table))")
        }
    }

    private mutating func compare(_ table: String, isThere: Bool, _ database: Database) throws {
        let name = SQLiteFile.quoted(table)
        let rows = try Self.count(database, "SELECT count(*) FROM captured.\(name)")
        guard isThere else {
            missing += rows
            return differences.append("\(table) is not there, and has \(rows) rows in the snapshot")
        }
        let columns = try Self.columns(of: name, in: "captured", database)
        guard try columns.names == Self.columns(of: name, in: "main", database).names else {
            missing += rows
            extra += try Self.count(database, "SELECT count(*) FROM main.\(name)")
            return differences.append("\(table) has other columns there")
        }
        let here = Self.values(columns, of: "captured.\(name)")
        let there = Self.values(columns, of: "main.\(name)")
        let gone = try Self.count(database, "SELECT count(*) FROM (\(here) EXCEPT \(there))")
        missing += gone
        extra += try Self.count(database, "SELECT count(*) FROM (\(there) EXCEPT \(here))")
        same += rows - min(rows, gone)
        if gone > 0 {
            differences.append("\(table) lacks \(gone) of the snapshot's \(rows) rows, or has others in their place")
        }
    }

    /// The columns that a table shows, quoted, and whether a key tells its rows apart.
    private static func columns(of table: String, in schema: String, _ database: Database) throws
        -> (names: [String], hasKey: Bool)
    {
        let columns = try Row.fetchAll(database, sql: "PRAGMA \(schema).table_xinfo(\(table))")
        return (
            columns.filter { $0["hidden"] as Int != 1 }.map { SQLiteFile.quoted($0["name"]) },
            columns.contains { $0["pk"] as Int > 0 }
        )
    }

    /// A query for a table's rows to the byte: as their type, whatever collation a column has, and each of several equal
    /// rows as one of its own.
    private static func values(_ columns: (names: [String], hasKey: Bool), of table: String) -> String {
        let values = columns.names.map { name in
            "typeof(\(name)), CASE typeof(\(name)) WHEN 'text' THEN CAST(\(name) AS BLOB) ELSE \(name) END"
        }.joined(separator: ", ")
        let number = columns.hasKey ? "" : ", row_number() OVER (PARTITION BY \(values))"
        return "SELECT \(values)\(number) FROM \(table)"
    }

    private static func count(_ database: Database, _ sql: String) throws -> UInt64 {
        UInt64(clamping: try Int64.fetchOne(database, sql: sql) ?? 0)
    }
}

/// Brings over what a database lacks: tables, and rows by their keys. In one transaction.
struct SQLiteFilling {
    private let captured: String
    private let there: String
    private let queue: DatabaseQueue

    init(_ captured: String, _ there: String, _ patience: Double) throws(HikaeError) {
        (self.captured, self.there) = (captured, there)
        queue = try SQLiteFile.open(there, writes: true, patience: patience)
    }

    /// Returns the rows written. Triggers do not act on them: what they did once is in the other tables.
    func run(_ report: (HikaeError) -> Void) throws(HikaeError) -> UInt64 {
        try SQLiteFile.calling(there) {
            try queue.writeWithoutTransaction { database in
                try database.execute(sql: "ATTACH DATABASE ? AS captured", arguments: [captured])
                try database.execute(sql: "PRAGMA foreign_keys = OFF")
                var written: UInt64 = 0
                try database.inTransaction(.immediate) {
                    written = try fill(database)
                    return .commit
                }
                return written
            }
        }
    }

    private func fill(_ database: Database) throws -> UInt64 {
        // Triggers are taken away and put back within the transaction.
        let triggers = try Row.fetchAll(
            database, sql: "SELECT name, sql FROM main.sqlite_master WHERE type = 'trigger'")
        for trigger in triggers {
            try database.execute(sql: "DROP TRIGGER main.\(SQLiteFile.quoted(trigger["name"]))")
        }
        var written: UInt64 = 0
        let there = Set(try SQLiteFile.tables(database))
        let missing = try Row.fetchAll(
            database,
            sql: """
                SELECT name, sql FROM captured.sqlite_master WHERE type = 'table' AND rootpage > 0
                AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name
                """)
        for row in missing {
            let table: String = row["name"]
            if !there.contains(table) { try database.execute(sql: row["sql"]) }
            written += try fill(table, database)
        }
        for row in try Row.fetchAll(
            database,
            sql: """
                SELECT type, name, sql FROM captured.sqlite_master AS c WHERE type IN ('index', 'view', 'trigger')
                AND sql IS NOT NULL AND NOT EXISTS (SELECT 1 FROM main.sqlite_master AS m
                WHERE m.type = c.type AND m.name = c.name)
                """)
        {
            let isPutBack = triggers.contains { $0["name"] as String == row["name"] as String }
            if !isPutBack { try database.execute(sql: row["sql"]) }
        }
        for trigger in triggers { try database.execute(sql: trigger["sql"]) }
        return written
    }

    private func fill(_ table: String, _ database: Database) throws -> UInt64 {
        let name = SQLiteFile.quoted(table)
        let columns = try Row.fetchAll(database, sql: "PRAGMA captured.table_xinfo(\(name))")
        let plain = columns.filter { $0["hidden"] as Int == 0 }.map { SQLiteFile.quoted($0["name"]) }
        let hasKey = columns.contains { $0["pk"] as Int > 0 }
        // Without a key of its own a row is known by its number.
        let list = (hasKey ? [] : ["rowid"]) + plain
        let words = list.joined(separator: ", ")
        try database.execute(sql: "INSERT OR IGNORE INTO main.\(name) (\(words)) SELECT \(words) FROM captured.\(name)")
        return UInt64(clamping: database.changesCount)
    }
}

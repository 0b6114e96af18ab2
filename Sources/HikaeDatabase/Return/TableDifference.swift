// Two captures of a database, told in tables and rows.

public import HikaeSource

/// What became of one table between two captures.
public struct TableDifference: Sendable, Equatable {
    /// As the facts name it: "clinic.public.orders".
    public var table: String
    /// Rows before; nil when the table was not there.
    public var before: UInt64?
    /// Rows after; nil when the table is gone.
    public var after: UInt64?
    /// Bytes of its rows in the dumps, before and after.
    public var bytesBefore: UInt64 = 0
    public var bytesAfter: UInt64 = 0

    /// Tables that were added, that are gone, or whose rows are more, fewer, or of other length; sorted by name.
    ///
    /// A change that leaves rows and bytes as many as they were cannot be seen in facts.
    public static func between(_ before: CaptureFacts, _ after: CaptureFacts) -> [TableDifference] {
        var found: [String: TableDifference] = [:]
        for group in before.groups {
            var difference = TableDifference(table: group.name, before: group.items, after: nil)
            difference.bytesBefore = group.bytes
            found[group.name] = difference
        }
        for group in after.groups {
            var difference = found[group.name] ?? TableDifference(table: group.name, before: nil, after: nil)
            difference.after = group.items
            difference.bytesAfter = group.bytes
            found[group.name] = difference
        }
        return found.values.filter { $0.before != $0.after || $0.bytesBefore != $0.bytesAfter }
            .sorted { $0.table.utf8.lexicographicallyPrecedes($1.table.utf8) }
    }
}

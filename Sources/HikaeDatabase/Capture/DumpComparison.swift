// Rows in a dump beside the rows that the server counted: what may differ, and what must not.

import HikaeCore

enum DumpComparison {
    /// What is worth saying about differences. Throws `.programFailed` when rows are missing from the dump.
    ///
    /// - Parameters:
    ///   - counted: what the server counted in the dump's own state, or just before.
    ///   - later: asks it to count again, where what was counted first may have changed before the dump began.
    static func notes(
        _ tally: DumpTally, _ counted: [CountedTable], later: (() throws(HikaeError) -> [CountedTable])?,
        _ database: String, _ address: String
    ) throws(HikaeError) -> [String] {
        var notes: [String] = []
        var again: [TableName: UInt64]?
        for table in counted {
            let rows = tally[table.name.parts]?.rows ?? 0
            if rows == table.rows { continue }
            let name = table.name.full(database)
            if rows < table.rows {
                if again == nil, let later {
                    again = Dictionary(uniqueKeysWithValues: try later().map { ($0.name, $0.rows) })
                }
                let least = min(table.rows, again?[table.name] ?? table.rows)
                guard rows >= least else {
                    throw HikaeError(
                        .programFailed,
                        "the dump of \(database) at \(address) lacks rows: \(name) has \(rows) in it, and the server counted \(table.rows)",
                        hint: "The dump program left something out. This capture is not kept as a snapshot.")
                }
            }
            notes.append("\(name): \(rows) rows are in the dump, \(table.rows) were counted by the server")
        }
        return notes
    }
}

// What passes in a dump, table by table: the common part of both scanners.

/// A table as a dump names it, and what the dump holds of it.
struct TallyEntry: Sendable, Equatable {
    /// The table's name in its parts, unquoted: ["public", "orders"], ["orders"].
    var name: [String]
    var rows: UInt64 = 0
    /// Bytes of its rows, as the dump writes them.
    var bytes: UInt64 = 0
    /// A sum over the rows that does not depend on their order; 0 unless asked for.
    var fingerprint: UInt64 = 0
}

/// Tables in the order of their first appearance.
struct DumpTally: Sendable, Equatable {
    private(set) var entries: [TallyEntry] = []
    private var places: [[String]: Int] = [:]

    /// The place of a table, which is made if it is new.
    mutating func place(of name: [String]) -> Int {
        if let place = places[name] { return place }
        places[name] = entries.count
        entries.append(TallyEntry(name: name))
        return entries.count - 1
    }

    /// What there is of a table, or nil.
    subscript(_ name: [String]) -> TallyEntry? { places[name].map { entries[$0] } }

    mutating func add(rows: UInt64, bytes: UInt64, fingerprint: UInt64, at place: Int) {
        entries[place].rows += rows
        entries[place].bytes += bytes
        entries[place].fingerprint &+= fingerprint
    }

    var rows: UInt64 { entries.reduce(0) { $0 + $1.rows } }
}

/// A hash of one row, fed in pieces: FNV-1a with a last mixing, so that sums of rows are well spread.
struct RowHash: Sendable {
    private var value: UInt64 = 0xCBF2_9CE4_8422_2325

    @inline(__always)
    mutating func add(_ start: UnsafePointer<UInt8>, _ count: Int) {
        var hash = value
        for offset in 0..<count { hash = (hash ^ UInt64(start[offset])) &* 0x100_0000_01B3 }
        value = hash
    }

    /// The row's hash; the next row begins.
    mutating func end() -> UInt64 {
        var hash = value
        value = 0xCBF2_9CE4_8422_2325
        hash = (hash ^ (hash >> 32)) &* 0x9E37_79B9_7F4A_7C15
        return hash ^ (hash >> 29)
    }
}

/// Counts the rows that pass in a dump, whatever pieces it comes in.
protocol DumpScanner: Sendable {
    /// What was found so far.
    var tally: DumpTally { get }
    /// What stands beside the rows; empty unless fingerprints were asked for.
    var text: DumpText { get }
    /// Whether the dump ended outside of any table's rows.
    var isBetweenStatements: Bool { get }
    /// Where in the last bytes scanned stand lines that are meant for the client program, as a dump program writes
    /// them for its own purposes.
    var clientLines: [Range<Int>] { get }
    /// A command for the client program that no dump program writes: the first one found.
    var foreignCommand: String? { get }
    /// The next bytes.
    mutating func scan(_ bytes: UnsafeRawBufferPointer)
}

extension DumpScanner {
    var clientLines: [Range<Int>] { [] }
    var foreignCommand: String? { nil }
}

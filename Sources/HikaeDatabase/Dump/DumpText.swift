// What a dump holds besides rows: definitions, line by line, for a comparison that does not mind their order.

/// The lines of a dump outside of rows, without those that differ from one run to the next.
struct DumpText: Sendable {
    /// How often each line occurs, by its hash.
    private(set) var lines: [UInt64: Int] = [:]
    /// The text of short lines, to show.
    private var words: [UInt64: String] = [:]
    /// Lines in which the programs say their versions.
    private(set) var versions: Set<String> = []
    /// What the definitions define, in words that do not depend on versions: "VIEW public.newest".
    private(set) var objects: Set<String> = []
    private var line: [UInt8] = []
    private static let wordsLimit = 20_000

    private static let noise = [
        "\\restrict ", "\\unrestrict ", "-- Host:", "-- Dump completed", "/*M!999999", "INSERT INTO ",
        "-- Dumping events for database",
        "-- Dumping routines for database",
    ].map { Array($0.utf8) }
    private static let versionLines = [
        "-- Dumped from ", "-- Dumped by ", "-- MariaDB dump", "-- MySQL dump", "-- Server version",
    ].map { Array($0.utf8) }

    /// The next bytes outside of rows.
    mutating func add(_ start: UnsafePointer<UInt8>, _ count: Int) {
        var next = start
        let end = start + count
        while next < end {
            guard let newline = find(0x0A, next, end) else { break }
            line += UnsafeBufferPointer(start: next, count: newline - next)
            endLine()
            next = newline + 1
        }
        line += UnsafeBufferPointer(start: next, count: end - next)
    }

    private mutating func endLine() {
        defer { line.removeAll(keepingCapacity: true) }
        if line.isEmpty || Self.noise.contains(where: { line.starts(with: $0) }) { return }
        if Self.versionLines.contains(where: { line.starts(with: $0) }) {
            versions.insert(String(decoding: line, as: UTF8.self))
            return
        }
        if let object = DumpObject.name(in: line) { objects.insert(object) }
        var hash = RowHash()
        line.withUnsafeBufferPointer { bytes in if let base = bytes.baseAddress { hash.add(base, bytes.count) } }
        let key = hash.end()
        lines[key, default: 0] += 1
        if words.count < Self.wordsLimit { words[key] = String(decoding: line.prefix(200), as: UTF8.self) }
    }

    /// Lines that only one of two dumps has: a few of this one's, and how many in all.
    func missing(in other: DumpText) -> (examples: [String], count: Int) {
        var examples: [String] = []
        var count = 0
        for (key, times) in lines where times > other.lines[key] ?? 0 {
            count += times - (other.lines[key] ?? 0)
            if examples.count < 3 { examples.append(words[key] ?? "(a long line)") }
        }
        return (examples.sorted(), count)
    }
}

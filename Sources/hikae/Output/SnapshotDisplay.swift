// Snapshots as people and programs are shown them: restic's table, restic's JSON.

import HikaeCore
import HikaeFormat
import HikaeRepository

/// Snapshots on the screen and as JSON.
enum SnapshotDisplay {
    /// `<Snapshot 1234abcd of [/home] at 2026-… by root@host>`, without the brackets.
    static func title(_ id: FileID, _ snapshot: Snapshot) -> String {
        let paths = snapshot.paths.map { Words.safe($0) }.joined(separator: " ")
        let who = Words.safe(snapshot.username + "@" + snapshot.hostname)
        return "snapshot \(id.short) of [\(paths)] at \(snapshot.time.inLocalZone.display) by \(who)"
    }

    /// The table of `snapshots` and `forget`, newest last.
    ///
    /// - Parameter reasons: why each is kept, for `forget`.
    static func table(_ entries: [NamedSnapshot], isCompact: Bool, reasons: [FileID: [String]] = [:]) -> [String] {
        let sorted = entries.sorted { ($0.snapshot.time, $0.id) < ($1.snapshot.time, $1.id) }
        var headings = ["ID", "Time", "Host      ", isCompact ? "Tags  " : "Tags      "]
        if !isCompact {
            if !reasons.isEmpty { headings.append("Reasons") }
            headings.append("Paths")
        }
        var table = Table(headings)
        table.isSpaced = !isCompact && sorted.contains { $0.snapshot.paths.count > 1 }
        for entry in sorted {
            let (id, snapshot) = (entry.id, entry.snapshot)
            let tags = snapshot.tags.map { Words.safe($0) }
            var row = [[id.short], [snapshot.time.inLocalZone.display], [Words.safe(snapshot.hostname)]]
            row.append(isCompact ? tags : [tags.joined(separator: ",")])
            if !isCompact {
                if !reasons.isEmpty { row.append(reasons[id] ?? []) }
                row.append(snapshot.paths.map { Words.safe($0) })
            }
            table.rows.append(row)
        }
        table.footer = "\(sorted.count) snapshots"
        return table.lines
    }

    /// `snapshots for (host [a], paths [/b]):`, or nil when nothing was grouped.
    static func heading(_ key: SnapshotGroup.Key, _ grouping: SnapshotGrouping) -> String? {
        var parts: [String] = []
        if grouping.byHost { parts.append("host [\(Words.safe(key.hostname))]") }
        if grouping.byTags { parts.append("tags [\(key.tags.map { Words.safe($0) }.joined(separator: ", "))]") }
        if grouping.byPaths { parts.append("paths [\(key.paths.map { Words.safe($0) }.joined(separator: ", "))]") }
        return parts.isEmpty ? nil : "snapshots for (\(parts.joined(separator: ", "))):"
    }

    /// The snapshot's JSON as it is stored, with more members behind its own.
    static func json(
        _ id: FileID, _ snapshot: Snapshot, more: (inout JSONWriter) -> Void = { _ in }
    ) -> [UInt8] {
        var extra = JSONWriter()
        extra.beginObject()
        extra.key("id")
        extra.identifier(id)
        extra.key("short_id")
        extra.string(id.short)
        more(&extra)
        extra.endObject()
        return spliced(snapshot.encoded(), extra.bytes)
    }

    /// Two JSON objects as one.
    static func spliced(_ first: [UInt8], _ second: [UInt8]) -> [UInt8] {
        var bytes = first
        while bytes.last != UInt8(ascii: "}"), !bytes.isEmpty { bytes.removeLast() }
        guard bytes.count > 2 else { return second }
        bytes.removeLast()
        return bytes + [UInt8(ascii: ",")] + second.dropFirst()
    }

    /// An array of snapshots; `null` for none, as Go writes it, unless `emptyIsArray`.
    static func json(_ entries: [NamedSnapshot], emptyIsArray: Bool, into writer: inout JSONWriter) {
        if entries.isEmpty, !emptyIsArray { return writer.null() }
        writer.beginArray()
        for entry in entries { writer.raw(json(entry.id, entry.snapshot)) }
        writer.endArray()
    }

    /// A group's key as restic writes it: `null` for what is not grouped by.
    static func json(
        _ key: SnapshotGroup.Key, _ grouping: SnapshotGrouping, into writer: inout JSONWriter
    ) {
        writer.key("hostname")
        writer.string(grouping.byHost ? key.hostname : "")
        writer.key("paths")
        if grouping.byPaths { writer.strings(key.paths) } else { writer.null() }
        writer.key("tags")
        if grouping.byTags { writer.strings(key.tags) } else { writer.null() }
    }
}

extension Console {
    /// Prints one JSON document as a line.
    func printJSON(_ build: (inout JSONWriter) -> Void) {
        var writer = JSONWriter()
        build(&writer)
        write(writer.bytes + [UInt8(ascii: "\n")])
    }

    /// Prints one JSON object as a line.
    func printObject(_ build: (inout JSONWriter) -> Void) {
        printJSON { writer in
            writer.beginObject()
            build(&writer)
            writer.endObject()
        }
    }
}

extension JSONWriter {
    /// A member that is a string.
    mutating func member(_ name: StaticString, _ value: String) {
        key(name)
        string(value)
    }

    /// A member that is a number.
    mutating func member(_ name: StaticString, _ value: some BinaryInteger) {
        key(name)
        number(value)
    }

    /// A member that is a fraction.
    mutating func member(_ name: StaticString, _ value: Double) {
        key(name)
        number(value)
    }

    /// A member that is a truth value.
    mutating func member(_ name: StaticString, _ value: Bool) {
        key(name)
        bool(value)
    }

    /// A member that is left out when it is zero, as Go's `omitempty` does.
    mutating func memberUnlessZero(_ name: StaticString, _ value: some BinaryInteger) {
        if value != 0 { member(name, value) }
    }
}

// A database server that captures are brought back to.

public import HikaeCore
public import HikaeDestination
import HikaeFormat
public import HikaeSource

/// PostgreSQL, MariaDB or MySQL, filled through the database's own client program, here or on a host that ssh leads
/// to. Roles and accounts come first: those that are there already stay as they are.
///
/// A database is made if it is missing. One that holds something is left alone unless the options say otherwise. With
/// PostgreSQL each database comes back in one transaction; with `replaces` beside the old one, which goes last.
public struct DatabaseDestination: Destination {
    let settings: DatabaseSettings

    /// Does nothing yet.
    public init(_ settings: DatabaseSettings) { self.settings = settings }

    /// The address for people, without any secret.
    public var address: String { settings.address }

    /// Logs in and looks who answers there; ends the connection.
    public func probe() throws(HikaeError) -> ServiceIdentity {
        let server = try settings.makeServer()
        let session = try server.connectAnywhere()
        defer { session.close() }
        let greeting = try server.greet(session)
        return ServiceIdentity(software: greeting.software, notes: greeting.notes)
    }

    /// Compares what is to be written with what is there. Writes nothing.
    public func preview(_ content: SnapshotContent, _ options: ReturnOptions, _ watch: ReturnWatch) throws(HikaeError)
        -> ReturnPreview
    {
        let server = try settings.makeServer()
        try server.connectAnywhere().close()
        var preview = ReturnPreview()
        for dump in try DumpsOfContent(content, server).dumps {
            try watch.cancellation.check()
            let state = try DatabaseState(of: dump.target, at: server)
            let tally = try Self.tally(of: dump, content, server, watch)
            guard case .holds(let counted) = state else {
                preview.items += tally.rows
                preview.bytes += dump.node.size
                continue
            }
            let there = Dictionary(uniqueKeysWithValues: counted.map { ($0.name.parts, $0.rows) })
            var differs = false
            for entry in tally.entries {
                let rows = there[entry.name]
                if rows == entry.rows {
                    preview.present += entry.rows
                    continue
                }
                differs = true
                if options.onlyMissing, rows ?? 0 < entry.rows {
                    preview.items += entry.rows - (rows ?? 0)
                    preview.bytes += entry.bytes
                }
                let name = TableName(parts: entry.name).full(dump.target)
                let words = rows.map { "has \($0) rows there" } ?? "is not there"
                preview.conflict("\(name) \(words), and \(entry.rows) in the snapshot")
            }
            for table in counted where tally[table.name.parts] == nil && table.rows > 0 {
                differs = true
                preview.conflict(
                    "\(table.name.full(dump.target)) has \(table.rows) rows there, and none in the snapshot")
            }
            if options.replaces, differs {
                preview.items += tally.rows
                preview.bytes += dump.node.size
            }
        }
        return preview
    }

    /// Puts the content back; see the type.
    public func restore(_ content: SnapshotContent, _ options: ReturnOptions, _ watch: ReturnWatch) throws(HikaeError)
        -> ReturnSummary
    {
        try DatabaseRestore(settings.makeServer(), content, options, watch).run()
    }

    /// Reads back what is there and compares it with the content and its facts.
    public func verify(
        _ content: SnapshotContent, facts: CaptureFacts?, _ options: ReturnOptions, _ watch: ReturnWatch
    ) throws(HikaeError) -> Verification {
        try DatabaseVerification(settings.makeServer(), content, facts, watch).run()
    }

    /// Rows of each table in a dump of the snapshot.
    static func tally(
        of dump: ReturningDump, _ content: SnapshotContent, _ server: any DatabaseServer, _ watch: ReturnWatch
    ) throws(HikaeError) -> DumpTally {
        var scanner = server.makeScanner(takesFingerprints: false)
        watch.progress.currentItem = dump.origin
        try content.read(dump.node) { bytes throws(HikaeError) in
            try watch.cancellation.check()
            scanner.scan(bytes)
        }
        return scanner.tally
    }
}

extension ReturnPreview {
    /// Records something that is there and differs.
    mutating func conflict(_ sentence: String) {
        conflictCount += 1
        if conflicts.count < 1000 { conflicts.append(sentence) }
    }
}

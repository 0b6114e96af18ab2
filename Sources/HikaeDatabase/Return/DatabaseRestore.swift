// One restore onto a database server.

import HikaeCore
import HikaeDestination
import HikaeFormat
import HikaeSource

/// Brings every dump of a snapshot to its database.
struct DatabaseRestore {
    private let server: any DatabaseServer
    private let content: SnapshotContent
    private let options: ReturnOptions
    private let watch: ReturnWatch
    private var summary = ReturnSummary()

    init(_ server: any DatabaseServer, _ content: SnapshotContent, _ options: ReturnOptions, _ watch: ReturnWatch) {
        (self.server, self.content, self.options, self.watch) = (server, content, options, watch)
    }

    func run() throws(HikaeError) -> ReturnSummary {
        var run = self
        try run.everything()
        return run.summary
    }

    private mutating func everything() throws(HikaeError) {
        let session = try server.connectAnywhere()
        _ = try server.greet(session)
        let parts = try DumpsOfContent(content, server)
        var statements: [String] = []
        if let globals = parts.globals, server.settings.includesGlobals {
            statements = try server.fitting(globals, session)
        }
        let server = server
        try runFreely(statements.filter { !server.needsTables($0) }, in: nil, server.globalsFile)
        session.close()
        for dump in parts.dumps {
            try watch.cancellation.check()
            watch.progress.currentItem = dump.target
            try restore(dump)
        }
        try runFreely(statements.filter { server.needsTables($0) }, in: nil, server.globalsFile)
    }

    private mutating func restore(_ dump: ReturningDump) throws(HikaeError) {
        switch try DatabaseState(of: dump.target, at: server) {
        case .missing:
            try make(dump.target, dump.script)
            try fill(dump, dump.target)
            try settle(dump)
        case .empty:
            try fill(dump, dump.target)
            try settle(dump)
        case .unfinished:
            try replace(dump)
        case .holds(let counted):
            let tally = try DatabaseDestination.tally(of: dump, content, server, watch)
            if options.onlyMissing {
                try fillMissing(dump, counted, tally)
            } else if options.replaces {
                try replace(dump)
            } else if isSame(counted, tally) {
                summary.itemsSkipped += tally.rows
            } else {
                let rows = counted.reduce(0) { $0 + $1.rows }
                throw HikaeError(
                    .refused,
                    "\(dump.target) at \(server.settings.address) is not empty: it holds "
                        + "\(counted.count) table\(counted.count == 1 ? "" : "s") with \(rows) row\(rows == 1 ? "" : "s")",
                    hint: "Restore into an empty or new database, only what is missing (--only-missing), or say that "
                        + "it may be replaced (--replace).")
            }
        }
    }

    private func isSame(_ counted: [CountedTable], _ tally: DumpTally) -> Bool {
        let there = Dictionary(uniqueKeysWithValues: counted.map { ($0.name.parts, $0.rows) })
        return tally.entries.allSatisfy { there[$0.name] == $0.rows }
            && counted.allSatisfy { $0.rows == tally[$0.name.parts]?.rows ?? 0 }
    }

    // MARK: Steps

    private func make(_ database: String, _ script: [UInt8]?) throws(HikaeError) {
        let session = try server.connectAnywhere()
        defer { session.close() }
        do throws(HikaeError) {
            try server.create(database, script: script, session)
        } catch  where script != nil {
            // A locale that this server does not have, for example.
            watch.report(
                HikaeError(
                    error.code, "\(database) cannot be made as it was, so it is made as this server makes one",
                    hint: error.message))
            let another = try server.connectAnywhere()
            defer { another.close() }
            try server.create(database, script: nil, another)
        }
    }

    /// The dump into an empty database.
    private mutating func fill(_ dump: ReturningDump, _ database: String) throws(HikaeError) {
        if server.exchange == nil { try mark(database, true) }
        let client = try server.startClient(database, stopsAtErrors: true)
        var filter = DumpFilter(server.makeScanner(takesFingerprints: false))
        let server = server
        let watch = watch
        var refusal: HikaeError?
        do throws(HikaeError) {
            try content.read(dump.node) { bytes throws(HikaeError) in
                try watch.cancellation.check()
                try filter.pass(bytes) { part throws(HikaeError) in
                    do throws(HikaeError) {
                        try client.write(part)
                    } catch {
                        let said = server.place.failure(of: client, server.clientProgram)
                        refusal = said
                        throw said
                    }
                }
                watch.progress.add(bytes: bytes.count)
            }
        } catch {
            client.terminate()
            throw refusal ?? error
        }
        try server.complete(client)
        if server.exchange == nil { try mark(database, false) }
        summary.itemsWritten += filter.tally.rows
        summary.bytesWritten += dump.node.size
        watch.progress.add(files: 1)
    }

    private func mark(_ database: String, _ isBeginning: Bool) throws(HikaeError) {
        let session = try server.connect(database)
        defer { session.close() }
        try session.run(
            isBeginning ? "CREATE TABLE \(DatabaseState.marker) (id INT)" : "DROP TABLE \(DatabaseState.marker)")
    }

    private mutating func replace(_ dump: ReturningDump) throws(HikaeError) {
        guard let exchange = server.exchange else {
            let session = try server.connectAnywhere()
            try server.drop(dump.target, session)
            session.close()
            try make(dump.target, dump.script)
            try fill(dump, dump.target)
            return try settle(dump)
        }
        // The old one stands until the new one is whole.
        try withTemporaryDatabase(dump) { run, database throws(HikaeError) in
            let session = try run.server.connectAnywhere()
            defer { session.close() }
            try exchange(database, dump.target, session)
            return false
        }
        try settle(dump)
    }

    /// Tables that are missing, and rows that are missing by their keys, by way of a database that holds the whole dump
    /// for the time being.
    private mutating func fillMissing(_ dump: ReturningDump, _ counted: [CountedTable], _ tally: DumpTally)
        throws(HikaeError)
    {
        let there = Set(counted.map(\.name))
        let before = summary
        var written: UInt64 = 0
        try withTemporaryDatabase(dump) { run, database throws(HikaeError) in
            let session = try run.server.connect(database)
            let all = try run.server.tables(session, database).filter { $0.parts != [DatabaseState.marker] }
            session.close()
            written = try run.server.fill(
                dump.target, from: database, all.filter { !there.contains($0) }, all.filter { there.contains($0) })
            return true
        }
        summary = before
        summary.itemsWritten += written
        summary.itemsSkipped += tally.rows - min(written, tally.rows)
    }

    /// Fills a database of its own and hands it to `body`, which says whether it is to be dropped.
    private mutating func withTemporaryDatabase(
        _ dump: ReturningDump, _ body: (inout Self, String) throws(HikaeError) -> Bool
    ) throws(HikaeError) {
        let number = UInt32.random(in: .min ... .max)
        let database = "hikae_restore_\(String(number, radix: 16))"
        try make(database, dump.script)
        var failure: HikaeError?
        var mustDrop = true
        do throws(HikaeError) {
            try fill(dump, database)
            mustDrop = try body(&self, database)
        } catch {
            failure = error
        }
        if mustDrop {
            do throws(HikaeError) {
                let session = try server.connectAnywhere()
                defer { session.close() }
                try server.drop(database, session)
            } catch {
                watch.report(
                    HikaeError(error.code, "\(database) could not be dropped: drop it by hand", hint: error.message))
            }
        }
        if let failure { throw failure }
    }

    /// The database's own settings and grants, if it bears the name that they speak of.
    private mutating func settle(_ dump: ReturningDump) throws(HikaeError) {
        guard dump.target == dump.origin, let script = dump.script else { return }
        try runFreely(server.settings(of: script), in: nil, "create/\(DatabaseFileName.file(dump.origin))")
    }

    /// Runs statements of which each may fail: what the server says is reported, the rest goes on.
    private mutating func runFreely(_ statements: [String], in database: String?, _ name: String) throws(HikaeError) {
        guard !statements.isEmpty else { return }
        let client = try server.startClient(database, stopsAtErrors: false)
        let text = Array((statements.joined(separator: ";\n") + ";\n").utf8)
        do throws(HikaeError) {
            try text.withBytes { bytes throws(HikaeError) in try client.write(bytes) }
        } catch {
            throw server.place.failure(of: client, server.clientProgram)
        }
        let status = try client.wait()
        // What psql says of a command to itself bears no such mark.
        let lines = client.messages.split(separator: "\n").filter {
            $0.contains("ERROR") || $0.contains(ToolFailure.restricted)
        }
        for line in lines {
            summary.errors += 1
            watch.report(HikaeError(.permission, "a statement of \(name) was refused: \(line)"))
        }
        if status != 0, lines.isEmpty { throw server.place.failure(of: client, server.clientProgram) }
    }
}

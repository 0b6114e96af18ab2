// Whether a database holds what a snapshot's dump holds: a fresh dump beside the captured one, table by table.

import HikaeCore
import HikaeDestination
import HikaeSource

/// One comparison of a snapshot's dumps with a server.
struct DatabaseVerification {
    private let server: any DatabaseServer
    private let content: SnapshotContent
    private let facts: CaptureFacts?
    private let watch: ReturnWatch
    private var result = Verification()

    init(_ server: any DatabaseServer, _ content: SnapshotContent, _ facts: CaptureFacts?, _ watch: ReturnWatch) {
        (self.server, self.content, self.facts, self.watch) = (server, content, facts, watch)
    }

    func run() throws(HikaeError) -> Verification {
        var run = self
        let session = try server.connectAnywhere()
        _ = try server.greet(session)
        session.close()
        for dump in try DumpsOfContent(content, server).dumps { try run.compare(dump) }
        return run.result
    }

    private mutating func compare(_ dump: ReturningDump) throws(HikaeError) {
        watch.progress.currentItem = dump.target
        let captured = try scanContent(dump)
        compareWithFacts(dump, captured.tally)
        let fresh: any DumpScanner
        do throws(HikaeError) {
            fresh = try scanServer(dump.target)
        } catch  where error.code == .notFound {
            result.compared += captured.tally.rows
            return result.differs("the database \(dump.target) is not there")
        }
        compareRows(dump.target, captured.tally, fresh.tally)
        compareText(dump.target, captured.text, fresh.text)
        let tables = captured.tally.entries.count
        result.methods.append(
            "\(dump.target): a fresh dump compared with the captured one: each row's bytes in \(tables) tables, in any order, and every line of the definitions"
        )
    }

    private func scanContent(_ dump: ReturningDump) throws(HikaeError) -> any DumpScanner {
        var scanner = server.makeScanner(takesFingerprints: true)
        try content.read(dump.node) { bytes throws(HikaeError) in
            try watch.cancellation.check()
            scanner.scan(bytes)
            watch.progress.add(bytes: bytes.count)
        }
        return scanner
    }

    private func scanServer(_ database: String) throws(HikaeError) -> any DumpScanner {
        let running = try server.dump(database)
        var scanner = server.makeScanner(takesFingerprints: true)
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            try watch.cancellation.check()
            let count = try buffer.withMutableBytes { bytes throws(HikaeError) in
                try running.process.read(into: bytes)
            }
            if count == 0 { break }
            buffer.withUnsafeBytes { scanner.scan(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
        try server.place.finish(running.process, server.dumpProgram)
        running.session.close()
        return scanner
    }

    /// The snapshot must hold what was counted when it was made.
    private mutating func compareWithFacts(_ dump: ReturningDump, _ tally: DumpTally) {
        guard let facts else { return }
        let prefix = dump.origin + "."
        for group in facts.groups where group.name.hasPrefix(prefix) {
            let found = tally.entries.first { TableName(parts: $0.name).full(dump.origin) == group.name }
            if found?.rows ?? 0 != group.items {
                result.differs(
                    "\(group.name): \(found?.rows ?? 0) rows in the snapshot, \(group.items) were counted at its capture"
                )
            }
        }
        result.methods.append("\(dump.target): rows counted per table, against the facts of the capture")
    }

    private mutating func compareRows(_ database: String, _ captured: DumpTally, _ fresh: DumpTally) {
        for entry in captured.entries {
            let name = TableName(parts: entry.name).full(database)
            result.compared += entry.rows
            guard let there = fresh[entry.name] else {
                if entry.rows > 0 { result.differs("\(name) has no rows there, and \(entry.rows) in the snapshot") }
                continue
            }
            if there.rows > entry.rows { result.extra += there.rows - entry.rows }
            if there.rows != entry.rows {
                result.equal += min(there.rows, entry.rows)
                result.differs("\(name) has \(there.rows) rows there, and \(entry.rows) in the snapshot")
            } else if there.fingerprint != entry.fingerprint {
                result.differs("\(name) has as many rows as in the snapshot (\(entry.rows)), but others")
            } else {
                result.equal += entry.rows
            }
        }
        for entry in fresh.entries where captured[entry.name] == nil { result.extra += entry.rows }
    }

    private mutating func compareText(_ database: String, _ captured: DumpText, _ fresh: DumpText) {
        let missing = captured.missing(in: fresh)
        let added = fresh.missing(in: captured)
        if missing.count + added.count == 0 { return }
        guard captured.versions == fresh.versions else {
            let lost = captured.objects.subtracting(fresh.objects).sorted()
            if !lost.isEmpty {
                result.differs(
                    "\(database): \(lost.count) things that the snapshot defines are not there, such as: \(lost.prefix(3).joined(separator: ", "))"
                )
            }
            result.methods.append(
                "\(database): servers or programs of other versions, so that \(missing.count + added.count) lines of the definitions differ; looked for by name were its \(captured.objects.count) tables, views, indexes, routines and triggers"
            )
            return
        }
        if missing.count > 0 {
            result.differs(
                "\(database): \(missing.count) lines of the snapshot's definitions are not there, such as: \(missing.examples.joined(separator: " | "))"
            )
        }
        if added.count > 0 {
            result.differs(
                "\(database): \(added.count) lines of the definitions there are not in the snapshot, such as: \(added.examples.joined(separator: " | "))"
            )
        }
    }
}

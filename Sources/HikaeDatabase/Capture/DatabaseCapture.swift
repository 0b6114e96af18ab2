// One capture of a database server: its files, what was found while they were read, and whether it can be trusted.

import HikaeCore
import HikaeFormat
import HikaeSource
import Synchronization

/// A capture's session. Nothing runs between the files: each dump has a connection and programs of its own.
final class DatabaseCapture: CaptureSession {
    /// What became of one database's dump.
    struct Outcome: Sendable {
        var database: String
        var bytes: UInt64
        var tally: DumpTally
        var counted: [CountedTable]
        var notes: [String]
    }

    private struct State {
        var outcomes: [Outcome] = []
        var notes: [String] = []
        var otherBytes: UInt64 = 0
    }

    let server: any DatabaseServer
    let context: CaptureContext
    private let greeting: ServerGreeting
    private let databases: [String]
    private let time: Timestamp
    private let state = Mutex(State())
    private let failure = FirstError()

    init(
        _ server: any DatabaseServer, _ greeting: ServerGreeting, _ databases: [String], notes: [String],
        _ context: CaptureContext
    ) {
        (self.server, self.greeting, self.databases, self.context) = (server, greeting, databases, context)
        time = SystemClock().now()
        state.withLock { $0.notes = greeting.notes + notes }
    }

    /// The databases that are meant, and what is to be said of others.
    static func wanted(_ server: any DatabaseServer, _ session: SQLSession) throws(HikaeError)
        -> (readable: [String], notes: [String])
    {
        if let one = server.settings.database { return ([one], []) }
        let all = try server.databases(session)
        let closed = all.filter { !$0.isReadable }.map(\.name)
        let note = "\(server.settings.user) may not connect to: \(closed.prefix(20).joined(separator: ", "))"
        return (all.filter(\.isReadable).map(\.name), closed.isEmpty ? [] : [note])
    }

    static func nothingThere(_ settings: DatabaseSettings) -> HikaeError {
        HikaeError(
            .notFound, "\(settings.address) shows \(settings.user) no database",
            hint: "Was it erased, or may this user see none of them?")
    }

    var root: any SourceDirectory {
        let dumps = databases.map { database in
            entry(DatabaseFileName.file(database), DumpFile(capture: self, database: database), mayBeLong: true)
        }
        let creations = databases.map { database in
            let text = SmallFile(capture: self, name: "create/\(DatabaseFileName.file(database))", mustSucceed: false) {
                capture throws(HikaeError) in try capture.server.creation(database)
            }
            return entry(DatabaseFileName.file(database), text)
        }
        var folder = Node(name: Array(DatabaseFileName.creationFolder.utf8), kind: .dir)
        folder.mode = FileMode.directory | 0o755
        (folder.mtime, folder.ctime) = (time, time)
        let creation = DumpFolder(displayPath: "/create", unsorted: creations)
        var all = dumps + [SourceEntry(node: folder, body: .directory(creation))]
        if server.settings.includesGlobals {
            let globals = SmallFile(capture: self, name: server.globalsFile, mustSucceed: true) {
                capture throws(HikaeError) in try capture.globals()
            }
            all.append(entry(server.globalsFile, globals))
        }
        return DumpFolder(displayPath: "/", unsorted: all)
    }

    let readers = 0

    private func entry(_ name: String, _ file: any SourceFile, mayBeLong: Bool = false) -> SourceEntry {
        var node = Node(name: Array(name.utf8), kind: .file)
        node.mode = 0o600
        (node.mtime, node.ctime) = (time, time)
        var entry = SourceEntry(node: node, body: .file(file))
        entry.content = .mustBeRead
        entry.mayBeLong = mayBeLong
        return entry
    }

    private func globals() throws(HikaeError) -> [UInt8] {
        let session = try server.connect(nil)
        defer { session.close() }
        let globals = try server.globals(session)
        state.withLock { $0.notes += globals.notes }
        return globals.sql
    }

    // MARK: What the files report

    /// Remembers what makes the whole untrustworthy.
    func fail(_ error: HikaeError) { failure.set(error) }

    func add(_ outcome: Outcome) { state.withLock { $0.outcomes.append(outcome) } }

    func add(bytes: Int) { state.withLock { $0.otherBytes += UInt64(bytes) } }

    func finish() throws(HikaeError) -> CaptureFacts {
        try failure.check()
        let state = state.withLock { $0 }
        let done = Set(state.outcomes.map(\.database))
        if let missing = databases.first(where: { !done.contains($0) }) {
            throw HikaeError(.incomplete, "\(missing) at \(server.settings.address) was not dumped")
        }
        var facts = CaptureFacts(unit: .rows, tools: greeting.tools, notes: [server.countingNote] + state.notes)
        facts.bytes = state.otherBytes
        for outcome in state.outcomes.sorted(by: { $0.database < $1.database }) {
            facts.bytes += outcome.bytes
            facts.notes += outcome.notes
            facts.groups += outcome.groups
        }
        facts.groups.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        facts.items = facts.groups.reduce(0) { $0 + $1.items }
        return facts
    }

    func close() {}
}

extension DatabaseCapture.Outcome {
    /// The tables as facts: with the rows that are in the dump.
    var groups: [CaptureFacts.Group] {
        var names = Set(counted.map(\.name))
        for entry in tally.entries { names.insert(TableName(parts: entry.name)) }
        return names.map { name in
            let entry = tally[name.parts]
            return CaptureFacts.Group(name: name.full(database), items: entry?.rows ?? 0, bytes: entry?.bytes ?? 0)
        }
    }
}

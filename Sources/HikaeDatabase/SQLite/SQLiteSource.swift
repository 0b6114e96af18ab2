// An SQLite database as a source: a copy by SQLite's own backup, under the database's file name.

import GRDB
public import HikaeCore
import HikaeFormat
public import HikaeSource
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// An SQLite database file, copied as it is at one moment while others go on using it.
public struct SQLiteSource: CaptureSource {
    private let settings: SQLiteSettings

    /// Does nothing yet.
    public init(_ settings: SQLiteSettings) { self.settings = settings }

    /// The address for people, without any secret.
    public var address: String { "sqlite:\(settings.path)" }
    /// What is counted: rows.
    public var unit: CaptureUnit { .rows }

    /// Logs in and looks who answers there; ends the connection.
    public func probe() throws(HikaeError) -> ServiceIdentity {
        let queue = try SQLiteFile.open(settings.path, patience: settings.patienceSeconds)
        let version = try SQLiteFile.calling(settings.path) {
            try queue.read { database in
                _ = try SQLiteFile.tables(database)
                return try String.fetchOne(database, sql: "SELECT sqlite_version()") ?? ""
            }
        }
        return ServiceIdentity(software: "SQLite \(version)")
    }

    /// Connects for one capture.
    public func begin(_ context: CaptureContext) throws(HikaeError) -> any CaptureSession {
        // Opened here only to fail early.
        let identity = try probe()
        return SQLiteCapture(settings, version: identity.software, context)
    }
}

/// One capture of an SQLite database.
final class SQLiteCapture: CaptureSession {
    private let settings: SQLiteSettings
    private let version: String
    private let facts: Mutex<CaptureFacts>
    private let failure = FirstError()
    let readers = 0

    init(_ settings: SQLiteSettings, version: String, _ context: CaptureContext) {
        (self.settings, self.version) = (settings, version)
        facts = Mutex(
            CaptureFacts(
                unit: .rows, tools: [CaptureFacts.Tool(name: "sqlite", version: version)],
                notes: ["a copy by SQLite's own backup; rows were counted in that copy"]))
    }

    var root: any SourceDirectory {
        let name = settings.path.split(separator: "/").last.map { Array($0.utf8) } ?? Array("database.db".utf8)
        var node = Node(name: name, kind: .file)
        let time = SystemClock().now()
        node.mode = 0o600
        (node.mtime, node.ctime) = (time, time)
        var entry = SourceEntry(node: node, body: .file(Content(capture: self, path: settings.path)))
        entry.content = .mustBeRead
        entry.mayBeLong = true
        return DumpFolder(displayPath: "/", unsorted: [entry])
    }

    private struct Content: SourceFile {
        let capture: SQLiteCapture
        let path: String
        var displayPath: String { path }
        func open() throws(HikaeError) -> any SourceReader {
            do throws(HikaeError) {
                return try capture.copy()
            } catch {
                capture.failure.set(error)
                throw error
            }
        }
    }

    private func copy() throws(HikaeError) -> any SourceReader {
        let path = settings.path
        let scratch = try SQLiteScratch()
        let source = try SQLiteFile.open(path, patience: settings.patienceSeconds)
        let target = try SQLiteFile.open(scratch.path, writes: true, patience: settings.patienceSeconds)
        try SQLiteFile.copy(source, to: target, path)
        let rows = try SQLiteFile.rows(target, path)
        try SQLiteFile.calling(path) { try target.close() }
        facts.withLock { facts in
            facts.groups = rows.map { CaptureFacts.Group(name: $0.table, items: $0.rows, bytes: 0) }
            facts.items = rows.reduce(0) { $0 + $1.rows }
        }
        let descriptor = Glibc.open(scratch.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open", scratch.path) }
        // The folder goes with `scratch`; the copy is without a name from here on.
        return Reader(descriptor, self)
    }

    private final class Reader: SourceReader {
        private let descriptor: Int32
        private let capture: SQLiteCapture

        init(_ descriptor: Int32, _ capture: SQLiteCapture) { (self.descriptor, self.capture) = (descriptor, capture) }

        deinit { Glibc.close(descriptor) }

        func read(into buffer: UnsafeMutableRawBufferPointer) throws(HikaeError) -> Int {
            while true {
                let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                if count >= 0 {
                    capture.facts.withLock { $0.bytes += UInt64(count) }
                    return count
                }
                guard errno == EINTR else {
                    let error = HikaeError.system("read", "the copy of \(capture.settings.path)")
                    capture.failure.set(error)
                    throw error
                }
            }
        }

        func currentNode() throws(HikaeError) -> Node? { nil }
    }

    func finish() throws(HikaeError) -> CaptureFacts {
        try failure.check()
        return facts.withLock { $0 }
    }

    func close() {}
}

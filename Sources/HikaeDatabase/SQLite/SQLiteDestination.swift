// An SQLite file that a capture is brought back to, whole or not at all.

import GRDB
public import HikaeCore
public import HikaeDestination
import HikaeFormat
public import HikaeSource

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// An SQLite database file. A new one appears under its name when it is whole and on the disk; one that is there is
/// replaced, or filled up, in one transaction of SQLite's own, which programs that have it open understand.
public struct SQLiteDestination: Destination {
    private let settings: SQLiteSettings

    /// Does nothing yet.
    public init(_ settings: SQLiteSettings) { self.settings = settings }

    /// The address for people, without any secret.
    public var address: String { "sqlite:\(settings.path)" }

    private var folder: String {
        let parts = settings.path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        return parts.isEmpty ? "." : parts.joined(separator: "/").isEmpty ? "/" : parts.joined(separator: "/")
    }

    /// Logs in and looks who answers there; ends the connection.
    public func probe() throws(HikaeError) -> ServiceIdentity {
        guard access(folder, W_OK) == 0 else { throw .system("write to", folder) }
        let version = try SQLiteFile.calling(settings.path) {
            try DatabaseQueue().read { try String.fetchOne($0, sql: "SELECT sqlite_version()") ?? "" }
        }
        return ServiceIdentity(software: "SQLite \(version)")
    }

    /// Compares what is to be written with what is there. Writes nothing.
    public func preview(_ content: SnapshotContent, _ options: ReturnOptions, _ watch: ReturnWatch) throws(HikaeError)
        -> ReturnPreview
    {
        let copy = try Copy(content, settings, in: nil, watch)
        var preview = ReturnPreview()
        guard let there = try rowsThere() else {
            preview.items = copy.total
            preview.bytes = copy.size
            return preview
        }
        let comparison = try SQLiteComparison(copy.scratch.path, settings.path, settings.patienceSeconds)
        preview.present = comparison.same
        preview.items = options.onlyMissing ? comparison.missing : options.replaces || there.isEmpty ? copy.total : 0
        preview.bytes = preview.items > 0 ? copy.size : 0
        for sentence in comparison.differences { preview.conflict(sentence) }
        return preview
    }

    /// Puts the content back; see the type.
    public func restore(_ content: SnapshotContent, _ options: ReturnOptions, _ watch: ReturnWatch) throws(HikaeError)
        -> ReturnSummary
    {
        let copy = try Copy(content, settings, in: folder, watch)
        var summary = ReturnSummary()
        let there = try rowsThere(unlessReplaced: options.replaces)
        if let there, !there.isEmpty {
            let comparison = try? SQLiteComparison(copy.scratch.path, settings.path, settings.patienceSeconds)
            if options.onlyMissing {
                let filling = try SQLiteFilling(copy.scratch.path, settings.path, settings.patienceSeconds)
                summary.itemsWritten = try filling.run(watch.report)
                summary.itemsSkipped = copy.total - min(copy.total, summary.itemsWritten)
                return summary
            }
            if let comparison, comparison.isEqual {
                summary.itemsSkipped = copy.total
                return summary
            }
            guard options.replaces else {
                let rows = there.reduce(0) { $0 + $1.rows }
                throw HikaeError(
                    .refused,
                    "\(settings.path) is there and holds \(there.count) table\(there.count == 1 ? "" : "s") with "
                        + "\(rows) row\(rows == 1 ? "" : "s")",
                    hint: "Restore to a new file, only what is missing (--only-missing), or say that it may be "
                        + "replaced (--replace).")
            }
        }
        if there == nil { try copy.take(place: settings.path, folder) } else { try overwrite(with: copy) }
        summary.itemsWritten = copy.total
        summary.bytesWritten = copy.size
        return summary
    }

    /// Reads back what is there and compares it with the content and its facts.
    public func verify(
        _ content: SnapshotContent, facts: CaptureFacts?, _ options: ReturnOptions, _ watch: ReturnWatch
    ) throws(HikaeError) -> Verification {
        let copy = try Copy(content, settings, in: nil, watch)
        var result = Verification()
        for group in facts?.groups ?? [] {
            let rows = copy.rows.first { $0.table == group.name }?.rows ?? 0
            if rows != group.items {
                result.differs(
                    "\(group.name): \(rows) rows in the snapshot, \(group.items) were counted at its capture")
            }
        }
        result.compared = copy.total
        guard try rowsThere() != nil else {
            result.differs("\(settings.path) is not there")
            return result
        }
        let comparison = try SQLiteComparison(copy.scratch.path, settings.path, settings.patienceSeconds)
        result.equal = comparison.same
        result.extra = comparison.extra
        for sentence in comparison.differences { result.differs(sentence) }
        result.methods = [
            "SQLite's quick check", "every row of \(copy.rows.count) tables compared, and the definitions",
        ]
        return result
    }

    /// The tables at the destination; nil when there is no file. One that is no database may be replaced, and only so.
    private func rowsThere(unlessReplaced replaces: Bool = false) throws(HikaeError) -> [(table: String, rows: UInt64)]?
    {
        guard access(settings.path, F_OK) == 0 else { return nil }
        do throws(HikaeError) {
            return try SQLiteFile.rows(
                SQLiteFile.open(settings.path, patience: settings.patienceSeconds), settings.path)
        } catch  where error.code == .damaged && replaces {
            // Nothing of it can be used; what SQLite kept beside it must not be applied to the new one.
            for ending in ["-wal", "-shm", "-journal"] { unlink(settings.path + ending) }
            return nil
        }
    }

    private func overwrite(with copy: Copy) throws(HikaeError) {
        let source = try SQLiteFile.open(copy.scratch.path, patience: settings.patienceSeconds)
        let target = try SQLiteFile.open(settings.path, writes: true, patience: settings.patienceSeconds)
        try SQLiteFile.copy(source, to: target, settings.path)
        try SQLiteFile.calling(settings.path) { try target.close() }
    }

    /// The snapshot's database in a file of ours.
    private final class Copy {
        let scratch: SQLiteScratch
        let size: UInt64
        let rows: [(table: String, rows: UInt64)]
        var total: UInt64 { rows.reduce(0) { $0 + $1.rows } }

        init(_ content: SnapshotContent, _ settings: SQLiteSettings, in folder: String?, _ watch: ReturnWatch)
            throws(HikaeError)
        {
            let files = (try content.nodes() ?? []).filter { $0.kind == .file }
            guard let node = files.first, files.count == 1 else {
                throw HikaeError(.notFound, "the snapshot does not hold one database file, but \(files.count)")
            }
            scratch = try SQLiteScratch(in: folder)
            size = node.size
            let path = scratch.path
            let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw .system("create", path) }
            defer { close(descriptor) }
            try content.read(node) { bytes throws(HikaeError) in
                try watch.cancellation.check()
                var rest = bytes
                while !rest.isEmpty {
                    let count = write(descriptor, rest.baseAddress, rest.count)
                    if count < 0 {
                        if errno == EINTR { continue }
                        throw .system("write", path)
                    }
                    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                }
                watch.progress.add(bytes: bytes.count)
            }
            guard fsync(descriptor) == 0 else { throw .system("write", path) }
            let queue = try SQLiteFile.open(path, patience: settings.patienceSeconds)
            rows = try SQLiteFile.rows(queue, node.displayName)
            try SQLiteFile.calling(path) { try queue.close() }
        }

        /// The copy becomes the database.
        func take(place: String, _ folder: String) throws(HikaeError) {
            guard rename(scratch.path, place) == 0 else { throw .system("create", place) }
            let directory = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            if directory >= 0 {
                fsync(directory)
                close(directory)
            }
        }
    }
}

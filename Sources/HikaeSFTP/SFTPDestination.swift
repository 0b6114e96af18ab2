// A folder on an SSH server as a destination.

public import HikaeCore
public import HikaeDestination
import HikaeFormat
public import HikaeSource

/// Writes a folder over SFTP.
///
/// Nothing is written outside the folder: below it no link is followed, as every directory is looked at before it is
/// entered. SFTP has no way to hold on to a directory, so whoever may write there at the same time can still get in
/// between. Owners are not set: at another provider they are others.
public struct SFTPDestination: Destination {
    let settings: SFTPSettings

    /// What `settings` name.
    public init(_ settings: SFTPSettings) { self.settings = settings }

    public var address: String { settings.address }

    /// A folder that is not there yet is none to complain of: it is made by a restore.
    public func probe() throws(HikaeError) -> ServiceIdentity {
        let connection = SFTPConnection(settings)
        defer { connection.close() }
        let target = try connection.target()
        let channel = try connection.channel()
        var identity = ServiceIdentity(software: channel.features.software)
        guard target.exists else {
            identity.notes.append("there is no folder \(Printable.path(target.path)) yet: it will be made")
            return identity
        }
        var name = PartName()
        let part = RemotePath.child(of: target.path, name.next())
        let handle = try channel.handle(PartFile.creating(part), part)
        try channel.succeed(.close(handle: handle), "write", part)
        try channel.succeed(.remove(path: part), "remove", part)
        return identity
    }

    /// Compares by kind, size, time and link target.
    public func preview(_ content: SnapshotContent, _ options: ReturnOptions, _ watch: ReturnWatch)
        throws(HikaeError) -> ReturnPreview
    {
        let connection = connect(watch)
        defer { connection.close() }
        return try compare(content, options, watch, connection, try connection.target())
    }

    /// Writes each file under another name and moves it to its place. Throws `.refused`, with nothing written, when
    /// something would have to be replaced that may not be; `.noSpace` or `.quota` when the server takes no more.
    public func restore(_ content: SnapshotContent, _ options: ReturnOptions, _ watch: ReturnWatch)
        throws(HikaeError) -> ReturnSummary
    {
        let connection = connect(watch)
        defer { connection.close() }
        let target = try connection.target()
        watch.progress.begin(phase: "comparing")
        let preview = try compare(content, options, watch, connection, target)
        if !options.replaces, !options.onlyMissing, preview.conflictCount > 0 {
            let first = preview.conflicts.prefix(3).joined(separator: "; ")
            let count = preview.conflictCount
            throw HikaeError(
                .refused, "\(count) thing\(count == 1 ? "" : "s") at \(address) would have to be replaced: \(first)",
                hint: "Restore to an empty folder, only what is missing (--only-missing), or allow that things are "
                    + "replaced (--replace).")
        }
        watch.progress.begin(
            phase: "writing", files: Int(clamping: preview.items + preview.present), bytes: Int(clamping: preview.bytes)
        )
        if !target.exists { try connection.makeFolders(target.path) }
        let run = try RestoreRun(content, connection, options, watch, root: target.path)
        return try run.run(exists: target.exists)
    }

    /// Reads back every file.
    public func verify(
        _ content: SnapshotContent, facts: CaptureFacts?, _ options: ReturnOptions, _ watch: ReturnWatch
    ) throws(HikaeError) -> Verification {
        let connection = connect(watch)
        defer { connection.close() }
        let path = try connection.folder()
        watch.progress.begin(phase: "verifying")
        return try VerifyRun(content, connection, watch).run(root: path)
    }

    private func connect(_ watch: ReturnWatch) -> SFTPConnection {
        SFTPConnection(settings, firstAttempts: 3, cancellation: watch.cancellation, report: watch.report)
    }

    private func compare(
        _ content: SnapshotContent, _ options: ReturnOptions, _ watch: ReturnWatch, _ connection: SFTPConnection,
        _ target: (path: [UInt8], exists: Bool)
    ) throws(HikaeError) -> ReturnPreview {
        var preview = ReturnPreview()
        var walk = TargetWalk(content, connection, watch.cancellation) { _ in }
        try walk.run(root: target.path, exists: target.exists) { item throws(HikaeError) in
            let isFolder = item.node.kind == .dir
            switch item.relation {
            case .same:
                if isFolder { return .compare }
                preview.present += 1
            case .unsupported: break
            case .missing:
                if isFolder { return .allMissing }
                preview.items += 1
                preview.bytes += item.node.size
            case .differs(let reason), .blocked(let reason):
                preview.conflictCount += 1
                if preview.conflicts.count < 1000 {
                    preview.conflicts.append("\(Printable.path(item.path)): \(reason)")
                }
                guard options.replaces, case .differs = item.relation else { return .skip }
                if isFolder { return .allMissing }
                preview.items += 1
                preview.bytes += item.node.size
            }
            return .skip
        }
        return preview
    }
}

extension SFTPConnection {
    /// Where to write. Throws `.notFound` when something else than a folder is there.
    func target() throws(HikaeError) -> (path: [UInt8], exists: Bool) {
        let start = RemotePath.start(settings.path)
        var path = start
        if path.first != RemotePath.slash {
            let home = try perform { channel throws(HikaeError) in try channel.name(.realPath(path: [0x2E]), [0x2E]) }
            guard home.first == RemotePath.slash, !home.contains(0) else {
                throw HikaeError(.protocolViolation, "the server's path for \(settings.address) is no path")
            }
            path = start == [0x2E] ? home : RemotePath.child(of: home, start)
        }
        while path.count > 1, path.last == RemotePath.slash { path.removeLast() }
        let there = try perform { channel throws(HikaeError) in try channel.attributes(.status(path: path), path) }
        if let there, there.kind != .directory, there.kind != .unknown {
            throw HikaeError(.notFound, "\(Printable.path(path)) on \(settings.address) is no folder")
        }
        return (path, there != nil)
    }

    /// Makes a folder and those above it.
    func makeFolders(_ path: [UInt8]) throws(HikaeError) {
        var made: [UInt8] = []
        for name in path.split(separator: RemotePath.slash) {
            made += [RemotePath.slash] + name
            let folder = made
            try perform { channel throws(HikaeError) in
                if try channel.attributes(.status(path: folder), folder) != nil { return }
                do throws(HikaeError) {
                    try channel.succeed(
                        .makeDirectory(path: folder, attributes: FileAttributes()), "create the folder", folder)
                } catch {
                    guard try channel.attributes(.status(path: folder), folder) != nil else { throw error }
                }
            }
        }
    }
}

// A folder on an SSH server as a source.

public import HikaeCore
public import HikaeSource

/// Reads a folder over SFTP: files, folders and symlinks, with modes, times and owners.
///
/// Devices, sockets and FIFOs are left out, and counted in the facts' notes.
public struct SFTPSource: CaptureSource {
    let settings: SFTPSettings

    /// What `settings` name.
    public init(_ settings: SFTPSettings) { self.settings = settings }

    public var address: String { settings.address }
    public var unit: CaptureUnit { .files }

    /// Looks whether the folder is there.
    public func probe() throws(HikaeError) -> ServiceIdentity {
        let connection = SFTPConnection(settings)
        defer { connection.close() }
        _ = try PathFilter(settings.excludes)
        _ = try connection.folder()
        return ServiceIdentity(software: try connection.channel().features.software)
    }

    /// Connects, three times at most when nobody answers. Throws `.untrusted`, `.accessDenied`, `.unreachable` or
    /// `.notFound`.
    public func begin(_ context: CaptureContext) throws(HikaeError) -> any CaptureSession {
        let excludes = try PathFilter(settings.excludes)
        let connection = SFTPConnection(
            settings, firstAttempts: 3, cancellation: context.cancellation, report: context.report)
        do throws(HikaeError) {
            let path = try connection.folder()
            let reading = Reading(connection, excludes: excludes, bounds: settings.bounds)
            return try SFTPSession(path, reading)
        } catch {
            connection.close()
            throw error
        }
    }
}

extension SFTPConnection {
    /// The folder's absolute path. Throws `.notFound` when there is none, or something else.
    func folder() throws(HikaeError) -> [UInt8] {
        let start = RemotePath.start(settings.path)
        let path = try perform { channel throws(HikaeError) in
            try channel.name(.realPath(path: start), start)
        }
        guard path.first == RemotePath.slash, !path.contains(0) else {
            throw HikaeError(.protocolViolation, "the server's path for \(settings.address) is no path")
        }
        let attributes = try perform { channel throws(HikaeError) in
            try channel.attributes(.status(path: path), path)
        }
        guard let attributes else {
            throw HikaeError(
                .notFound, "there is no folder \(Printable.path(path)) on \(settings.address)",
                hint: "A path that does not begin with “/” starts at the account's home.")
        }
        guard attributes.kind == .directory || attributes.kind == .unknown else {
            throw HikaeError(.notFound, "\(Printable.path(path)) on \(settings.address) is no folder")
        }
        return path
    }
}

extension ServerFeatures {
    /// The server, for people.
    var software: String {
        renamesOver ? "SFTP version \(version) with OpenSSH's extensions" : "SFTP version \(version)"
    }
}

/// One reading of the folder.
private final class SFTPSession: CaptureSession {
    let root: any SourceDirectory
    private let reading: Reading
    private let server: String

    init(_ path: [UInt8], _ reading: Reading) throws(HikaeError) {
        self.reading = reading
        root = RemoteDirectory(root: path, reading)
        server = try reading.connection.channel().features.software
    }

    // What goes ahead of the walk keeps the line full; more readers would only take memory.
    var readers: Int { 0 }

    func finish() throws(HikaeError) -> CaptureFacts {
        try reading.check()
        var facts = reading.tally.facts()
        facts.tools = [CaptureFacts.Tool(name: "server", version: server)]
        let count = reading.connection.reconnections
        if count > 0 {
            facts.notes.append("the connection broke \(count == 1 ? "once" : "\(count) times") and was made again")
        }
        return facts
    }

    func close() { reading.connection.close() }
}

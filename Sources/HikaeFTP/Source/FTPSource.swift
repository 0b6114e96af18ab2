// A site over FTP as a source.

public import HikaeCore
public import HikaeSource

/// Reads a site over FTP or FTPS.
public struct FTPSource: CaptureSource {
    private let settings: FTPSettings

    /// A source for that site. Connects to nothing.
    public init(_ settings: FTPSettings) { self.settings = settings }

    public var address: String { settings.address }
    public var unit: CaptureUnit { .files }

    /// Logs in and lists the folder.
    public func probe() throws(HikaeError) -> ServiceIdentity {
        let session = try FTPSession(settings, CaptureContext())
        defer { session.close() }
        return try session.identify()
    }

    /// Logs in for one capture.
    public func begin(_ context: CaptureContext) throws(HikaeError) -> any CaptureSession {
        try FTPSession(settings, context)
    }
}

// A folder on an SSH server as a source.

public import HikaeCore
public import HikaeSource

/// Reads a folder over SFTP.
public struct SFTPSource: CaptureSource {
    let settings: SFTPSettings

    /// What `settings` name.
    public init(_ settings: SFTPSettings) { self.settings = settings }

    public var address: String { settings.address }
    public var unit: CaptureUnit { .files }

    public func probe() throws(HikaeError) -> ServiceIdentity {
        throw HikaeError(.unsupported, "SFTP is being built")
    }

    public func begin(_ context: CaptureContext) throws(HikaeError) -> any CaptureSession {
        throw HikaeError(.unsupported, "SFTP is being built")
    }
}

// A folder on an SSH server as a destination.

public import HikaeCore
public import HikaeDestination
public import HikaeSource

/// Writes a folder over SFTP.
public struct SFTPDestination: Destination {
    let settings: SFTPSettings

    /// What `settings` name.
    public init(_ settings: SFTPSettings) { self.settings = settings }

    public var address: String { settings.address }

    public func probe() throws(HikaeError) -> ServiceIdentity {
        throw HikaeError(.unsupported, "SFTP is being built")
    }

    public func preview(_ content: SnapshotContent, _ options: ReturnOptions, _ watch: ReturnWatch)
        throws(HikaeError) -> ReturnPreview
    {
        throw HikaeError(.unsupported, "SFTP is being built")
    }

    public func restore(_ content: SnapshotContent, _ options: ReturnOptions, _ watch: ReturnWatch)
        throws(HikaeError) -> ReturnSummary
    {
        throw HikaeError(.unsupported, "SFTP is being built")
    }

    public func verify(
        _ content: SnapshotContent, facts: CaptureFacts?, _ options: ReturnOptions, _ watch: ReturnWatch
    ) throws(HikaeError) -> Verification {
        throw HikaeError(.unsupported, "SFTP is being built")
    }
}

// The vault whose captures are mixed: the one that has the newest good capture, because trees of one vault alone can be
// put together.

public import HikaeCore
public import HikaeGuard

/// Finds better generations in the vaults that are open.
public struct GenerationChoice: Sendable {
    private let vaults: [VaultView]
    private let goneSince: Timestamp?
    private let time: Timestamp?
    private let cancellation: Cancellation

    /// - Parameters:
    ///   - goneSince: files that went after this come back too; nil: only what rotted does.
    ///   - time: the newest capture is the last good one until then; nil: of all.
    public init(
        _ vaults: [VaultView], goneSince: Timestamp?, at time: Timestamp? = nil,
        cancellation: Cancellation = Cancellation()
    ) {
        (self.vaults, self.goneSince, self.time, self.cancellation) = (vaults, goneSince, time, cancellation)
    }

    /// The last good capture of a source, and the files that have a better generation than it.
    ///
    /// Throws `.notFound` when there is no good capture, `.usage` when the source holds no files.
    public func find(_ name: SourceName) throws(HikaeError) -> (ChosenCapture, [FileGeneration]) {
        let newest = try CaptureChooser(vaults).choose(name, at: time)
        let chooser = CaptureChooser(vaults.filter { $0.name == newest.vault })
        let generations = try FileGenerations(chooser, cancellation: cancellation).find(newest, goneSince: goneSince)
        return (newest, generations)
    }

    /// The last good capture of a source with each file's last good generation in it.
    public func choose(_ name: SourceName) throws(HikaeError) -> ChosenCapture {
        let (newest, generations) = try find(name)
        return try newest.mixed(with: generations)
    }
}

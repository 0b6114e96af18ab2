// What every kind of destination is to a restore: a place that can be filled from a snapshot, and compared with it.

public import HikaeCore
public import HikaeSource

/// A place that a capture's content is put back to. Knows nothing of plans and vaults.
///
/// Making one does no I/O. Each call makes its own connections and ends them.
public protocol Destination: Sendable {
    /// The address for people, without any secret.
    var address: String { get }

    /// Connects, logs in, looks whether one may write there, and ends the connection.
    func probe() throws(HikaeError) -> ServiceIdentity

    /// Compares what is to be written with what is there. Writes nothing.
    func preview(_ content: SnapshotContent, _ options: ReturnOptions, _ watch: ReturnWatch) throws(HikaeError)
        -> ReturnPreview

    /// Puts the content back. Made again after it broke off, it goes on where it was: what is there already and right
    /// is not written again.
    ///
    /// An item that the destination refuses is reported and counted; the rest goes on. Throws what ends the whole:
    /// `.refused` when something is there that `options` do not allow to be replaced.
    func restore(_ content: SnapshotContent, _ options: ReturnOptions, _ watch: ReturnWatch) throws(HikaeError)
        -> ReturnSummary

    /// Reads back what is there and compares it with the content and with the facts recorded at its capture.
    func verify(
        _ content: SnapshotContent, facts: CaptureFacts?, _ options: ReturnOptions, _ watch: ReturnWatch
    ) throws(HikaeError) -> Verification
}

/// How content is put back.
public struct ReturnOptions: Sendable {
    /// Only what the destination lacks is written; what is there stays as it is.
    public var onlyMissing = false
    /// What is there and differs may be replaced: a file overwritten, a database that is not empty dropped.
    public var replaces = false

    public init() {}
}

/// Where a restore tells how far it is, and is told to stop.
public struct ReturnWatch: Sendable {
    public var progress: Progress
    public var cancellation: Cancellation
    /// Told, from any thread, of each item that could not be handled.
    public var report: @Sendable (HikaeError) -> Void

    public init(
        progress: Progress = Progress(), cancellation: Cancellation = Cancellation(),
        report: @escaping @Sendable (HikaeError) -> Void = { _ in }
    ) {
        self.progress = progress
        self.cancellation = cancellation
        self.report = report
    }
}

/// What a restore would do.
public struct ReturnPreview: Sendable, Equatable {
    /// Items and bytes to be written.
    public var items: UInt64 = 0
    public var bytes: UInt64 = 0
    /// Items that are there already, as they should be.
    public var present: UInt64 = 0
    /// Items that are there and differ, as a sentence each; the first thousand.
    public var conflicts: [String] = []
    public var conflictCount: UInt64 = 0

    public init() {}
}

/// What a restore did.
public struct ReturnSummary: Sendable, Equatable {
    public var itemsWritten: UInt64 = 0
    public var bytesWritten: UInt64 = 0
    /// Items that were there already, as they should be, or that stay because only missing ones were wanted.
    public var itemsSkipped: UInt64 = 0
    /// Items that could not be written.
    public var errors: UInt64 = 0

    public init() {}
}

/// What a comparison of destination and snapshot found.
public struct Verification: Sendable, Equatable {
    /// Items compared, and of them those found equal.
    public var compared: UInt64 = 0
    public var equal: UInt64 = 0
    /// What differs, a sentence each: the first thousand. `differenceCount` counts all.
    public var differences: [String] = []
    public var differenceCount: UInt64 = 0
    /// Items at the destination that the snapshot does not have: no difference, but worth knowing.
    public var extra: UInt64 = 0
    /// How it was compared, a sentence each: "every message byte for byte", "rows counted in 12 tables".
    public var methods: [String] = []

    public init() {}

    /// Whether everything of the snapshot is there as it was.
    public var isWhole: Bool { differenceCount == 0 }

    /// Records a difference.
    public mutating func differs(_ sentence: String) {
        differenceCount += 1
        if differences.count < 1000 { differences.append(sentence) }
    }
}

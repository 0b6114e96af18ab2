// How a repair is to go about it, and what it did.

public import HikaeCore

/// How a repair is to go about it.
public struct RepairOptions: Sendable {
    /// Says what would be done and does nothing.
    public var dryRun = false

    public init() {}
}

/// What a repair of the index did, or would do.
public struct IndexRepairSummary: Sendable, Equatable {
    /// Packs that no index knew.
    public var added: [FileID] = []
    /// Packs read anew: their size was another, or several indexes named them.
    public var reindexed: [FileID] = []
    /// Packs that an index named and that are not there.
    public var forgotten: [FileID] = []
    /// Index files that could not be read.
    public var droppedIndexes: [FileID] = []
    /// Packs whose header cannot be read. What the index knew of them it still knows: see `repair packs`.
    public var unreadable: [FileID] = []

    public init() {}

    /// Whether the index was as it must be.
    public var isUnchanged: Bool { added.isEmpty && reindexed.isEmpty && forgotten.isEmpty && droppedIndexes.isEmpty }
}

/// What a repair of packs did, or would do.
public struct PackRepairSummary: Sendable, Equatable {
    /// Blobs that were whole and stand in new packs now.
    public var saved = 0
    /// Blobs that were not, and came from elsewhere.
    public var rescued = 0
    /// Blobs that were not, and have no other copy.
    public var lost: [BlobID] = []
    /// Packs that were taken out of the repository.
    public var removed: [FileID] = []

    public init() {}
}

/// What a repair of snapshots did, or would do.
public struct SnapshotRepairSummary: Sendable, Equatable {
    public var checked = 0
    /// Snapshots with something missing, and the ones that stand for them now (nil in a dry run).
    public var changed: [Change] = []
    /// Snapshots of which nothing could be read, removed when asked to forget.
    public var unreadable: [FileID] = []

    /// A repaired snapshot.
    public struct Change: Sendable, Equatable {
        public var old: FileID
        public var new: FileID?

        public init(old: FileID, new: FileID?) { (self.old, self.new) = (old, new) }
    }

    public init() {}
}

// What a check reports: findings as they are met, and an account at the end.

public import HikaeCore
public import HikaeStore

/// One thing that a check found: what is concerned, how bad it is, in words and as fields.
public struct CheckFinding: Sendable {
    /// Whether data is at risk, or only space.
    public enum Severity: String, Sendable {
        /// Not as tidy as it could be; nothing is lost.
        case hint
        /// Something cannot be restored, or will not be if nothing is done.
        case error
    }

    /// A stable word for what was found; appears in JSON.
    public enum Kind: String, Sendable, CaseIterable {
        /// A key file is not what it must be.
        case key
        /// An index file cannot be read.
        case index
        /// A pack stands in several indexes.
        case duplicatePack = "duplicate-pack"
        /// A pack holds trees and data.
        case mixedPack = "mixed-pack"
        /// A pack that an index names is not there.
        case packMissing = "pack-missing"
        /// A pack is longer or shorter than its index says.
        case packSize = "pack-size"
        /// A pack stands in no index.
        case packOrphaned = "pack-orphaned"
        /// A pack's bytes are not what its name says.
        case packDamaged = "pack-damaged"
        /// A pack cannot be read.
        case packUnreadable = "pack-unreadable"
        /// A pack's header is damaged, or says something else than the index.
        case packHeader = "pack-header"
        /// A blob's bytes are not what its ID says.
        case blobDamaged = "blob-damaged"
        /// A snapshot names a blob that no index knows.
        case blobMissing = "blob-missing"
        /// A snapshot file cannot be read.
        case snapshot
        /// A tree cannot be read, or says something it must not.
        case tree
    }

    public var severity: Severity
    public var kind: Kind
    /// A sentence that names the thing.
    public var message: String
    /// The repository's file concerned, if it is one.
    public var file: StoredFile?
    public var pack: FileID?
    public var blob: BlobID?
    public var tree: BlobID?
    /// Files concerned as `SNAPSHOT:/path`, at most `CheckFinding.maximumPaths`.
    public var paths: [String]
    /// How many there are.
    public var pathCount: Int
    /// The snapshots that they are in, all of them.
    public var snapshots: [FileID] = []

    /// Paths that one finding names.
    public static let maximumPaths = 20

    public init(
        _ severity: Severity, _ kind: Kind, _ message: String, file: StoredFile? = nil, pack: FileID? = nil,
        blob: BlobID? = nil, tree: BlobID? = nil, paths: [String] = [], pathCount: Int? = nil
    ) {
        (self.severity, self.kind, self.message) = (severity, kind, message)
        (self.file, self.pack, self.blob, self.tree) = (file, pack, blob, tree)
        self.paths = paths
        self.pathCount = pathCount ?? paths.count
    }
}

extension CheckFinding: CustomStringConvertible {
    public var description: String {
        var text = message
        for path in paths { text += "\n  \(path)" }
        if pathCount > paths.count { text += "\n  … and \(pathCount - paths.count) more" }
        return text
    }
}

/// The account of a finished check.
public struct CheckReport: Sendable {
    public var errors = 0
    public var hints = 0
    public var snapshots = 0
    public var trees = 0
    public var packs = 0
    public var packsRead = 0
    public var bytesRead: UInt64 = 0
    /// The packs that were chosen to be read, in the order of their IDs.
    public var chosenPacks: [FileID] = []
    /// Whether no pack stands behind the last of these.
    public var reachedEnd = true
    /// Packs that `repair packs` should be given.
    public var damagedPacks: [FileID] = []
    /// What to do next, as sentences.
    public var suggestions: [String] = []

    public init() {}

    /// Whether all that was looked at is as it must be.
    public var isSound: Bool { errors == 0 }
}

/// How a check is to go about it.
public struct CheckOptions: Sendable {
    public var readData = ReadSubset.none
    public var threads = processorCount()
    /// Makes the choice of random packs repeatable.
    public var seed: UInt64?

    public init() {}
}

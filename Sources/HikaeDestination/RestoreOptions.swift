// What a restore is told, and what it tells afterwards.

public import HikaeSource

/// How a tree is put back into a folder.
public struct RestoreOptions: Sendable {
    /// What becomes of something that is there already.
    public enum Overwriting: String, Sendable, CaseIterable {
        /// It is replaced.
        case always
        /// A file is replaced unless its size and modification time are the snapshot's.
        case ifChanged = "if-changed"
        /// It is replaced when the snapshot's modification time is later.
        case ifNewer = "if-newer"
        /// It stays.
        case never
    }

    /// Only what matches is restored, and the directories on the way there; nil: all.
    public var include: PathFilter?
    /// What matches is not restored, directories with all that is in them.
    public var exclude = PathFilter()
    /// What becomes of what is there.
    public var overwriting: Overwriting = .always
    /// Removes what the snapshot does not hold from the directories that are restored.
    public var deletesOthers = false
    /// Reads every restored file again and compares it with its hashes.
    public var verifies = false
    /// Leaves out runs of zeros, so that the filesystem need not keep them.
    public var isSparse = false
    /// Looks and counts, but changes nothing.
    public var isDryRun = false
    /// Counts files and bytes beforehand, beside the work, so that progress has totals.
    public var countsBeforehand = false
    /// Threads that read and write; 0 for one a processor, at least two.
    public var workers = 0

    /// Everything, over whatever is there.
    public init() {}
}

/// What a restore did.
public struct RestoreSummary: Sendable, Equatable {
    /// Files written, hard links to them not counted.
    public var files = 0
    /// Bytes of these files.
    public var bytes: UInt64 = 0
    /// Names made for files that have more than one.
    public var hardLinks = 0
    /// Directories made or found, whose metadata were set.
    public var directories = 0
    /// Symlinks, devices, FIFOs and sockets.
    public var others = 0
    /// What was there and stayed.
    public var skipped = 0
    /// Bytes of these, as the snapshot has them.
    public var bytesSkipped: UInt64 = 0
    /// What was removed because the snapshot does not hold it.
    public var deleted = 0
    /// Files that were read again and are right.
    public var verified = 0
    /// Items that could not be restored as they were; each was reported.
    public var errors = 0

    /// Nothing yet.
    public init() {}
}

/// What became of one item, for a detailed listing.
public struct RestoreItem: Sendable {
    /// What was done, or in a dry run would be.
    public enum Action: String, Sendable { case restored, updated, unchanged, deleted }

    /// The item's path in the snapshot, from its root: `/srv/www`.
    public let path: String
    /// What was done with it.
    public let action: Action
    /// Whether it is a directory.
    public let isDirectory: Bool
    /// Bytes of a file.
    public let size: UInt64
}

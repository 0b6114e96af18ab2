// What a capture is told, and what it tells afterwards.

public import HikaeCore
public import HikaeRepository

/// How a source is archived, and what its snapshot says of itself.
public struct ArchiveOptions: Sendable {
    /// The snapshot that changes are detected against, or nil to read everything.
    public var parent: NamedSnapshot?
    /// The snapshot's time.
    public var time: Timestamp
    /// The paths that the snapshot names: absolute, or whatever names the source.
    public var paths: [String]
    public var tags: [String] = []
    public var hostname = ""
    public var username = ""
    public var uid: UInt32 = 0
    public var gid: UInt32 = 0
    /// Patterns that were left out, for the record.
    public var excludes: [String] = []
    /// Which program made the snapshot, for the record.
    public var programVersion: String?
    /// Does everything but store.
    public var isDryRun = false
    /// Writes no snapshot when the tree is the parent's.
    public var skipsUnchanged = false
    /// Stores access times; otherwise the modification time stands in their place, as restic has it.
    public var keepsAccessTime = false
    /// Reads files that have not changed by size and times, too.
    public var readsEverything = false
    /// A file counts as unchanged although its inode number is another one.
    public var ignoresInode = false
    /// A file counts as unchanged although its status-change time is another one.
    public var ignoresChangeTime = false
    /// Threads that hash, compress and seal; 0 for one a processor.
    public var workers = 0

    public init(time: Timestamp, paths: [String]) {
        self.time = time
        self.paths = paths
    }
}

/// What a capture found and did.
public struct ArchiveSummary: Sendable {
    public var filesNew = 0
    public var filesChanged = 0
    public var filesUnmodified = 0
    /// Of the changed files, those that were read and hold what they held: only their metadata are others.
    public var filesTouched = 0
    /// Of the changed files, those whose size and time of change are what they were.
    public var filesRotten = 0
    /// The first few of their paths.
    public var rottenPaths: [String] = []
    public var directoriesNew = 0
    public var directoriesChanged = 0
    public var directoriesUnmodified = 0
    /// Blobs added.
    public var dataBlobs = 0
    public var treeBlobs = 0
    /// Plaintext bytes of the blobs added.
    public var bytesAdded = 0
    /// The same as they stand in the repository.
    public var bytesStored = 0
    /// Files and bytes looked at.
    public var totalFiles = 0
    public var totalBytes = 0
    /// Items that could not be read.
    public var errors = 0
    /// Of those, directories that could not be listed: how much is missing with them is not known.
    public var directoriesUnlisted = 0
    /// Of those, the ones that held something in the parent snapshot.
    public var directoriesUnlistedFilled = 0
    /// The first few of the paths of these.
    public var unlistedPaths: [String] = []
    /// The root tree.
    public var tree: BlobID?
    /// The snapshot, or nil in a dry run and where nothing changed and none was wanted.
    public var snapshot: FileID?

    public init() {}
}

/// What a snapshot is to say of itself that is known only when everything is read.
public struct ArchiveSeal: Sendable {
    /// The folder at the snapshot's root that records are put in.
    public static let folder = ".hikae"

    /// A file of that folder.
    public struct Record: Sendable {
        public var name: String
        public var bytes: [UInt8]

        public init(name: String, bytes: [UInt8]) { (self.name, self.bytes) = (name, bytes) }
    }

    public var records: [Record]
    /// Tags besides those of the options.
    public var tags: [String]

    public init(records: [Record] = [], tags: [String] = []) { (self.records, self.tags) = (records, tags) }
}

/// What became of one item, for a detailed listing.
public struct ArchiveItem: Sendable {
    /// How an entry compares with the parent snapshot.
    public enum Outcome: String, Sendable { case new, changed, unchanged }

    public let path: String
    public let isDirectory: Bool
    public let outcome: Outcome
    /// Bytes of a file.
    public let size: UInt64
}

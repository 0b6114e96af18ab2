// The protocols between what is read and the archiver. A source knows nothing of blobs, packs or repositories.

public import HikaeCore
public import HikaeFormat

/// One entry of a source's directory: what it is, and how to go on from it.
public struct SourceEntry: Sendable {
    /// What can be followed from an entry.
    public enum Body: Sendable {
        /// A directory: its entries are still to be read.
        case directory(any SourceDirectory)
        /// A regular file: its content is still to be read.
        case file(any SourceFile)
        /// A symlink, device, FIFO or socket: the node says all.
        case other
    }

    /// The metadata, without `content` and `subtree`. Together with the name it is what changes are detected by.
    public var node: Node
    /// What can be followed from here.
    public var body: Body
    /// The name that the same file had in the snapshot before, in the same directory, when it had another one: a
    /// message whose flags changed. Nil when the name is the same, or not known.
    public var formerName: [UInt8]?
    /// What a directory holds in all, when its source knows that nothing in it has changed: together with
    /// `content == .isUnchanged` it is taken over from the snapshot before without being looked at.
    public var extent: Extent?
    /// What the source itself knows of the content since the snapshot before.
    public var content: ContentKnowledge = .metadataTells

    /// Whether the content may be long although the node's size does not say so: a dump that is being made.
    public var mayBeLong = false

    /// How much there is in a directory and below it.
    public struct Extent: Sendable {
        public var files: Int
        public var bytes: UInt64

        public init(files: Int, bytes: UInt64) { (self.files, self.bytes) = (files, bytes) }
    }

    /// What a source can know of content without reading it.
    public enum ContentKnowledge: Sendable {
        /// Size and times tell, as restic has it.
        case metadataTells
        /// It is what the snapshot before has, whatever size and times say.
        case isUnchanged
        /// It must be read again, whatever size and times say.
        case mustBeRead
    }

    /// An entry as its source found it.
    public init(node: Node, body: Body) {
        self.node = node
        self.body = body
    }
}

/// A directory that can be listed. Safe to use from any thread, one call at a time.
public protocol SourceDirectory: Sendable {
    /// The path for messages and progress.
    var displayPath: String { get }

    /// The entries, sorted by the bytes of their names, no name twice.
    ///
    /// An entry that cannot be read is passed to `report` and left out. Throws when the directory itself cannot be
    /// listed: then nothing is known about what it holds.
    func entries(report: (HikaeError) -> Void) throws(HikaeError) -> [SourceEntry]
}

/// A file that can be opened for reading.
public protocol SourceFile: Sendable {
    /// The path for messages and progress.
    var displayPath: String { get }

    /// Opens the content. Throws `.notFound` when the file is gone.
    func open() throws(HikaeError) -> any SourceReader

    /// Told when it is certain that the file will be opened soon: a chance to fetch it ahead. Must not wait.
    func expectOpening()
}

extension SourceFile {
    /// Does nothing: for files that are near.
    public func expectOpening() {}
}

/// The content of one open file, read from its start to its end by one thread. Closed when released.
public protocol SourceReader: AnyObject {
    /// Reads the next bytes into `buffer` and returns how many, 0 at the end. May return fewer than fit.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HikaeError) -> Int

    /// The metadata of the open file, as it is now: what restic records. Nil when the entry's own node is the truth.
    func currentNode() throws(HikaeError) -> Node?
}

// One entry of a tree, as restic's format holds it. The codec stands in Tree+Encoding and Tree+Decoding.

public import HikaeCore

/// What a node is. The raw value is restic's word for it.
public enum NodeKind: String, Sendable {
    case file, dir, symlink, dev, chardev, fifo, socket, irregular
}

/// One extended attribute; ACLs are `system.posix_acl_access` and `…_default`.
public struct ExtendedAttribute: Sendable, Hashable {
    /// As the system lists it, `user.…` for instance.
    public var name: String
    /// Any bytes, perhaps none.
    public var value: [UInt8]

    /// An attribute of this name and value.
    public init(name: String, value: [UInt8]) {
        self.name = name
        self.value = value
    }
}

/// One entry of a tree: a file, directory or other item, with its metadata and where its content is.
public struct Node: Sendable, Equatable {
    /// The name as the filesystem has it: any bytes but NUL and `/`, UTF-8 or not.
    public var name: [UInt8]
    /// What the node is; restic's trees also tell it by the mode.
    public var kind: NodeKind
    /// Go's `os.FileMode`: permission bits with Go's flag bits (see `FileMode`), not the system's `st_mode`.
    public var mode: UInt32 = 0
    /// When the content was last changed.
    public var mtime: Timestamp = .zero
    /// When it was last read; restic stores the mtime here unless told otherwise.
    public var atime: Timestamp = .zero
    /// When content or metadata was last changed.
    public var ctime: Timestamp = .zero
    /// The owner's number.
    public var uid: UInt32 = 0
    /// The group's number.
    public var gid: UInt32 = 0
    /// The owner's name, or empty when the number has none.
    public var user: String = ""
    /// The group's name, or empty when the number has none.
    public var group: String = ""
    /// `st_ino`.
    public var inode: UInt64 = 0
    /// `st_dev`: with the inode, what tells hard links.
    public var deviceID: UInt64 = 0
    /// Bytes, files only.
    public var size: UInt64 = 0
    /// `st_nlink`, what is no directory only.
    public var links: UInt64 = 0
    /// A symlink's target, any bytes.
    public var linkTarget: [UInt8] = []
    /// In the order in which the system lists them.
    public var extendedAttributes: [ExtendedAttribute] = []
    /// The JSON of `generic_attributes` (Windows attributes, since restic 0.17), kept as it is.
    public var genericAttributes: [UInt8]?
    /// `st_rdev`, device nodes only.
    public var device: UInt64 = 0
    /// The file's blobs in order; nil (JSON `null`) for what is no file.
    public var content: [BlobID]?
    /// A directory's tree.
    public var subtree: BlobID?
    /// What went wrong when the node was read, or empty.
    public var error: String = ""

    /// A node of this name and kind with nothing else known.
    public init(name: [UInt8], kind: NodeKind) {
        self.name = name
        self.kind = kind
    }

    /// The name for people: UTF-8, what is none replaced.
    public var displayName: String { String(decoding: name, as: UTF8.self) }
}

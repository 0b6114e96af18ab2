// One entry of a tree, as restic's format holds it. The codec stands in Tree+Encoding and Tree+Decoding.

public import HikaeCore

/// What a node is. The raw value is restic's word for it.
public enum NodeKind: String, Sendable {
    case file, dir, symlink, dev, chardev, fifo, socket, irregular
}

/// One extended attribute; ACLs are `system.posix_acl_access` and `…_default`.
public struct ExtendedAttribute: Sendable, Hashable {
    public var name: String
    public var value: [UInt8]

    public init(name: String, value: [UInt8]) {
        self.name = name
        self.value = value
    }
}

/// One entry of a tree: a file, directory or other item, with its metadata and where its content is.
public struct Node: Sendable, Equatable {
    /// The name as the filesystem has it: any bytes but NUL and `/`, UTF-8 or not.
    public var name: [UInt8]
    public var kind: NodeKind
    /// Go's `os.FileMode`: permission bits with Go's flag bits (see `FileMode`), not the system's `st_mode`.
    public var mode: UInt32 = 0
    public var mtime: Timestamp = .zero
    public var atime: Timestamp = .zero
    public var ctime: Timestamp = .zero
    public var uid: UInt32 = 0
    public var gid: UInt32 = 0
    public var user: String = ""
    public var group: String = ""
    public var inode: UInt64 = 0
    public var deviceID: UInt64 = 0
    /// Bytes, files only.
    public var size: UInt64 = 0
    public var links: UInt64 = 0
    /// A symlink's target, any bytes.
    public var linkTarget: [UInt8] = []
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

    public init(name: [UInt8], kind: NodeKind) {
        self.name = name
        self.kind = kind
    }

    /// The name for people: UTF-8, what is none replaced.
    public var displayName: String { String(decoding: name, as: UTF8.self) }
}

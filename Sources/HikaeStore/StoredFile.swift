// The files a repository is made of, and what they are called. restic's names; the one place that spells them.

public import HikaeCore

/// The kinds of file in a repository: restic's, and what Hikae lays beside them.
public enum FileKind: String, Sendable, CaseIterable {
    case config, key, lock, snapshot, index, pack
    /// Parity for a pack, under the pack's own ID. restic knows nothing of it.
    case parity

    /// The kinds that restic has too.
    public static let standard: [FileKind] = [.config, .key, .lock, .snapshot, .index, .pack]

    /// Whether the kind is none of restic's: a store of others may refuse it.
    public var isExtra: Bool { self == .parity }

    /// The folder that restic keeps this kind in; the config's is the repository's own folder.
    public var folder: String {
        switch self {
        case .config: ""
        case .key: "keys"
        case .lock: "locks"
        case .snapshot: "snapshots"
        case .index: "index"
        case .pack: "data"
        case .parity: "hikae/parity"
        }
    }
}

/// The name of one file in a repository.
public struct StoredFile: Sendable, Hashable {
    /// What the file is.
    public let kind: FileKind
    /// Nil for the config and for nothing else.
    public let id: FileID?

    /// The file of a kind with an ID. Traps for `.config`, of which there is but one.
    public init(_ kind: FileKind, _ id: FileID) {
        precondition(kind != .config)
        (self.kind, self.id) = (kind, id)
    }

    private init(config: Void) { (kind, id) = (.config, nil) }

    /// The repository's config.
    public static let config = StoredFile(config: ())

    /// The path inside a repository: `config`, `keys/0123…`, `data/01/0123…`.
    public var path: String {
        guard let id else { return "config" }
        let name = id.hex
        return kind == .pack ? "data/\(name.prefix(2))/\(name)" : "\(kind.folder)/\(name)"
    }
}

extension StoredFile: CustomStringConvertible {
    /// As messages name it: `config`, `pack 0123abcd…` with the full ID.
    public var description: String { id.map { "\(kind.rawValue) \($0.hex)" } ?? "config" }
}

/// One line of a listing.
public struct StoredFileInfo: Sendable, Hashable {
    /// The name of the file.
    public let id: FileID
    /// In bytes.
    public let size: UInt64

    /// A line that says that the file has `size` bytes.
    public init(id: FileID, size: UInt64) { (self.id, self.size) = (id, size) }
}

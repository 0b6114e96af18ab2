// Snapshots: listing them, and finding the one a person means.

public import HikaeCore
public import HikaeFormat
import HikaeStore

/// A snapshot with its name.
public struct NamedSnapshot: Sendable {
    public let id: FileID
    public let snapshot: Snapshot

    public init(id: FileID, snapshot: Snapshot) {
        self.id = id
        self.snapshot = snapshot
    }
}

/// What a person named: a snapshot, and a folder in it or nil for its root.
public struct SnapshotAddress: Sendable {
    public let id: FileID
    public let snapshot: Snapshot
    public let subpath: String?
}

extension Repository {
    /// Loads one snapshot.
    public func snapshot(_ id: FileID) throws(HikaeError) -> Snapshot {
        let json = try loadUnpacked(StoredFile(.snapshot, id))
        do throws(HikaeError) {
            return try Snapshot(decoding: json)
        } catch {
            throw HikaeError(.damaged, "the snapshot \(id.short) is damaged: \(error.message)")
        }
    }

    /// Saves a snapshot; everything it names must be durable already.
    public func save(_ snapshot: Snapshot) throws(HikaeError) -> FileID {
        try saveUnpacked(.snapshot, snapshot.encoded())
    }

    /// All snapshots, oldest first. Those that cannot be read are handed to `unreadable`, or thrown without it.
    public func snapshots(unreadable: ((FileID, HikaeError) -> Void)? = nil) throws(HikaeError) -> [NamedSnapshot] {
        var found: [NamedSnapshot] = []
        let files = try list(.snapshot)
        fileCache?.fetch(files.map { StoredFile(.snapshot, $0.id) })
        for file in files {
            do throws(HikaeError) {
                found.append(NamedSnapshot(id: file.id, snapshot: try snapshot(file.id)))
            } catch {
                // Gone since it was listed: somebody forgot it meanwhile.
                if error.code == .notFound { continue }
                guard let unreadable else { throw error }
                unreadable(file.id, error)
            }
        }
        return found.sorted { ($0.snapshot.time, $0.id) < ($1.snapshot.time, $1.id) }
    }

    /// The file of `kind` whose name begins with `prefix`. Throws `.notFound` or `.ambiguous`.
    public func find(_ kind: FileKindName, prefix: String) throws(HikaeError) -> FileID {
        if let whole = FileID(hex: prefix) { return whole }
        let word = kind.fileKind
        guard !prefix.isEmpty, prefix.utf8.allSatisfy({ Hex.value($0) != nil }) else {
            throw HikaeError(.notFound, "\"\(prefix)\" is no \(word.rawValue) ID")
        }
        let lowered = prefix.lowercased()
        let matches = try store.list(word).map(\.id).filter { $0.hex.hasPrefix(lowered) }
        guard let first = matches.first else {
            throw HikaeError(.notFound, "no \(word.rawValue) has an ID that begins with \(prefix)")
        }
        guard matches.count == 1 else {
            throw HikaeError(
                .ambiguous, "\(matches.count) \(word.rawValue)s have an ID that begins with \(prefix)",
                hint: "Give more digits of the ID.")
        }
        return first
    }

    /// Finds what `text` means: an ID or its beginning, or `latest`, with `:folder` behind it for a part of the tree.
    ///
    /// - Parameter isCandidate: which snapshots `latest` looks at.
    public func resolveSnapshot(_ text: String, isCandidate: (Snapshot) -> Bool = { _ in true }) throws(HikaeError)
        -> SnapshotAddress
    {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let subpath = parts.count > 1 ? parts[1] : nil
        guard parts[0] == "latest" else {
            let id = try find(.snapshot, prefix: parts[0])
            do throws(HikaeError) {
                return SnapshotAddress(id: id, snapshot: try snapshot(id), subpath: subpath)
            } catch {
                guard error.code == .notFound else { throw error }
                throw HikaeError(.notFound, "there is no snapshot \(parts[0])")
            }
        }
        var skipped: HikaeError?
        var unread: HikaeError?
        let all = try snapshots { if $1.code == .damaged { skipped = $1 } else { unread = $1 } }
        // The one that cannot be read just now may be the newest.
        if let unread { throw unread }
        guard let newest = all.last(where: { isCandidate($0.snapshot) }) else {
            if let skipped { throw skipped }
            throw HikaeError(.notFound, "no snapshot is there that fits")
        }
        return SnapshotAddress(id: newest.id, snapshot: newest.snapshot, subpath: subpath)
    }

    /// The tree at `subpath` (folders separated by `/`) below `root`. Throws `.notFound` for what is no folder there.
    public func subtree(of root: BlobID, at subpath: String?) throws(HikaeError) -> BlobID {
        var current = root
        for part in (subpath ?? "").split(separator: "/") where part != "." {
            let name = Array(part.utf8)
            guard let node = try tree(current).nodes.first(where: { $0.name == name }), let next = node.subtree else {
                throw HikaeError(.notFound, "the snapshot has no folder \(subpath ?? "")")
            }
            current = next
        }
        return current
    }
}

/// Kinds of files that people name by the beginning of an ID.
public enum FileKindName: Sendable {
    case snapshot, index, key, lock, pack

    var fileKind: FileKind {
        switch self {
        case .snapshot: .snapshot
        case .index: .index
        case .key: .key
        case .lock: .lock
        case .pack: .pack
        }
    }
}

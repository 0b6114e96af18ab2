// Which snapshots a command is about: by host, tags and paths, as restic's --host, --tag and --path select.

public import HikaeFormat

/// Tags that belong together, as one `--tag a,b` names them: a snapshot must bear all of them.
public struct TagList: Sendable, Hashable, CustomStringConvertible {
    public var tags: [String]

    public init(tags: [String]) { self.tags = tags }

    /// Reads `a,b`; white space around a tag does not count. The empty text names the snapshots without tags.
    public init(_ text: String) {
        tags = text.split(separator: ",", omittingEmptySubsequences: false).map { String(String($0).trimmedOfSpaces) }
    }

    /// Whether a snapshot with these tags is meant.
    public func matches(_ snapshotTags: [String]) -> Bool {
        for tag in tags {
            if tag.isEmpty, snapshotTags.isEmpty { return true }
            if !snapshotTags.contains(tag) { return false }
        }
        return true
    }

    public var description: String { "[\(tags.joined(separator: ", "))]" }
}

/// Which snapshots are meant. An empty list asks nothing; what is asked must all hold.
public struct SnapshotFilter: Sendable, Equatable {
    /// Any one of these hosts.
    public var hosts: [String]
    /// Any one of these lists, all of its tags.
    public var tags: [TagList]
    /// All of these paths, exactly as the snapshot names them.
    public var paths: [String]

    public init(hosts: [String] = [], tags: [TagList] = [], paths: [String] = []) {
        (self.hosts, self.tags, self.paths) = (hosts, tags, paths)
    }

    /// Whether every snapshot is meant.
    public var isEmpty: Bool { hosts.isEmpty && tags.isEmpty && paths.isEmpty }

    /// Whether `snapshot` is meant.
    public func matches(_ snapshot: Snapshot) -> Bool {
        guard hosts.isEmpty || hosts.contains(snapshot.hostname) else { return false }
        guard tags.isEmpty || tags.contains(where: { $0.matches(snapshot.tags) }) else { return false }
        return paths.allSatisfy(snapshot.paths.contains)
    }
}

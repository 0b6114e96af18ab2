// Groups of snapshots that belong to one history: the same host, paths or tags.

public import HikaeCore
public import HikaeFormat

/// Snapshots that a policy is applied to together.
public struct SnapshotGroup: Sendable {
    /// What the snapshots of a group have in common; what does not count is empty.
    public struct Key: Sendable, Hashable, CustomStringConvertible {
        public var hostname: String
        public var paths: [String]
        public var tags: [String]

        public init(hostname: String = "", paths: [String] = [], tags: [String] = []) {
            (self.hostname, self.paths, self.tags) = (hostname, paths, tags)
        }

        public var description: String {
            var parts: [String] = []
            if !hostname.isEmpty { parts.append("host \(hostname)") }
            if !paths.isEmpty { parts.append("path [\(paths.joined(separator: " "))]") }
            if !tags.isEmpty { parts.append("tags [\(tags.joined(separator: " "))]") }
            return parts.joined(separator: ", ")
        }
    }

    public var key: Key
    public var snapshots: [NamedSnapshot]
}

/// What snapshots must share to be of one group.
public struct SnapshotGrouping: Sendable, Equatable {
    public var byHost, byPaths, byTags: Bool

    public init(byHost: Bool = true, byPaths: Bool = true, byTags: Bool = false) {
        (self.byHost, self.byPaths, self.byTags) = (byHost, byPaths, byTags)
    }

    /// Reads `host,paths`, as restic's `--group-by`; the empty text groups nothing.
    public init(_ text: String) throws(HikaeError) {
        self.init(byHost: false, byPaths: false, byTags: false)
        for option in text.split(separator: ",", omittingEmptySubsequences: true) {
            switch option {
            case "host", "hosts": byHost = true
            case "path", "paths": byPaths = true
            case "tag", "tags": byTags = true
            default:
                throw HikaeError(
                    .usage, "unknown grouping option: '\(option)'", hint: "Use host, paths and tags, with commas.")
            }
        }
    }

    /// Whether anything is asked at all.
    public var isGrouping: Bool { byHost || byPaths || byTags }

    /// The group a snapshot is of. The order of paths and tags does not count.
    public func key(of snapshot: Snapshot) -> SnapshotGroup.Key {
        SnapshotGroup.Key(
            hostname: byHost ? snapshot.hostname : "", paths: byPaths ? snapshot.paths.sorted(by: bytewise) : [],
            tags: byTags ? snapshot.tags.sorted(by: bytewise) : [])
    }

    /// The groups, ordered by host, paths and tags; within one the order given is kept.
    public func groups(_ snapshots: [NamedSnapshot]) -> [SnapshotGroup] {
        var places: [SnapshotGroup.Key: Int] = [:]
        var groups: [SnapshotGroup] = []
        for entry in snapshots {
            let key = key(of: entry.snapshot)
            if let place = places[key] {
                groups[place].snapshots.append(entry)
            } else {
                places[key] = groups.count
                groups.append(SnapshotGroup(key: key, snapshots: [entry]))
            }
        }
        return groups.sorted { left, right in
            if left.key.hostname != right.key.hostname { return bytewise(left.key.hostname, right.key.hostname) }
            if left.key.paths != right.key.paths {
                return left.key.paths.lexicographicallyPrecedes(right.key.paths, by: bytewise)
            }
            return left.key.tags.lexicographicallyPrecedes(right.key.tags, by: bytewise)
        }
    }
}

/// The order of names by their bytes, as Go's `sort.Strings` has it.
func bytewise(_ left: String, _ right: String) -> Bool { left.utf8.lexicographicallyPrecedes(right.utf8) }

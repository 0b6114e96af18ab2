// Tells which snapshots a repository has already, under whatever name. Copies are known by their original's ID.

import HikaeCore
import HikaeFormat

/// The snapshots of a destination, by the IDs they go back to.
struct CopiedSnapshots {
    private var byOriginal: [FileID: [NamedSnapshot]] = [:]

    init(_ destination: Repository, report: @escaping (HikaeError) -> Void) throws(HikaeError) {
        let snapshots = try destination.snapshots { _, error in report(error) }
        for named in snapshots {
            if let original = named.snapshot.original { byOriginal[original, default: []].append(named) }
            byOriginal[named.id, default: []].append(named)
        }
    }

    /// The copy of a snapshot, if there is one.
    func copy(of named: NamedSnapshot) -> FileID? {
        byOriginal[named.snapshot.original ?? named.id]?
            .first { Self.areAlike($0.snapshot, named.snapshot) }?.id
    }

    /// Whether two snapshots are the same but for parent and original.
    static func areAlike(_ left: Snapshot, _ right: Snapshot) -> Bool {
        left.time == right.time && left.tree == right.tree && left.hostname == right.hostname
            && left.username == right.username && left.uid == right.uid && left.gid == right.gid
            && left.paths.count == right.paths.count && left.tags.count == right.tags.count
            && right.paths.allSatisfy(left.paths.contains) && right.tags.allSatisfy(left.tags.contains)
            && left.excludes == right.excludes
    }
}

// All versions of a repository's files in a bucket, file by file, in the order of keys.

package import HikaeCore
package import HikaeS3
package import HikaeStore

/// One file's versions and the marks of its removals.
package struct FileHistory: Sendable {
    package let key: [UInt8]
    package let file: StoredFile
    /// Oldest first.
    package var entries: [ListedObject]

    /// What a reader sees now.
    var newest: ListedObject? { entries.last }
    /// Whether it counts as removed.
    var isRemoved: Bool { newest?.isDeleteMarker != false }
    /// The versions with bytes, oldest first.
    var versions: [ListedObject] { entries.filter { !$0.isDeleteMarker } }
}

extension S3Store {
    /// Calls `body` for each of the repository's files, present or removed.
    package func eachHistory(_ body: (FileHistory) throws(HikaeError) -> Void) throws(HikaeError) {
        var current: FileHistory?
        try patient.list(.versions, prefix: Array(base.utf8)) { page throws(HikaeError) in
            try patient.cancellation.check()
            // Marks come in a list of their own from some servers; a page's order of keys is what counts.
            for (_, entry) in page.objects.enumerated().sorted(by: Self.isBefore) {
                if let known = current, known.key != entry.key {
                    try body(known.ordered)
                    current = nil
                }
                guard let file = file(entry.key) else { continue }
                if current == nil { current = FileHistory(key: entry.key, file: file, entries: []) }
                current?.entries.append(entry)
            }
            return true
        }
        if let current { try body(current.ordered) }
    }

    private static func isBefore(
        _ left: (offset: Int, element: ListedObject), _ right: (offset: Int, element: ListedObject)
    )
        -> Bool
    {
        if left.element.key == right.element.key { return left.offset < right.offset }
        return left.element.key.lexicographicallyPrecedes(right.element.key)
    }
}

extension FileHistory {
    /// Oldest first: as the server has them newest first, those of one second keep its order, turned round.
    fileprivate var ordered: FileHistory {
        let turned = entries.reversed().enumerated().sorted { left, right in
            let (one, other) = (left.element, right.element)
            if one.isLatest != other.isLatest { return other.isLatest }
            return one.modified == other.modified ? left.offset < right.offset : one.modified < other.modified
        }
        var history = self
        history.entries = turned.map(\.element)
        return history
    }
}

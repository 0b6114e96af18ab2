// A set of blobs of one repository: bits for those in the index, names for those that are not.

import HikaeCore
import HikaeFormat
import Synchronization

/// Blobs that a comparison met. May be filled from any thread.
final class BlobSurvey: Sendable {
    private struct Unknown: Hashable {
        let id: BlobID
        let isTree: Bool
    }

    private let index: BlobIndex
    private let bits: AtomicBitset
    private let unknown = Mutex<Set<Unknown>>([])

    init(_ index: BlobIndex) {
        self.index = index
        bits = AtomicBitset(count: index.entryCount)
    }

    func insert(_ id: BlobID, _ type: BlobType) {
        if let position = index.lookupPosition(id, type) {
            bits.insert(position)
        } else {
            unknown.withLock { _ = $0.insert(Unknown(id: id, isTree: type == .tree)) }
        }
    }

    /// Adds a file's data or a directory's tree.
    func insert(contentOf node: Node) {
        if node.kind == .file { for id in node.content ?? [] { insert(id, .data) } }
        if node.kind == .dir, let subtree = node.subtree { insert(subtree, .tree) }
    }

    /// Counts the blobs that are in none of `others`.
    func count(
        without others: [BlobSurvey], into side: inout DifferenceStatistics.Side, report: (HikaeError) -> Void
    ) {
        for position in 0..<index.entryCount
        where bits.contains(position) && !others.contains(where: { $0.bits.contains(position) }) {
            let blob = index.blob(at: position)
            if blob.type == .tree { side.treeBlobs += 1 } else { side.dataBlobs += 1 }
            side.bytes += UInt64(blob.plaintextLength)
        }
        for blob in unknown.withLock({ $0 }) where !others.contains(where: { $0.has(blob) }) {
            if blob.isTree { side.treeBlobs += 1 } else { side.dataBlobs += 1 }
            report(HikaeError(.notFound, "unable to find blob size for \(blob.id.hex)"))
        }
    }

    private func has(_ blob: Unknown) -> Bool { unknown.withLock { $0.contains(blob) } }
}

// Hard links: a file with many names is read once in a run, not once a name.

import HikaeCore
import HikaeFormat
import Synchronization

/// Contents of files with more than one link, by device and inode, as read in this run.
final class LinkCache: Sendable {
    private struct Key: Hashable, Sendable {
        let device: UInt64
        let inode: UInt64
    }

    private struct Known: Sendable {
        let size: UInt64
        let mtime: Timestamp
        let ctime: Timestamp
        let content: [BlobID]
    }

    /// Files remembered at most; further ones are read again for each name.
    private static let capacity = 65_536
    private let known = Mutex<[Key: Known]>([:])

    /// The content of the file that `node` is another name of, if it was read already and did not change since.
    func content(of node: Node) -> [BlobID]? {
        guard node.links > 1, node.inode != 0 else { return nil }
        let key = Key(device: node.deviceID, inode: node.inode)
        guard let found = known.withLock({ $0[key] }), found.size == node.size, found.mtime == node.mtime,
            found.ctime == node.ctime
        else { return nil }
        return found.content
    }

    /// Remembers a file that was just read.
    func remember(_ node: Node) {
        guard node.links > 1, node.inode != 0, let content = node.content, content.count <= 256 else { return }
        let key = Key(device: node.deviceID, inode: node.inode)
        let value = Known(size: node.size, mtime: node.mtime, ctime: node.ctime, content: content)
        known.withLock { if $0.count < Self.capacity { $0[key] = value } }
    }
}

// From the system's metadata to a node, field by field as restic fills it.

import HikaeCore
import HikaeFormat

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Makes nodes; shared by all threads of a walk.
final class NodeMaker: Sendable {
    private let owners = OwnerNames()
    private let zones = ZoneOffsets()

    /// The node for an entry, without a symlink's target and without extended attributes. Nil for what no node can be.
    func node(name: [UInt8], status: borrowing stat) -> Node? {
        let mode = FileMode.fromSystem(UInt32(status.st_mode))
        guard let kind = FileMode.kind(mode), kind != .irregular else { return nil }
        var node = Node(name: name, kind: kind)
        node.mode = mode
        var times = (
            mtime: Timestamp(seconds: Int64(status.st_mtim.tv_sec), nanoseconds: Int32(status.st_mtim.tv_nsec)),
            atime: Timestamp(seconds: Int64(status.st_atim.tv_sec), nanoseconds: Int32(status.st_atim.tv_nsec)),
            ctime: Timestamp(seconds: Int64(status.st_ctim.tv_sec), nanoseconds: Int32(status.st_ctim.tv_nsec))
        )
        zones.apply(to: &times)
        (node.mtime, node.atime, node.ctime) = times
        (node.uid, node.gid) = (status.st_uid, status.st_gid)
        (node.user, node.group) = owners.names(uid: status.st_uid, gid: status.st_gid)
        node.inode = UInt64(status.st_ino)
        node.deviceID = UInt64(status.st_dev)
        switch kind {
        case .file:
            node.size = UInt64(clamping: status.st_size)
            node.links = UInt64(status.st_nlink)
        case .symlink: node.links = UInt64(status.st_nlink)
        case .dev, .chardev:
            node.device = UInt64(status.st_rdev)
            node.links = UInt64(status.st_nlink)
        default: break
        }
        return node
    }
}

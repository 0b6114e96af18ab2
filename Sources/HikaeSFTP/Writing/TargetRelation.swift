// How a node of a snapshot and what stands in its place at the destination relate.

import HikaeCore
import HikaeFormat

/// What is there for a node.
enum TargetRelation: Equatable {
    case missing
    /// It is as it should be; of a file, as far as size and time tell.
    case same
    /// Something that may be replaced by the node, if that is allowed. Says in what it differs.
    case differs(String)
    /// A folder stands where something else belongs: never removed.
    case blocked(String)
    /// Cannot be made over SFTP.
    case unsupported(String)

    init(_ node: Node, _ entry: RemoteEntry?) {
        switch node.kind {
        case .file, .dir, .symlink: break
        default:
            self = .unsupported("a \(node.kind.rawValue) cannot be made over SFTP")
            return
        }
        guard let entry else {
            self = .missing
            return
        }
        switch (node.kind, entry.attributes.kind) {
        case (.dir, .directory): self = .same
        case (_, .directory): self = .blocked("a folder stands there")
        case (.file, .file): self = Self.file(node, entry.attributes)
        case (.symlink, .symlink):
            self = node.linkTarget == entry.linkTarget ? .same : .differs("the link points to somewhere else")
        default: self = .differs("something of another kind stands there")
        }
    }

    private static func file(_ node: Node, _ there: FileAttributes) -> TargetRelation {
        if there.size != node.size { return .differs("it has \(there.size ?? 0) bytes and not \(node.size)") }
        if there.modificationTime != node.remoteTime { return .differs("it was changed at another time") }
        return .same
    }
}

extension Node {
    /// The modification time as the protocol has it: whole seconds of 1970 to 2106.
    var remoteTime: UInt32 { UInt32(clamping: mtime.seconds) }

    /// What is to be set when the content is there.
    var remoteAttributes: FileAttributes {
        var attributes = FileAttributes()
        attributes.mode = FileMode.toSystemPermissions(mode)
        (attributes.accessTime, attributes.modificationTime) = (remoteTime, remoteTime)
        return attributes
    }
}

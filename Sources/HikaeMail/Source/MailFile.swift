// Nodes and small files of a Maildir in a snapshot.

import HikaeCore
import HikaeFormat
import HikaeSource

/// A small file whose content is known.
struct MailFile: SourceFile {
    let displayPath: String
    let content: [UInt8]

    func open() throws(HikaeError) -> any SourceReader { BytesReader(content) }

    /// What has no time of its own bears this one, so that it is the same in every capture.
    static let noTime = Timestamp(seconds: 0)

    /// A file's node; only its owner may read mail.
    static func node(_ name: [UInt8], size: UInt64, time: Timestamp) -> Node {
        var node = Node(name: name, kind: .file)
        node.mode = 0o600
        (node.mtime, node.atime, node.ctime) = (time, time, time)
        node.size = size
        node.links = 1
        return node
    }

    /// The entry for a small file, always read anew.
    static func entry(_ name: String, _ content: [UInt8], in path: String) -> SourceEntry {
        let file = MailFile(displayPath: "\(path)/\(name)", content: content)
        var entry = SourceEntry(
            node: node(Array(name.utf8), size: UInt64(content.count), time: noTime), body: .file(file))
        entry.content = .mustBeRead
        return entry
    }

    /// The entry for a directory.
    static func entry(_ name: [UInt8], _ directory: any SourceDirectory) -> SourceEntry {
        var node = Node(name: name, kind: .dir)
        node.mode = FileMode.directory | 0o700
        (node.mtime, node.atime, node.ctime) = (noTime, noTime, noTime)
        return SourceEntry(node: node, body: .directory(directory))
    }

    /// Entries in the order that a directory must have them in.
    static func sorted(_ entries: [SourceEntry]) -> [SourceEntry] {
        entries.sorted { $0.node.name.lexicographicallyPrecedes($1.node.name) }
    }
}

/// A directory whose entries are known from the start: `new` and `tmp`, which are always empty.
struct EmptyDirectory: SourceDirectory {
    let displayPath: String
    func entries(report: (HikaeError) -> Void) throws(HikaeError) -> [SourceEntry] { [] }
}

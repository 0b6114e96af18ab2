// Mailboxes of a snapshot: Maildirs with what Hikae recorded beside them, or anybody's Maildirs.

import HikaeCore
import HikaeDestination
import HikaeFormat

/// A message that a snapshot holds.
struct SnapshotMessage: Sendable {
    var size: UInt64
    var date: Timestamp
    var flags: MessageFlags
    var content: [BlobID]
    var name: [UInt8]

    /// The node that its bytes are read by.
    var node: Node {
        var node = Node(name: name, kind: .file)
        (node.size, node.content) = (size, content)
        return node
    }

    /// The message for people.
    var display: String {
        let time = MessageDate.text(date)
        return MessageName(name).map { "message \($0.uid) of \(time)" }
            ?? "message \(ServerWords.printable(name[...])) of \(time)"
    }
}

/// A mailbox that a snapshot holds.
struct SnapshotMailbox: Sendable {
    /// Folders that lead to it.
    var folders: [[UInt8]]
    /// Nil for a Maildir that Hikae did not capture.
    var record: MailboxRecord?
    var keywords: KeywordTable
    /// The trees of `cur` and `new`.
    fileprivate var trees: [BlobID]

    var display: String { MailboxPath.display(folders) }

    /// No message is larger: what a node says beyond that is no size, and its message will be refused as damaged.
    private static let maximumSize: UInt64 = 1 << 38

    /// Its messages, in the order of their names. Loads them anew each time.
    func messages(in content: SnapshotContent) throws(HikaeError) -> [SnapshotMessage] {
        var messages: [SnapshotMessage] = []
        for tree in trees {
            for node in try content.nodes(of: tree) where node.kind == .file {
                guard let blobs = node.content else { continue }
                messages.append(
                    SnapshotMessage(
                        size: min(node.size, Self.maximumSize), date: node.mtime, flags: flags(node.name),
                        content: blobs, name: node.name))
            }
        }
        return messages
    }

    private func flags(_ name: [UInt8]) -> MessageFlags {
        let (system, letters) = MessageName.flags(name)
        var flags = MessageFlags()
        flags.system = system
        flags.keywords = letters.compactMap { keywords.keyword($0) }
        if let uid = MessageName(name)?.uid, let others = record?.otherKeywords[uid] { flags.keywords += others }
        flags.normalize()
        return flags
    }
}

extension SnapshotMailbox {
    /// Bytes of dovecot-keywords that are read at most.
    private static let maximumKeywords = 1 << 20

    /// Every mailbox of a snapshot, those above before those below.
    static func all(in content: SnapshotContent) throws(HikaeError) -> [SnapshotMailbox] {
        var found: [SnapshotMailbox] = []
        try collect(content, content.tree, [], &found)
        return found
    }

    private static func collect(
        _ content: SnapshotContent, _ tree: BlobID, _ folders: [[UInt8]], _ found: inout [SnapshotMailbox]
    ) throws(HikaeError) {
        guard folders.count <= MailboxPath.maximumLevels else { return }
        let nodes = try content.nodes(of: tree)
        func node(_ name: String) -> Node? { nodes.first { $0.name == Array(name.utf8) } }
        let trees = ["cur", "new"].compactMap { node($0)?.subtree }
        if !trees.isEmpty, !folders.isEmpty {
            var mailbox = SnapshotMailbox(folders: folders, keywords: KeywordTable(), trees: trees)
            if let file = node(MailboxRecord.fileName) {
                let record = try MailboxRecord(try content.bytes(of: file, limit: MailboxRecord.maximumSize))
                mailbox.record = record
                mailbox.keywords = KeywordTable(record.keywords)
            } else if let file = node(KeywordTable.fileName) {
                mailbox.keywords = KeywordTable(
                    fileContent: try content.bytes(of: file, limit: maximumKeywords))
            }
            found.append(mailbox)
        }
        for node in nodes {
            guard let subtree = node.subtree,
                !["cur", "new", "tmp"].contains(String(decoding: node.name, as: UTF8.self))
            else { continue }
            try collect(content, subtree, folders + [node.name], &found)
        }
    }
}

extension SnapshotContent {
    /// The SHA-256 of a message's bytes. Of one blob it is that blob's own name.
    func digest(of message: SnapshotMessage) throws(HikaeError) -> BlobID {
        if message.content.count == 1 { return message.content[0] }
        var hasher = FileHasher()
        try read(message.node) { bytes throws(HikaeError) in hasher.update(bytes) }
        let digest = hasher.finish()
        return BlobID(words: digest.w0, digest.w1, digest.w2, digest.w3)
    }

    /// The message's Message-ID; nil when it has none, or not in its first part.
    func messageID(of message: SnapshotMessage) throws(HikaeError) -> [UInt8]? {
        guard let first = message.content.first else { return nil }
        var node = message.node
        node.content = [first]
        var found: [UInt8]?
        try read(node) { bytes throws(HikaeError) in found = MessageHeader.messageID(bytes) }
        return found
    }
}

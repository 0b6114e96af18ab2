// What a snapshot's mailboxes are called at the destination: with its prefix, its delimiter, its encoding.

import HikaeCore

/// Names at one server.
struct DestinationNames: Sendable {
    /// What one's own mailboxes begin with: "" or "INBOX.".
    let prefix: [UInt8]
    let delimiter: UInt8?

    init(_ listing: IMAPConnection.Listing) {
        prefix = listing.namespaces.personalPrefix ?? []
        delimiter = listing.namespaces.delimiter ?? listing.mailboxes.lazy.compactMap(\.delimiter).first
    }

    init(prefix: [UInt8], delimiter: UInt8?) { (self.prefix, self.delimiter) = (prefix, delimiter) }

    /// The name for a mailbox, and whether a level had to be changed because it has the delimiter in it.
    func name(for mailbox: SnapshotMailbox) -> (name: [UInt8], isChanged: Bool) {
        let inbox = Array("INBOX".utf8)
        if mailbox.folders == [inbox] { return (inbox, false) }
        var isChanged = false
        var levels: [[UInt8]] = []
        for (index, folder) in mailbox.folders.enumerated() {
            var level = MailboxPath.level(folder) ?? []
            if level.isEmpty {
                // A folder that could not bear the whole name: the record has it.
                level = Self.recorded(mailbox, level: index) ?? ModifiedUTF7.encode(MailboxPath.display([folder]))
            }
            if let delimiter, level.contains(delimiter) {
                isChanged = true
                level = level.map { $0 == delimiter ? UInt8(ascii: "_") : $0 }
            }
            levels.append(level)
        }
        if delimiter == nil, levels.count > 1 { isChanged = true }
        let whole = Array(levels.joined(separator: [delimiter ?? UInt8(ascii: "_")]))
        // INBOX and what is below it need no prefix where there is none.
        return (prefix + whole, isChanged)
    }

    private static func recorded(_ mailbox: SnapshotMailbox, level: Int) -> [UInt8]? {
        guard let record = mailbox.record, let delimiter = record.delimiter else { return mailbox.record?.name }
        let levels = record.name.split(separator: delimiter, omittingEmptySubsequences: false)
        // A prefix of the provider before may stand before the folders.
        let index = levels.count - mailbox.folders.count + level
        return levels.indices.contains(index) ? Array(levels[index]) : nil
    }
}

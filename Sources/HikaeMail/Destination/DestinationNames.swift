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

    /// The name for a mailbox, and whether a level had to be changed: because it has the delimiter in it, or because a
    /// server could take it for something else than a name. The name is always in modified UTF-7.
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
            let plain = Self.plain(level)
            if plain != level { isChanged = true }
            level = plain
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

    /// A level without what leads out of a folder, ends a command or steers a terminal: "/", control characters, and
    /// bytes that are not in the protocol's encoding become "_", and so do "." and ".." as a whole.
    static func plain(_ level: [UInt8]) -> [UInt8] {
        guard let text = ModifiedUTF7.decode(level) else {
            return level.map { (0x20...0x7E).contains($0) && $0 != 0x26 && $0 != 0x2F ? $0 : UInt8(ascii: "_") }
        }
        func isOdd(_ scalar: Unicode.Scalar) -> Bool {
            scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar == "/"
        }
        if text.isEmpty || text == "." || text == ".." { return Array("_".utf8) }
        guard text.unicodeScalars.contains(where: isOdd) else { return level }
        return ModifiedUTF7.encode(String(text.unicodeScalars.map { isOdd($0) ? "_" : Character($0) }))
    }

    private static func recorded(_ mailbox: SnapshotMailbox, level: Int) -> [UInt8]? {
        guard let record = mailbox.record, let delimiter = record.delimiter else { return mailbox.record?.name }
        let levels = record.name.split(separator: delimiter, omittingEmptySubsequences: false)
        // A prefix of the provider before may stand before the folders.
        let index = levels.count - mailbox.folders.count + level
        return levels.indices.contains(index) ? Array(levels[index]) : nil
    }
}

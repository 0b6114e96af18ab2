// A mailbox of a snapshot beside one of the destination.

import HikaeCore
import HikaeDestination
import HikaeFormat

/// What of a snapshot's mailbox is there.
struct MailComparison {
    let plan: MergePlan
    private let existing: [UInt32: ExistingMessage]

    /// Opens the mailbox and compares.
    init(
        _ connection: IMAPConnection, _ content: SnapshotContent, _ messages: [SnapshotMessage], in name: [UInt8],
        writes: Bool
    ) throws(HikaeError) {
        let opened = try connection.open(name, writes: writes)
        let there = opened.state.messages == 0 ? [] : try connection.existingMessages(withMessageIDs: true)
        plan = try MergePlan(sizes: messages.map(\.size), existing: there) { number throws(HikaeError) in
            try content.messageID(of: messages[number])
        } digest: { number throws(HikaeError) in
            try content.digest(of: messages[number])
        } digests: { wanted throws(HikaeError) in
            var found: [UInt32: BlobID] = [:]
            try connection.digests(of: wanted) { uid, digest, _ throws(HikaeError) in found[uid] = digest }
            return found
        }
        existing = Dictionary(there.map { ($0.uid, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Messages that are there with other flags: their number in the snapshot, and their UID.
    func differingFlags(_ messages: [SnapshotMessage]) -> [(number: Int, uid: UInt32)] {
        plan.matches.enumerated().compactMap { number, uid in
            guard let uid, let there = existing[uid], there.flags != messages[number].flags else { return nil }
            return (number, uid)
        }
    }

    /// Gives messages that are there the flags that the snapshot has.
    func correctFlags(_ connection: IMAPConnection, _ messages: [SnapshotMessage]) throws(HikaeError) {
        var tags: [String] = []
        for (number, uid) in differingFlags(messages) {
            let names = messages[number].flags.names.joined(separator: " ")
            tags.append(try connection.begin(CommandText("UID STORE \(uid) FLAGS.SILENT (\(names))")))
            if tags.count >= 32 { _ = try connection.finish(tags.removeFirst()) }
        }
        for tag in tags { _ = try connection.finish(tag) }
    }
}

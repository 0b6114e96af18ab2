// A mailbox of a snapshot beside one of the destination.

import HikaeCore
import HikaeDestination
import HikaeFormat

/// What of a snapshot's mailbox is there.
struct MailComparison {
    let plan: MergePlan
    private let existing: [UInt32: ExistingMessage]

    /// Opens the mailbox and compares.
    ///
    /// - Parameter byBytes: a message counts as there only when its bytes are. Otherwise the same Message-ID and size
    ///   are enough.
    init(
        _ connection: IMAPConnection, _ content: SnapshotContent, _ messages: [SnapshotMessage], in name: [UInt8],
        writes: Bool, byBytes: Bool = false
    ) throws(HikaeError) {
        let opened = try connection.open(name, writes: writes)
        let (there, missing) = try connection.existingMessages(opened, withMessageIDs: true)
        guard missing == 0 else {
            throw HikaeError(
                .refused,
                "\(MailboxPath.display(name)) has \(there.count + missing) messages, and the server lists \(there.count): "
                    + "nothing is written to it, because what is there might come in twice",
                hint: "The provider may have to repair the mailbox's index.")
        }
        plan = try MergePlan(sizes: messages.map(\.size), existing: there, byBytes: byBytes) {
            number throws(HikaeError) in
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
            let words = messages[number].flags.commandWords
            tags.append(try connection.begin(CommandText("UID STORE \(uid) FLAGS.SILENT (\(words))")))
            if tags.count >= 32 { _ = try connection.finish(tags.removeFirst()) }
        }
        for tag in tags { _ = try connection.finish(tag) }
    }
}

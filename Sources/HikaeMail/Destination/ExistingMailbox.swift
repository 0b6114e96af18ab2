// What is in a mailbox of the destination already.

import HikaeCore
import HikaeFormat

/// A message that the destination has.
struct ExistingMessage: Sendable {
    var uid: UInt32
    var size: UInt64
    var date: Timestamp?
    var flags: MessageFlags
    var messageID: [UInt8]?
}

extension IMAPConnection {
    /// The messages of the mailbox that was opened, by rising UIDs, and how many more the server says there are. A
    /// listing that lacks some is asked for once more.
    func existingMessages(_ opened: Opened, withMessageIDs: Bool) throws(HikaeError) -> (
        messages: [ExistingMessage], missing: Int
    ) {
        let total = opened.state.messages ?? 0
        guard total > 0 else { return ([], 0) }
        var removed: UInt64 = 0
        var found: [ExistingMessage] = []
        for _ in 0..<2 {
            removed &+= try listExisting(withMessageIDs: withMessageIDs, &found)
            if UInt64(found.count) &+ removed >= total { return (found, 0) }
        }
        return (found, Int(clamping: total - removed - UInt64(found.count)))
    }

    private func listExisting(withMessageIDs: Bool, _ messages: inout [ExistingMessage]) throws(HikaeError) -> UInt64 {
        var found: [UInt32: ExistingMessage] = [:]
        var parts: [UInt32: FetchReply] = [:]
        let field = withMessageIDs ? " BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]" : ""
        let removed = try fetch("1:*", "FLAGS INTERNALDATE RFC822.SIZE\(field)") { uid, reply throws(HikaeError) in
            let reply = reply.completed(by: parts[uid])
            guard let size = reply.size, let flags = reply.flags, !withMessageIDs || reply.body != nil else {
                parts[uid] = reply
                return
            }
            guard found.count < MailboxLister.maximumMessages else {
                throw HikaeError(.limit, "a mailbox has more than \(MailboxLister.maximumMessages) messages")
            }
            found[uid] = ExistingMessage(
                uid: uid, size: size, date: reply.date, flags: flags,
                messageID: reply.body?.bytes.flatMap { MessageHeader.messageID($0) })
        }
        messages = found.values.sorted { $0.uid < $1.uid }
        return removed
    }

    /// Calls `each` with the SHA-256 and the size of each of these messages as the server sends them. What the server
    /// does not send is left out.
    func digests(
        of messages: [ExistingMessage], _ each: (UInt32, BlobID, Int) throws(HikaeError) -> Void
    ) throws(HikaeError) {
        let small = messages.filter { MessageFile.isPrefetched($0.size) }
        var asked: [String] = []
        // Of all commands on their way: a server may answer the second while the first still waits for the line.
        var wanted: Set<UInt32> = []
        var next = 0
        while next < small.count || !asked.isEmpty {
            while next < small.count, asked.count < 3 {
                var uids: [UInt32] = []
                var bytes: UInt64 = 0
                while next < small.count, uids.count < PrefetchPlan.batchCount,
                    uids.isEmpty || bytes + small[next].size <= UInt64(PrefetchPlan.batchBytes)
                {
                    uids.append(small[next].uid)
                    bytes += small[next].size
                    next += 1
                }
                wanted.formUnion(uids)
                asked.append(try beginFetch(UIDSet(rising: uids).text, "BODY.PEEK[]"))
            }
            let status = try finish(asked.removeFirst()) { reply throws(HikaeError) in
                guard case .fetch(let message) = reply, let uid = message.uid, let body = message.body,
                    let bytes = body.bytes, body.section.isEmpty, wanted.remove(uid) != nil
                else { return }
                try each(uid, Digest.blobID(bytes), bytes.count)
            }
            guard status.condition == .ok else { throw refusal(status, "read messages back") }
        }
        for message in messages where !MessageFile.isPrefetched(message.size) {
            var hasher = FileHasher()
            var offset: UInt64 = 0
            while let piece = try bytes(of: message.uid, from: offset, count: MessageFile.pieceSize) {
                hasher.update(piece)
                offset += UInt64(piece.count)
                guard piece.count == MessageFile.pieceSize else {
                    let digest = hasher.finish()
                    try each(
                        message.uid, BlobID(words: digest.w0, digest.w1, digest.w2, digest.w3), Int(offset))
                    break
                }
            }
        }
    }
}

// Messages of the mailbox that is open: what there is of each, and their bytes.

import HikaeCore

extension IMAPConnection {
    /// Fetches from the messages of a set what `items` names. `each` is given every message that has a UID; also ones
    /// that were not asked for, if the server tells of them unasked. Returns how many messages the server said
    /// meanwhile to be removed from the mailbox.
    @discardableResult
    func fetch(_ set: String, _ items: String, _ each: (UInt32, FetchReply) throws(HikaeError) -> Void)
        throws(HikaeError) -> UInt64
    {
        var removed: UInt64 = 0
        let tag = try beginFetch(set, items)
        let status = try finish(tag) { reply throws(HikaeError) in
            switch reply {
            case .fetch(let message): if let uid = message.uid { try each(uid, message) }
            case .expunged: removed += 1
            case .vanished(let set): removed &+= set.ranges.reduce(0) { $0 &+ UInt64($1.count) }
            default: break
            }
        }
        guard status.condition == .ok else { throw refusal(status, "read messages") }
        return removed
    }

    /// Asks for messages without waiting.
    func beginFetch(_ set: String, _ items: String) throws(HikaeError) -> String {
        try begin(CommandText("UID FETCH \(set) (UID \(items))"))
    }

    /// A stretch of a message's bytes; fewer than `count` only at its end. Nil when there is no such message.
    func bytes(of uid: UInt32, from offset: UInt64, count: Int) throws(HikaeError) -> [UInt8]? {
        var found: [UInt8]?
        try fetch("\(uid)", "BODY.PEEK[]<\(offset).\(count)>") { other, message throws(HikaeError) in
            guard other == uid, let body = message.body, body.section.isEmpty else { return }
            guard body.offset == offset || (body.offset == nil && offset == 0) else {
                throw violation("it sends another part of a message than was asked for")
            }
            guard let bytes = body.bytes, bytes.count <= count else {
                throw violation("it sends more of a message than was asked for, or nothing")
            }
            found = bytes
        }
        return found
    }
}

// What is in a mailbox, worked out from the capture before and from as little of the server as can be.

import HikaeCore
import HikaeFormat

/// A mailbox's messages and what is recorded of it.
struct MailboxListing: Sendable {
    /// One message.
    struct Message: Sendable {
        var uid: UInt32
        var size: UInt64
        var date: Timestamp
        var name: [UInt8]
        /// Its name in the capture before, if it was there: then its bytes are known.
        var former: [UInt8]?
    }

    var record: MailboxRecord
    /// By rising UIDs.
    var messages: [Message] = []
    /// Messages that the server says the mailbox has, and does not list so that they could be had.
    var missing: Missing?

    /// What a listing lacks.
    struct Missing: Sendable {
        /// How many messages, and of how many that there are.
        var count: UInt64
        var total: UInt64
        /// Those of them that were listed without what was asked for; rising.
        var uids: [UInt32]
    }
}

/// The mailbox as the capture before has it.
struct KnownMailbox: Sendable {
    var record: MailboxRecord
    /// Messages by rising UIDs.
    var messages: [MailboxListing.Message]

    /// Nil when the nodes are not all Hikae's, or not of one UIDVALIDITY: then everything is fetched anew.
    init?(_ record: MailboxRecord, _ nodes: [Node]) {
        self.record = record
        messages = []
        messages.reserveCapacity(nodes.count)
        var last: UInt32 = 0
        for node in nodes {
            guard node.kind == .file, node.content != nil, let name = MessageName(node.name),
                name.uidValidity == record.uidValidity, name.uid > last
            else { return nil }
            last = name.uid
            messages.append(
                MailboxListing.Message(
                    uid: name.uid, size: node.size, date: node.mtime, name: node.name, former: node.name))
        }
    }

    /// Whether the server says that nothing was added, removed or marked since.
    func isCurrent(_ state: MailboxStatus) -> Bool { record.isCurrent(state, messages: UInt64(messages.count)) }
}

extension MailboxRecord {
    /// Whether the server says that nothing was added, removed or marked since this was recorded, of a mailbox that
    /// was captured with so many messages.
    func isCurrent(_ state: MailboxStatus, messages captured: UInt64) -> Bool {
        guard let modSeq = state.highestModSeq, modSeq > 1 || messages == 0 else { return false }
        return modSeq == highestModSeq && state.uidValidity == uidValidity && state.uidNext == uidNext
            && state.uidNext != nil && state.messages == captured
    }
}

/// Makes a listing by asking a connection.
struct MailboxLister {
    let connection: IMAPConnection
    let mailbox: ListedMailbox
    /// What the capture before has.
    let known: KnownMailbox?
    /// Messages of a mailbox that are taken at most.
    static let maximumMessages = 20_000_000

    private var hasLabels: Bool { connection.offers("X-GM-EXT-1") }

    /// Missing messages from which on a listing is no listing.
    static let maximumMissing: UInt64 = 10_000

    /// Opens the mailbox and lists it; once more when the listing lacks messages that the server says there are. What
    /// is missing in both stands in the result. Throws when the server's answers do not fit together.
    func list(usesQuickResync: Bool) throws(HikaeError) -> MailboxListing {
        let first = try listOnce(usesQuickResync: usesQuickResync)
        guard first.missing != nil else { return first }
        let second = try listOnce(usesQuickResync: false)
        guard let missing = second.missing else { return second }
        guard missing.count <= Self.maximumMissing else {
            throw connection.violation(
                "it says that \(MailboxPath.display(mailbox.name)) has \(missing.total) messages, and lists "
                    + "\(second.messages.count)")
        }
        return second
    }

    private func listOnce(usesQuickResync: Bool) throws(HikaeError) -> MailboxListing {
        var since: (uidValidity: UInt32, modSeq: UInt64)?
        if usesQuickResync, !hasLabels, let known, let modSeq = known.record.highestModSeq, modSeq > 1 {
            since = (known.record.uidValidity, modSeq)
        }
        let opened = try connection.open(mailbox.name, since: since)
        let state = opened.state
        var record = MailboxRecord(
            name: mailbox.name, uidValidity: state.uidValidity ?? 0, messages: state.messages ?? 0)
        record.delimiter = mailbox.delimiter
        (record.uidNext, record.highestModSeq) = (state.uidNext, state.highestModSeq)
        guard let known, known.record.uidValidity == record.uidValidity else {
            return try listNew(record, from: nil)
        }
        record.keywords = known.record.keywords
        if since != nil, let modSeq = state.highestModSeq, modSeq >= known.record.highestModSeq ?? .max,
            let listing = try resync(known, record, opened)
        {
            return listing
        }
        return try listNew(record, from: known)
    }

    /// What was there before, less what vanished, with what changed, and what is new. Nil when it does not add up.
    private func resync(_ known: KnownMailbox, _ record: MailboxRecord, _ opened: IMAPConnection.Opened)
        throws(HikaeError) -> MailboxListing?
    {
        var draft = ListingDraft(record)
        draft.takeOver(known.record)
        for message in known.messages where !opened.vanished.contains(where: { $0.contains(message.uid) }) {
            draft.add(message, flags: opened.changed[message.uid])
        }
        let last = known.messages.last?.uid ?? 0
        let newest = opened.changed.keys.max() ?? 0
        let isGrown = record.uidNext.map { $0 > UInt64(last) + 1 } ?? true
        if isGrown || newest > last, last < .max { _ = try fetchNew("\(last + 1):*", above: last, into: &draft) }
        return UInt64(draft.messages.count) == record.messages ? draft.listing() : nil
    }

    /// Lists all messages; of those that are known, only the flags are asked for.
    private func listNew(_ record: MailboxRecord, from known: KnownMailbox?) throws(HikaeError) -> MailboxListing {
        var draft = ListingDraft(record)
        guard record.messages > 0 else { return draft.listing() }
        guard let known, !known.messages.isEmpty else {
            let removed = try fetchNew("1:*", above: 0, into: &draft)
            return draft.listing(of: record.messages, removed: removed)
        }
        var positions: [UInt32: Int] = [:]
        for (index, message) in known.messages.enumerated() { positions[message.uid] = index }
        var unknown: [UInt32] = []
        let items = hasLabels ? "FLAGS X-GM-LABELS" : "FLAGS"
        var removed = try connection.fetch("1:*", items) { uid, reply throws(HikaeError) in
            guard let flags = reply.flags else { return draft.note(uid, reply) }
            if let position = positions.removeValue(forKey: uid) {
                draft.add(known.messages[position], flags: flags, labels: reply.labels)
            } else if !draft.contains(uid) {
                unknown.append(uid)
            }
            guard unknown.count <= Self.maximumMessages else { throw tooMany() }
        }
        let wanted = Array(Set(unknown)).sorted()
        for start in stride(from: 0, to: wanted.count, by: 1000) {
            let part = wanted[start..<min(start + 1000, wanted.count)]
            removed &+= try fetchNew(UIDSet(rising: part).text, above: 0, into: &draft)
        }
        return draft.listing(of: record.messages, removed: removed)
    }

    /// Returns how many messages the server said meanwhile to be removed.
    private func fetchNew(_ set: String, above last: UInt32, into draft: inout ListingDraft) throws(HikaeError)
        -> UInt64
    {
        let items = "FLAGS INTERNALDATE RFC822.SIZE" + (hasLabels ? " X-GM-LABELS" : "")
        return try connection.fetch(set, items) { uid, reply throws(HikaeError) in
            // "7:*" means the last message even when its UID is below 7.
            guard uid > last, !draft.contains(uid) else { return }
            let reply = reply.completed(by: draft.incomplete[uid])
            guard let flags = reply.flags, let date = reply.date, let size = reply.size else {
                guard draft.incomplete.count < Self.maximumMessages else { throw tooMany() }
                return draft.note(uid, reply)
            }
            guard draft.messages.count < Self.maximumMessages else { throw tooMany() }
            draft.add(
                MailboxListing.Message(uid: uid, size: size, date: date, name: []), flags: flags,
                labels: reply.labels)
        }
    }

    private func tooMany() -> HikaeError {
        HikaeError(.limit, "\(MailboxPath.display(mailbox.name)) has more than \(Self.maximumMessages) messages")
    }
}

/// A listing while it is put together.
private struct ListingDraft {
    var record: MailboxRecord
    var messages: [MailboxListing.Message] = []
    private var table: KeywordTable
    private var seen: Set<UInt32> = []
    /// What was told so far of messages of which something is lacking: a server may tell it in parts.
    private(set) var incomplete: [UInt32: FetchReply] = [:]

    init(_ record: MailboxRecord) {
        self.record = record
        table = KeywordTable(record.keywords)
    }

    /// Keeps what is recorded by UID, for the messages that stay.
    mutating func takeOver(_ known: MailboxRecord) {
        record.otherKeywords = known.otherKeywords
        record.labels = known.labels
    }

    func contains(_ uid: UInt32) -> Bool { seen.contains(uid) }

    /// Keeps what was told of a message that cannot be added yet.
    mutating func note(_ uid: UInt32, _ reply: FetchReply) { incomplete[uid] = reply }

    /// Adds a message, once; `flags` nil: as its name has them.
    mutating func add(_ message: MailboxListing.Message, flags: MessageFlags?, labels: [String]? = nil) {
        guard seen.insert(message.uid).inserted else { return }
        if !incomplete.isEmpty { incomplete[message.uid] = nil }
        var message = message
        if let flags {
            let (letters, others) = table.letters(for: flags.keywords)
            message.name =
                MessageName(
                    uidValidity: record.uidValidity, uid: message.uid, system: flags.system, letters: letters
                ).bytes
            record.otherKeywords[message.uid] = others.isEmpty ? nil : others
        }
        if let labels { record.labels[message.uid] = labels.isEmpty ? nil : labels }
        messages.append(message)
    }

    /// The listing of a mailbox that had so many messages when it was opened, and what of them is missing.
    func listing(of total: UInt64, removed: UInt64) -> MailboxListing {
        var listing = listing()
        let (left, isOver) = total.subtractingReportingOverflow(removed)
        let listed = UInt64(messages.count)
        guard !isOver, left > listed else { return listing }
        listing.missing = MailboxListing.Missing(count: left - listed, total: left, uids: incomplete.keys.sorted())
        return listing
    }

    func listing() -> MailboxListing {
        var listing = MailboxListing(record: record, messages: messages)
        listing.messages.sort { $0.uid < $1.uid }
        listing.record.keywords = table.keywords
        if !record.otherKeywords.isEmpty {
            listing.record.otherKeywords = record.otherKeywords.filter { seen.contains($0.key) }
        }
        if !record.labels.isEmpty { listing.record.labels = record.labels.filter { seen.contains($0.key) } }
        return listing
    }
}

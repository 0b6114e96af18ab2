// One mailbox during one capture: lists itself when its directory is asked for, counts what is read of it.

import HikaeCore
import HikaeFormat
import HikaeSource
import Synchronization

/// A mailbox that is captured.
final class CapturedMailbox: Sendable {
    let session: IMAPSession
    /// Its number in the session.
    let number: Int
    let listed: ListedMailbox
    /// Folders that lead to it from the content's root.
    let folders: [[UInt8]]
    private let isSubscribed: Bool
    /// What the server said of it at the beginning.
    private let state: MailboxStatus?

    private struct Counted: Sendable {
        var identity: MailboxIdentity
        var items: Int64 = 0
        var bytes: Int64 = 0
        var isListed = false
        var missing: MailboxListing.Missing?
    }
    private let counted: Mutex<Counted>

    init(
        _ session: IMAPSession, number: Int, _ listed: ListedMailbox, folders: [[UInt8]], isSubscribed: Bool,
        state: MailboxStatus?
    ) {
        (self.session, self.number, self.listed) = (session, number, listed)
        (self.folders, self.isSubscribed, self.state) = (folders, isSubscribed, state)
        counted = Mutex(Counted(identity: MailboxIdentity(name: listed.name, uidValidity: state?.uidValidity ?? 0)))
    }

    var displayPath: String { "/" + MailboxPath.display(folders) }

    /// Which mailbox it is; true once it was listed.
    var identity: MailboxIdentity { counted.withLock { $0.identity } }

    /// Corrects the count: a message that could not be read, or that has another size than was said.
    func correct(items: Int64, bytes: Int64) {
        counted.withLock { counted in
            counted.items += items
            counted.bytes += bytes
        }
    }

    /// Counts a message that could not be read. When that is because nothing can be had any more, the capture is lost.
    func missed(size: UInt64, _ error: HikaeError) {
        correct(items: -1, bytes: -Int64(clamping: size))
        session.note(error)
    }

    /// What was read; nil for a mailbox that could not be listed.
    var facts: CaptureFacts.Group? {
        counted.withLock { counted in
            guard counted.isListed else { return nil }
            return CaptureFacts.Group(
                name: MailboxPath.display(folders), items: UInt64(max(0, counted.items)),
                bytes: UInt64(max(0, counted.bytes)), identity: String(counted.identity.uidValidity))
        }
    }

    /// What of it is not in the snapshot because the server does not list it; nil when nothing is missing.
    var note: String? {
        guard let missing = counted.withLock({ $0.missing }) else { return nil }
        return "\(MailboxPath.display(folders)): the server's listing lacks \(missing.count) of \(missing.total) "
            + "messages that it says there are"
    }

    /// Reports each message that the server has and does not list: each counts as one that could not be read.
    private func reportMissing(_ listing: MailboxListing, report: (HikaeError) -> Void) {
        guard let missing = listing.missing else { return }
        counted.withLock { $0.missing = missing }
        let known = missing.uids.prefix(Int(clamping: missing.count))
        for uid in known {
            report(
                HikaeError(
                    .incomplete,
                    "the server lists message \(uid) of \(displayPath) without flags, date or size: it is left out"))
        }
        for number in 0..<(missing.count - UInt64(known.count)) {
            report(
                HikaeError(
                    .incomplete,
                    "\(displayPath) has \(missing.total) messages, and the server does not list them all: missing "
                        + "message \(number + 1) of \(missing.count - UInt64(known.count)) is left out",
                    hint: "The provider may have to repair the mailbox's index."))
        }
    }

    /// The entries of its directory: the Maildir, and the record. Lists the mailbox, unless nothing happened in it.
    func entries(report: (HikaeError) -> Void) throws(HikaeError) -> [SourceEntry] {
        if let (record, group) = unchanged() {
            counted.withLock { counted in
                counted.identity.uidValidity = record.uidValidity
                (counted.items, counted.bytes) = (Int64(clamping: group.items), Int64(clamping: group.bytes))
                counted.isListed = true
            }
            var messages = MailFile.entry(Array("cur".utf8), MessageDirectory(self, nil))
            messages.content = .isUnchanged
            messages.extent = SourceEntry.Extent(files: Int(clamping: group.items), bytes: group.bytes)
            return entries(record, messages)
        }
        let listing = try list(report: report)
        reportMissing(listing, report: report)
        let bytes = listing.messages.reduce(Int64(0)) { $0 &+ Int64(clamping: $1.size) }
        counted.withLock { counted in
            counted.identity.uidValidity = listing.record.uidValidity
            (counted.items, counted.bytes, counted.isListed) = (Int64(listing.messages.count), bytes, true)
        }
        return entries(listing.record, MailFile.entry(Array("cur".utf8), MessageDirectory(self, listing.messages)))
    }

    private func entries(_ known: MailboxRecord, _ messages: SourceEntry) -> [SourceEntry] {
        var record = known
        record.isSubscribed = isSubscribed
        record.specialUse = listed.specialUse
        var entries = [
            MailFile.entry(MailboxRecord.fileName, record.encoded(), in: displayPath), messages,
            MailFile.entry(Array("new".utf8), EmptyDirectory(displayPath: "\(displayPath)/new")),
            MailFile.entry(Array("tmp".utf8), EmptyDirectory(displayPath: "\(displayPath)/tmp")),
        ]
        let keywords = KeywordTable(record.keywords).fileContent
        if !keywords.isEmpty { entries.append(MailFile.entry(KeywordTable.fileName, keywords, in: displayPath)) }
        return entries
    }

    /// The mailbox as it was recorded and counted by the capture before, when the server says that nothing happened
    /// since; otherwise nil.
    private func unchanged() -> (MailboxRecord, CaptureFacts.Group)? {
        guard let previous = session.context.previous, let state, !session.mustAskForLabels else { return nil }
        let name = MailboxPath.display(folders)
        let place = folders + [Array(MailboxRecord.fileName.utf8)]
        guard let group = previous.facts?.groups.first(where: { $0.name == name }),
            let content = try? previous.bytes(at: place, limit: MailboxRecord.maximumSize),
            let record = try? MailboxRecord(content), record.name == listed.name,
            group.identity == String(record.uidValidity), record.isCurrent(state, messages: group.items)
        else { return nil }
        return (record, group)
    }

    /// The messages of a mailbox that was not listed because nothing happened in it.
    func messagesListedAnew(report: (HikaeError) -> Void) throws(HikaeError) -> [MailboxListing.Message] {
        let listing = try list(report: report)
        reportMissing(listing, report: report)
        let messages = listing.messages
        let bytes = messages.reduce(Int64(0)) { $0 &+ Int64(clamping: $1.size) }
        counted.withLock { ($0.items, $0.bytes) = (Int64(messages.count), bytes) }
        return messages
    }

    private func list(report: (HikaeError) -> Void) throws(HikaeError) -> MailboxListing {
        let known = known(report: report)
        if let known, let state, known.isCurrent(state), !session.mustAskForLabels {
            return MailboxListing(record: known.record, messages: known.messages)
        }
        return try session.withConnection { connection throws(HikaeError) in
            let lister = MailboxLister(connection: connection, mailbox: listed, known: known)
            return try lister.list(usesQuickResync: session.usesQuickResync)
        }
    }

    /// What the capture before has of this mailbox. What of it cannot be read is read anew from the server.
    private func known(report: (HikaeError) -> Void) -> KnownMailbox? {
        guard let previous = session.context.previous else { return nil }
        do throws(HikaeError) {
            let place = folders + [Array(MailboxRecord.fileName.utf8)]
            guard let content = try previous.bytes(at: place, limit: MailboxRecord.maximumSize) else { return nil }
            let record = try MailboxRecord(content)
            guard record.name == listed.name, state?.uidValidity ?? record.uidValidity == record.uidValidity,
                let nodes = try previous.nodes(at: folders + [Array("cur".utf8)])
            else { return nil }
            return KnownMailbox(record, nodes)
        } catch {
            report(error)
            return nil
        }
    }
}

/// `cur` of a mailbox: its messages.
private final class MessageDirectory: SourceDirectory {
    private let mailbox: CapturedMailbox
    /// Given away when they are asked for; nil when the mailbox is still to be listed.
    private let messages: Mutex<[MailboxListing.Message]?>

    init(_ mailbox: CapturedMailbox, _ messages: [MailboxListing.Message]?) {
        self.mailbox = mailbox
        self.messages = Mutex(messages)
    }

    var displayPath: String { "\(mailbox.displayPath)/cur" }

    func entries(report: (HikaeError) -> Void) throws(HikaeError) -> [SourceEntry] {
        let given = messages.withLock { messages in
            defer { messages = [] }
            return messages
        }
        // What could have been taken over is not in the snapshot before any more: it is listed after all.
        let messages = if let given { given } else { try mailbox.messagesListedAnew(report: report) }
        var entries: [SourceEntry] = []
        entries.reserveCapacity(messages.count)
        var wanted: [PrefetchPlan.Wanted] = []
        for message in messages {
            let file = MessageFile(mailbox, uid: message.uid, size: message.size, date: message.date)
            var entry = SourceEntry(
                node: MailFile.node(message.name, size: message.size, time: message.date), body: .file(file))
            if let former = message.former {
                entry.content = .isUnchanged
                if former != message.name { entry.formerName = former }
            } else {
                entry.content = .mustBeRead
                if MessageFile.isPrefetched(message.size) {
                    wanted.append(
                        PrefetchPlan.Wanted(
                            key: MessageKey(mailbox: mailbox.number, uid: message.uid), size: Int(message.size)))
                }
            }
            entries.append(entry)
        }
        mailbox.session.fetcher.enqueue(wanted)
        return entries
    }
}

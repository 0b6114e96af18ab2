// Reads a destination's mail back and compares every message: bytes, flags, date.

import HikaeCore
import HikaeDestination
import HikaeFormat
import HikaeSource

/// One comparison of an account with a snapshot.
struct MailVerification {
    private let content: SnapshotContent
    private let watch: ReturnWatch
    private let link: MailboxLink
    private var found = Verification()

    init(_ settings: IMAPSettings, _ content: SnapshotContent, _ watch: ReturnWatch) {
        (self.content, self.watch) = (content, watch)
        link = MailboxLink(settings, watch.cancellation, report: watch.report)
    }

    mutating func run(_ facts: CaptureFacts?) throws(HikaeError) -> Verification {
        defer { link.close() }
        let mailboxes = try SnapshotMailbox.all(in: content)
        let listing = try link.attempt { connection throws(HikaeError) in try connection.listing(withStates: false) }
        let names = DestinationNames(listing)
        let there = Set(listing.mailboxes.filter(\.isSelectable).map(\.name))
        watch.progress.begin(phase: "verifying mail")
        var counts: [String: UInt64] = [:]
        for mailbox in mailboxes {
            try watch.cancellation.check()
            watch.progress.currentItem = mailbox.display
            let messages = try mailbox.messages(in: content)
            counts[mailbox.display] = UInt64(messages.count)
            let name = names.name(for: mailbox).name
            guard there.contains(name) || MailboxPath.isInbox(name) else {
                found.compared += UInt64(messages.count)
                found.differs("the mailbox \(mailbox.display) with \(messages.count) messages is missing")
                continue
            }
            let before = found
            let merged = try link.attempt { connection throws(HikaeError) in
                var fresh = before
                try Self.compare(connection, name, mailbox, messages, content, watch, &fresh)
                return fresh
            }
            found = merged
        }
        if let facts { compare(counts, with: facts) }
        found.methods.append("every message read back and compared by the SHA-256 of its bytes, by flags and date")
        return found
    }

    private static func compare(
        _ connection: IMAPConnection, _ name: [UInt8], _ mailbox: SnapshotMailbox, _ messages: [SnapshotMessage],
        _ content: SnapshotContent, _ watch: ReturnWatch, _ found: inout Verification
    ) throws(HikaeError) {
        let opened = try connection.open(name)
        // What the server does not list is missing here too.
        let existing = try connection.existingMessages(opened, withMessageIDs: false).messages
        var open: [BlobID: [Int]] = [:]
        for (number, message) in messages.enumerated() {
            open[try content.digest(of: message), default: []].append(number)
        }
        let sizes = Set(messages.map(\.size))
        let byUID = Dictionary(existing.map { ($0.uid, $0) }, uniquingKeysWith: { first, _ in first })
        var pairs: [(number: Int, message: ExistingMessage)] = []
        func readBack(_ those: [ExistingMessage]) throws(HikaeError) {
            try connection.digests(of: those) { uid, digest, size throws(HikaeError) in
                try watch.cancellation.check()
                watch.progress.add(files: 1, bytes: size)
                guard let message = byUID[uid], var candidates = open[digest], !candidates.isEmpty else { return }
                // Of several with the same bytes the one with the same flags and date.
                let best =
                    candidates.firstIndex { isEqual(messages[$0], message) } ?? candidates.startIndex
                pairs.append((candidates.remove(at: best), message))
                open[digest] = candidates
            }
        }
        try readBack(existing.filter { sizes.contains($0.size) })
        // A server's sizes need not be true: before anything is missed, the others are looked at.
        if !open.values.allSatisfy(\.isEmpty) { try readBack(existing.filter { !sizes.contains($0.size) }) }
        found.compared += UInt64(messages.count)
        found.extra += UInt64(existing.count - pairs.count)
        for (number, message) in pairs {
            let expected = messages[number]
            if isEqual(expected, message) {
                found.equal += 1
            } else if expected.flags != message.flags {
                let (ours, theirs) = (expected.flags.names, message.flags.names)
                found.differs(
                    "\(mailbox.display): \(expected.display) has the flags (\(theirs.joined(separator: " "))), it had "
                        + "(\(ours.joined(separator: " ")))")
            } else {
                let date = message.date.map { MessageDate.text($0) } ?? "no date"
                found.differs("\(mailbox.display): \(expected.display) has the date \(date)")
            }
        }
        for number in open.values.joined().sorted() {
            found.differs("\(mailbox.display): \(messages[number].display) is missing, or its bytes are others")
        }
    }

    private static func isEqual(_ expected: SnapshotMessage, _ message: ExistingMessage) -> Bool {
        expected.flags == message.flags && expected.date.seconds == message.date?.seconds
    }

    /// The snapshot must hold what was counted when it was made.
    private mutating func compare(_ counts: [String: UInt64], with facts: CaptureFacts) {
        for group in facts.groups where counts[group.name] != group.items {
            found.differs(
                "\(group.name): \(group.items) messages were captured, the snapshot holds \(counts[group.name] ?? 0)")
        }
        found.methods.append(
            "messages counted in \(facts.groups.count) mailbox\(facts.groups.count == 1 ? "" : "es") against the "
                + "capture's facts")
    }
}

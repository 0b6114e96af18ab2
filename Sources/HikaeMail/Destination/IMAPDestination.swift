// An IMAP account as a destination: mail is merged into it, nothing that is there is removed.

public import HikaeCore
public import HikaeDestination
public import HikaeSource

/// The mail of one account, to be written to.
///
/// A message counts as there when its mailbox has one of the same size and Message-ID, or, where that leaves a doubt,
/// of the same bytes. Messages that are there keep their flags unless `ReturnOptions.replaces`; with that, the bytes
/// decide alone, and a message that is there with other bytes is put beside it as it was.
public struct IMAPDestination: Destination {
    private let settings: IMAPSettings

    /// The account that these settings name.
    public init(_ settings: IMAPSettings) { self.settings = settings }

    public var address: String { settings.address }

    /// Logs in and opens INBOX to write, which changes nothing.
    public func probe() throws(HikaeError) -> ServiceIdentity {
        let connection = try IMAPConnection(settings)
        defer { connection.close() }
        try connection.askIdentity()
        // Opening INBOX to write is what a restore begins with; nothing is changed by it.
        _ = try connection.open(Array("INBOX".utf8), writes: true)
        var notes: [String] = []
        if !connection.offers("LITERAL+") { notes.append("no LITERAL+: messages are written one by one") }
        return ServiceIdentity(
            software: connection.software.isEmpty ? "an IMAP server" : connection.software, notes: notes)
    }

    /// Compares each mailbox with the snapshot's; what is there with other flags is a conflict.
    public func preview(_ content: SnapshotContent, _ options: ReturnOptions, _ watch: ReturnWatch)
        throws(HikaeError) -> ReturnPreview
    {
        let link = MailboxLink(settings, watch.cancellation, report: watch.report)
        defer { link.close() }
        let listing = try link.attempt { connection throws(HikaeError) in try connection.listing(withStates: false) }
        let names = DestinationNames(listing)
        let there = Set(listing.mailboxes.filter(\.isSelectable).map(\.name))
        var preview = ReturnPreview()
        for mailbox in try SnapshotMailbox.all(in: content) {
            try watch.cancellation.check()
            let messages = try mailbox.messages(in: content)
            let name = names.name(for: mailbox).name
            guard there.contains(name) || MailboxPath.isInbox(name) else {
                preview.items += UInt64(messages.count)
                preview.bytes += messages.reduce(0) { $0 + $1.size }
                continue
            }
            let comparison = try link.attempt { connection throws(HikaeError) in
                try MailComparison(
                    connection, content, messages, in: name, writes: false,
                    byBytes: options.replaces && !options.onlyMissing)
            }
            for (number, uid) in comparison.plan.matches.enumerated() {
                if uid == nil {
                    preview.items += 1
                    preview.bytes += messages[number].size
                } else {
                    preview.present += 1
                }
            }
            for (number, _) in comparison.differingFlags(messages) {
                preview.conflictCount += 1
                if preview.conflicts.count < 1000 {
                    preview.conflicts.append(
                        "\(mailbox.display): \(messages[number].display) is there with other flags")
                }
            }
        }
        return preview
    }

    /// Makes mailboxes and appends what they lack. Throws `.quota`, saying what is in, when the account is full.
    public func restore(_ content: SnapshotContent, _ options: ReturnOptions, _ watch: ReturnWatch)
        throws(HikaeError) -> ReturnSummary
    {
        var restore = MailRestore(settings, content, options, watch)
        return try restore.run()
    }

    /// Reads every message back and compares the SHA-256 of its bytes, its flags and its date.
    public func verify(
        _ content: SnapshotContent, facts: CaptureFacts?, _ options: ReturnOptions, _ watch: ReturnWatch
    ) throws(HikaeError) -> Verification {
        var verification = MailVerification(settings, content, watch)
        return try verification.run(facts)
    }
}

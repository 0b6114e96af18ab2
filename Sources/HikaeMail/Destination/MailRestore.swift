// One restore of mail: mailbox by mailbox, going on where a broken connection, or a run before, left off.

import HikaeCore
import HikaeDestination
import HikaeFormat
import Synchronization

/// Puts a snapshot's mailboxes into an account.
struct MailRestore {
    private let settings: IMAPSettings
    private let content: SnapshotContent
    private let options: ReturnOptions
    private let watch: ReturnWatch
    private let link: MailboxLink
    private var summary = ReturnSummary()
    private var mailboxes: [SnapshotMailbox] = []
    private var total = 0

    init(_ settings: IMAPSettings, _ content: SnapshotContent, _ options: ReturnOptions, _ watch: ReturnWatch) {
        (self.settings, self.content, self.options, self.watch) = (settings, content, options, watch)
        link = MailboxLink(settings, watch.cancellation, report: watch.report)
    }

    mutating func run() throws(HikaeError) -> ReturnSummary {
        defer { link.close() }
        mailboxes = try SnapshotMailbox.all(in: content)
        var bytes: UInt64 = 0
        for mailbox in mailboxes {
            let messages = try mailbox.messages(in: content)
            total += messages.count
            bytes += messages.reduce(0) { $0 + $1.size }
        }
        watch.progress.begin(phase: "restoring mail", files: total, bytes: Int(clamping: bytes))
        watch.progress.totalsAreFinal.store(true, ordering: .relaxed)
        let listing = try link.attempt { connection throws(HikaeError) in try connection.listing(withStates: false) }
        let names = DestinationNames(listing)
        var there = Set(listing.mailboxes.filter(\.isSelectable).map(\.name))
        for mailbox in mailboxes {
            try watch.cancellation.check()
            watch.progress.currentItem = mailbox.display
            let (name, isChanged) = names.name(for: mailbox)
            if isChanged {
                watch.report(
                    HikaeError(
                        .unsupported,
                        "the destination cannot name a mailbox \(mailbox.display): it becomes \(MailboxPath.display(name))"
                    ))
            }
            do throws(HikaeError) {
                try prepare(mailbox, name, exists: there.contains(name) || MailboxPath.isInbox(name), listing)
                there.insert(name)
                try fill(mailbox, name)
            } catch {
                switch error.code {
                case .notFound, .permission, .inputOutput, .refused, .unsupported:
                    // This mailbox cannot be written to; others may be.
                    let count = try mailbox.messages(in: content).count
                    summary.errors += UInt64(max(1, count))
                    watch.report(error)
                default: throw error
                }
            }
        }
        return summary
    }

    /// Makes the mailbox where it is missing, and subscribes to it as it was.
    private func prepare(
        _ mailbox: SnapshotMailbox, _ name: [UInt8], exists: Bool, _ listing: IMAPConnection.Listing
    ) throws(HikaeError) {
        try link.attempt { connection throws(HikaeError) in
            if !exists {
                let status = try connection.finish(try connection.begin(CommandText("CREATE ").string(name)))
                // Made by a try before this one whose answer was lost.
                guard status.condition == .ok || status.code == "ALREADYEXISTS" else {
                    let refusal = connection.refusal(status, "make the mailbox \(MailboxPath.display(name))")
                    // Not to like a name is a refusal, however the server puts it.
                    guard status.condition == .bad else { throw refusal }
                    throw HikaeError(.refused, refusal.message, hint: refusal.hint)
                }
            }
            if mailbox.record?.isSubscribed ?? true, !listing.subscribed.contains(name) {
                // Not to be subscribed loses nothing.
                _ = try connection.finish(try connection.begin(CommandText("SUBSCRIBE ").string(name)))
            }
        }
    }

    /// Compares, and appends what is missing; again when the connection breaks, until nothing is.
    private mutating func fill(_ mailbox: SnapshotMailbox, _ name: [UInt8]) throws(HikaeError) {
        let messages = try mailbox.messages(in: content)
        guard !messages.isEmpty else { return }
        var settled = Array(repeating: false, count: messages.count)
        var isFirst = true
        while true {
            do throws(HikaeError) {
                try fillOnce(messages, name, &settled, isFirst: isFirst)
                link.backoff.succeeded()
                return
            } catch {
                guard error.code != .quota else { throw full(error, mailbox) }
                try link.recover(from: error)
                isFirst = false
            }
        }
    }

    private mutating func fillOnce(
        _ messages: [SnapshotMessage], _ name: [UInt8], _ settled: inout [Bool], isFirst: Bool
    ) throws(HikaeError) {
        let connection = try link.connected()
        link.forgetOpenMailbox()
        if !isFirst { try Self.awaitQuiet(connection, name, watch.cancellation) }
        let byBytes = options.replaces && !options.onlyMissing
        let comparison = try MailComparison(connection, content, messages, in: name, writes: true, byBytes: byBytes)
        var missing: [Int] = []
        for (number, uid) in comparison.plan.matches.enumerated() where !settled[number] {
            guard uid == nil else {
                settled[number] = true
                // One that a broken command of this run brought over after all was written, not skipped.
                if isFirst { summary.itemsSkipped += 1 } else { countWritten(messages[number]) }
                watch.progress.add(files: 1, bytes: Int(messages[number].size))
                continue
            }
            missing.append(number)
        }
        if options.replaces, !options.onlyMissing { try comparison.correctFlags(connection, messages) }
        var appender = MessageAppender(connection, content, mailbox: name, messages: messages)
        var written: [Int] = []
        var refused: [HikaeError] = []
        let progress = watch.progress
        let link = link
        defer {
            for number in written { countWritten(messages[number]) }
            for error in refused {
                summary.errors += 1
                watch.report(error)
            }
        }
        try appender.append(missing, watch.cancellation) { number, outcome in
            settled[number] = true
            switch outcome {
            case .written: written.append(number)
            case .refused(let error):
                refused.append(error)
                progress.errors.add(1, ordering: .relaxed)
            }
            progress.add(files: 1, bytes: Int(messages[number].size))
            link.backoff.succeeded()
        }
    }

    private mutating func countWritten(_ message: SnapshotMessage) {
        summary.itemsWritten += 1
        summary.bytesWritten += message.size
    }

    /// Waits until a broken connection's last commands are done with: until the mailbox does not grow any more.
    private static func awaitQuiet(_ connection: IMAPConnection, _ name: [UInt8], _ cancellation: Cancellation)
        throws(HikaeError)
    {
        var last: MailboxStatus?
        for _ in 0..<20 {
            let now = try connection.states(of: [name])[name]
            if now == last { return }
            last = now
            try Backoff.sleep(0.3, cancellation)
        }
    }

    /// The error for an account without room: what is in, and what is not.
    private func full(_ error: HikaeError, _ mailbox: SnapshotMailbox) -> HikaeError {
        let done = summary.itemsWritten + summary.itemsSkipped
        let left = UInt64(total) - min(UInt64(total), done + summary.errors)
        return HikaeError(
            .quota,
            "\(settings.address) is full: \(done) of \(total) messages are there, \(left) are not, from \(mailbox.display) "
                + "on (\(error.message))",
            hint: "Make room or have the quota raised, and run the same command again: it goes on where it was.")
    }
}

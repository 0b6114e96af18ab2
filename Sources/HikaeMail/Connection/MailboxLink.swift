// A connection that comes back when it breaks: bounded in tries, slower with each.

import HikaeCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// How long to wait before the next try, and when to give up.
struct Backoff: Sendable {
    /// Tries in a row that may fail.
    static let tries = 6
    private(set) var failures = 0
    /// Seconds to wait after the first failure.
    private let first: Double

    init(first: Double) { self.first = first }

    /// Notes that something went well.
    mutating func succeeded() { failures = 0 }

    /// Notes a failure. Seconds to wait; nil when it was the last try.
    mutating func failed() -> Double? {
        failures += 1
        guard failures < Self.tries else { return nil }
        // 0.2, 0.6, 1.8, 5.4, 16.2: a server that is started anew is back by then.
        return (1..<failures).reduce(first) { wait, _ in wait * 3 }
    }

    /// Sleeps, looking at `cancellation` meanwhile. Throws `.cancelled`.
    static func sleep(_ seconds: Double, _ cancellation: Cancellation) throws(HikaeError) {
        var left = seconds
        while left > 0 {
            try cancellation.check()
            usleep(useconds_t(min(left, 0.1) * 1e6))
            left -= 0.1
        }
        try cancellation.check()
    }
}

/// Which mailbox is meant, and that it is still the same one.
struct MailboxIdentity: Sendable, Hashable {
    var name: [UInt8]
    var uidValidity: UInt32
}

/// A connection for one thread, made when it is needed and made again when it broke.
final class MailboxLink {
    private let settings: IMAPSettings
    private let cancellation: Cancellation
    private let report: @Sendable (HikaeError) -> Void
    private(set) var connection: IMAPConnection?
    private var openMailbox: MailboxIdentity?
    var backoff: Backoff

    init(
        _ settings: IMAPSettings, _ cancellation: Cancellation, report: @escaping @Sendable (HikaeError) -> Void,
        connection: IMAPConnection? = nil
    ) {
        (self.settings, self.cancellation, self.report) = (settings, cancellation, report)
        self.connection = connection
        backoff = Backoff(first: settings.firstWait)
    }

    /// A connection that is logged in; in `mailbox`, opened to read only, if one is given.
    func connected(to mailbox: MailboxIdentity? = nil) throws(HikaeError) -> IMAPConnection {
        try cancellation.check()
        let current: IMAPConnection
        if let connection {
            current = connection
        } else {
            current = try IMAPConnection(settings)
            connection = current
            openMailbox = nil
        }
        if let mailbox, openMailbox != mailbox {
            openMailbox = nil
            let opened = try current.open(mailbox.name)
            guard opened.state.uidValidity == mailbox.uidValidity else {
                throw HikaeError(
                    .inputOutput,
                    "the mailbox \(MailboxPath.display(mailbox.name)) was made anew while it was read",
                    hint: "Capture again.")
            }
            openMailbox = mailbox
        }
        return current
    }

    /// Notes that whoever used the connection has opened another mailbox with it.
    func forgetOpenMailbox() { openMailbox = nil }

    /// Ends the connection; the next use makes a new one.
    func drop() {
        connection?.abandon()
        connection = nil
        openMailbox = nil
    }

    /// Ends the connection politely.
    func close() {
        connection?.close()
        connection = nil
        openMailbox = nil
    }

    /// Handles a failed use: waits when it is worth another try, else throws.
    func recover(from error: HikaeError) throws(HikaeError) {
        drop()
        guard error.isRetryable, !cancellation.isCancelled, let wait = backoff.failed() else { throw error }
        report(
            HikaeError(
                error.code, "\(error.message); connecting again", hint: error.hint, isRetryable: true))
        try Backoff.sleep(wait, cancellation)
    }

    /// Runs `body` with a connection, again with a new one when it breaks. `body` must stand being begun anew.
    func attempt<Result>(
        in mailbox: MailboxIdentity? = nil, _ body: (IMAPConnection) throws(HikaeError) -> Result
    ) throws(HikaeError) -> Result {
        while true {
            do throws(HikaeError) {
                let result = try body(try connected(to: mailbox))
                backoff.succeeded()
                return result
            } catch {
                guard error.isRetryable else {
                    if error.code == .protocolViolation || error.code == .cancelled { drop() }
                    throw error
                }
                try recover(from: error)
            }
        }
    }
}

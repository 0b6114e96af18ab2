// An IMAP account as a source: every mailbox a Maildir, every message a file, byte for byte.

public import HikaeCore
public import HikaeSource

/// The mail of one account.
///
/// Reading changes nothing at the server: mailboxes are opened with EXAMINE, messages are fetched with BODY.PEEK.
public struct IMAPSource: CaptureSource {
    private let settings: IMAPSettings

    /// The account that these settings name.
    public init(_ settings: IMAPSettings) { self.settings = settings }

    public var address: String { settings.address }
    public var unit: CaptureUnit { .messages }

    /// Logs in and lists the mailboxes. Throws `.notFound` when there is none.
    public func probe() throws(HikaeError) -> ServiceIdentity {
        let connection = try IMAPConnection(settings)
        defer { connection.close() }
        try connection.askIdentity()
        let listing = try connection.listing(withStates: false)
        let count = listing.mailboxes.count { $0.isSelectable }
        guard count > 0 else {
            throw HikaeError(
                .notFound, "\(address) has no mailbox", hint: "Not even INBOX is there: ask the provider.")
        }
        var notes = [count == 1 ? "1 mailbox" : "\(count) mailboxes"]
        if !connection.offers("CONDSTORE") {
            notes.append("no CONDSTORE: the flags of all messages are read each time")
        }
        return ServiceIdentity(
            software: connection.software.isEmpty ? "an IMAP server" : connection.software, notes: notes)
    }

    /// Logs in and lists the mailboxes with their states.
    public func begin(_ context: CaptureContext) throws(HikaeError) -> any CaptureSession {
        try IMAPSession.begin(settings, context)
    }
}

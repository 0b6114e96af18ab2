// One capture of an account: its connections, its tree, its facts.

import HikaeCore
import HikaeSource
import Synchronization

/// A running capture.
///
/// `@unchecked Sendable` is sound because `link` is used under `linkLock` alone, and `tree` and `mailboxes` are set
/// before anybody else has the session.
final class IMAPSession: CaptureSession, @unchecked Sendable {
    /// Bytes of messages that are fetched ahead.
    private static let prefetchLimit = 12 << 20

    let settings: IMAPSettings
    let context: CaptureContext
    private let link: MailboxLink
    private let linkLock = Monitor(false)
    private var tree = MailboxFolder(MailboxFolder.Draft())
    private var mailboxes: [CapturedMailbox] = []
    private let lost = Mutex<HikaeError?>(nil)
    /// Whether a mailbox may be opened with a state to go on from.
    private(set) var usesQuickResync = false
    /// Labels may change without a mailbox's state telling.
    private(set) var mustAskForLabels = false
    private var software = ""
    private let ownFetcher = Mutex<MessageFetcher?>(nil)

    /// Connects and lists the mailboxes.
    static func begin(_ settings: IMAPSettings, _ context: CaptureContext) throws(HikaeError) -> IMAPSession {
        let session = IMAPSession(settings, context, try IMAPConnection(settings))
        do throws(HikaeError) { try session.prepare() } catch {
            session.close()
            throw error
        }
        return session
    }

    private init(_ settings: IMAPSettings, _ context: CaptureContext, _ connection: IMAPConnection) {
        self.settings = settings
        self.context = context
        link = MailboxLink(settings, context.cancellation, report: context.report, connection: connection)
    }

    var root: any SourceDirectory { tree }
    /// Fetching has threads of its own; these only store.
    var readers: Int { 0 }

    /// What fetches messages ahead; made when it is first needed.
    var fetcher: MessageFetcher {
        ownFetcher.withLock { fetcher in
            if let fetcher { return fetcher }
            let surroundings = MessageFetcher.Surroundings(
                cancellation: context.cancellation, report: context.report,
                mailbox: { [unowned self] in mailboxes[$0].identity })
            let made = MessageFetcher(settings, surroundings, limit: Self.prefetchLimit)
            fetcher = made
            return made
        }
    }

    private func prepare() throws(HikaeError) {
        let include = try PathFilter(settings.includeMailboxes)
        let exclude = try PathFilter(settings.excludeMailboxes)
        let (listing, states) = try withConnection { connection throws(HikaeError) in
            try connection.askIdentity()
            software = connection.software
            usesQuickResync = connection.offers("QRESYNC") && connection.offers("ENABLE")
            mustAskForLabels = connection.offers("X-GM-EXT-1") && !connection.offers("CONDSTORE")
            let listing = try connection.listing()
            var states = listing.states
            if states.isEmpty {
                states = try connection.states(of: listing.mailboxes.filter(\.isSelectable).map(\.name))
            }
            return (listing, states)
        }
        var draft = MailboxFolder.Draft()
        for listed in listing.mailboxes where listed.isSelectable {
            guard let folders = MailboxPath.folders(listed, personalPrefix: listing.namespaces.personalPrefix) else {
                context.report(
                    HikaeError(
                        .refused,
                        "the mailbox \"\(MailboxPath.display(listed.name))\" has a name that no folder can stand for; it "
                            + "is left out"))
                leftOut.withLock { $0 += 1 }
                continue
            }
            let path = [UInt8(ascii: "/")] + Array(folders.joined(separator: [UInt8(ascii: "/")]))
            guard include.isEmpty || include.matches(path: path), !exclude.matches(path: path) else { continue }
            let mailbox = CapturedMailbox(
                self, number: mailboxes.count, listed, folders: folders,
                isSubscribed: listing.subscribed.contains(listed.name), state: states[listed.name])
            guard draft.insert(mailbox, at: folders[...]) else {
                context.report(
                    HikaeError(
                        .refused, "two mailboxes are called \(mailbox.displayPath); the second is left out"))
                leftOut.withLock { $0 += 1 }
                continue
            }
            mailboxes.append(mailbox)
        }
        guard !mailboxes.isEmpty else {
            throw HikaeError(
                .notFound, "\(settings.address) has no mailbox that is to be captured",
                hint: listing.mailboxes.isEmpty
                    ? "The server lists nothing, not even INBOX." : "Look at the patterns of the plan.")
        }
        tree = MailboxFolder(draft)
    }

    private let leftOut = Mutex(0)

    /// Runs `body` with the connection that lists; in a mailbox, if one is given. For any thread; one at a time.
    func withConnection<Result>(
        in mailbox: MailboxIdentity? = nil, _ body: (IMAPConnection) throws(HikaeError) -> Result
    ) throws(HikaeError) -> Result {
        _ = linkLock.wait { isTaken -> Bool? in
            guard !isTaken else { return nil }
            isTaken = true
            return true
        }
        defer { linkLock.withLock { $0 = false } }
        let quick = usesQuickResync
        return try link.attempt(in: mailbox) { connection throws(HikaeError) in
            if mailbox == nil {
                // Whoever has no mailbox in mind may open any.
                link.forgetOpenMailbox()
                if quick { try connection.enableQuickResync() }
            }
            return try body(connection)
        }
    }

    /// Notes a mailbox that cannot be listed. Throws when that is because nothing can be had any more.
    func leaveOut(_ mailbox: CapturedMailbox, _ error: HikaeError) throws(HikaeError) {
        leftOut.withLock { $0 += 1 }
        note(error)
        if error.code == .protocolViolation { lost.withLock { if $0 == nil { $0 = error } } }
        if let lost = lost.withLock({ $0 }) { throw lost }
    }

    /// Notes an error after which nothing can be had any more: such a capture is no capture.
    func note(_ error: HikaeError) {
        switch error.code {
        case .unreachable, .accessDenied, .untrusted, .cancelled: lost.withLock { if $0 == nil { $0 = error } }
        default: break
        }
    }

    func finish() throws(HikaeError) -> CaptureFacts {
        if let error = lost.withLock({ $0 }) ?? ownFetcher.withLock({ $0?.failure }) { throw error }
        var facts = CaptureFacts(unit: .messages)
        facts.groups = mailboxes.compactMap(\.facts).sorted { $0.name < $1.name }
        facts.items = facts.groups.reduce(0) { $0 + $1.items }
        facts.bytes = facts.groups.reduce(0) { $0 + $1.bytes }
        facts.tools = [CaptureFacts.Tool(name: "server", version: software.isEmpty ? "an IMAP server" : software)]
        facts.notes = ["messages were counted by the server's own listing of each mailbox, and as they were read"]
        facts.notes += mailboxes.compactMap(\.note)
        let count = leftOut.withLock { $0 }
        if count > 0 { facts.notes.append(count == 1 ? "1 mailbox was left out" : "\(count) mailboxes were left out") }
        return facts
    }

    func close() {
        let fetcher = ownFetcher.withLock { fetcher in
            defer { fetcher = nil }
            return fetcher
        }
        fetcher?.close()
        link.close()
    }
}

// Which mailboxes there are, what state they are in, and opening them to read or to write.

import HikaeCore

extension IMAPConnection {
    /// Mailboxes that are taken at most.
    private static let maximumMailboxes = 100_000

    /// A listing: the mailboxes in the server's order, each once, and where one's own stand.
    struct Listing: Sendable {
        var mailboxes: [ListedMailbox] = []
        var subscribed: Set<[UInt8]> = []
        var namespaces = Namespaces()
        var states: [[UInt8]: MailboxStatus] = [:]
    }

    /// What `STATUS` is asked for.
    private var stateItems: String {
        offers("CONDSTORE") ? "(MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ)" : "(MESSAGES UIDNEXT UIDVALIDITY)"
    }

    /// Everything that can be seen of the account, in as few round trips as the server allows.
    func listing(withStates: Bool = true) throws(HikaeError) -> Listing {
        var listing = Listing()
        if offers("NAMESPACE") {
            try run(CommandText("NAMESPACE"), "tell its namespaces") { reply throws(HikaeError) in
                if case .namespaces(let found) = reply { listing.namespaces = found }
            }
        }
        let isExtended = offers("LIST-EXTENDED")
        var command = "LIST \"\" \"*\""
        if isExtended {
            var wanted = ["SUBSCRIBED"]
            if offers("SPECIAL-USE") { wanted.append("SPECIAL-USE") }
            if withStates, offers("LIST-STATUS") { wanted.append("STATUS \(stateItems)") }
            command += " RETURN (\(wanted.joined(separator: " ")))"
        }
        var places: [[UInt8]: Int] = [:]
        try run(CommandText(command), "list its mailboxes") { reply throws(HikaeError) in
            switch reply {
            case .mailbox(let mailbox): try listing.take(mailbox, &places)
            case .mailboxStatus(let name, let state): listing.states[name] = state
            default: break
            }
            guard listing.mailboxes.count <= Self.maximumMailboxes, listing.states.count <= Self.maximumMailboxes
            else {
                throw HikaeError(
                    .limit, "\(settings.host) lists more than \(Self.maximumMailboxes) mailboxes")
            }
        }
        if !isExtended {
            try run(CommandText("LSUB \"\" \"*\""), "list subscriptions") { reply throws(HikaeError) in
                if case .mailbox(let mailbox) = reply { try listing.take(mailbox, &places) }
            }
        }
        return listing
    }

    /// The states of these mailboxes, several questions on their way at once. One that cannot be told is left out.
    func states(of names: [[UInt8]]) throws(HikaeError) -> [[UInt8]: MailboxStatus] {
        var states: [[UInt8]: MailboxStatus] = [:]
        let wanted = Set(names)
        var tags: [String] = []
        var next = 0
        while next < names.count || !tags.isEmpty {
            while next < names.count, tags.count < 32 {
                tags.append(try begin(CommandText("STATUS ").string(names[next]).words(" \(stateItems)")))
                next += 1
            }
            _ = try finish(tags.removeFirst()) { reply throws(HikaeError) in
                if case .mailboxStatus(let name, let state) = reply, wanted.contains(name) { states[name] = state }
            }
        }
        return states
    }

    /// What opening a mailbox brought.
    struct Opened: Sendable {
        var state = MailboxStatus()
        /// With a state to go on from: what was removed since, and what has other flags or is new.
        var vanished: [UIDSet] = []
        var changed: [UInt32: MessageFlags] = [:]
    }

    /// Opens a mailbox, to read only unless `writes`.
    ///
    /// - Parameter since: a state to go on from, where QRESYNC is enabled (RFC 7162).
    func open(_ name: [UInt8], writes: Bool = false, since: (uidValidity: UInt32, modSeq: UInt64)? = nil)
        throws(HikaeError) -> Opened
    {
        var command = CommandText(writes ? "SELECT " : "EXAMINE ").string(name)
        if let since {
            command.add(" (QRESYNC (\(since.uidValidity) \(since.modSeq)))")
        } else if offers("CONDSTORE") {
            command.add(" (CONDSTORE)")
        }
        var opened = Opened()
        try run(command, "open the mailbox \(MailboxPath.display(name))") { reply throws(HikaeError) in
            switch reply {
            case .exists(let count): opened.state.messages = UInt64(count)
            case .status(let status): opened.state.take(status)
            case .vanished(let set) where since != nil: opened.vanished.append(set)
            case .fetch(let message) where since != nil:
                if let uid = message.uid, let flags = message.flags { opened.changed[uid] = flags }
            default: break
            }
        }
        guard opened.state.uidValidity != nil, opened.state.messages != nil else {
            throw violation("it opens a mailbox without saying UIDVALIDITY and EXISTS")
        }
        return opened
    }

    /// Who the server says it is.
    func askIdentity() throws(HikaeError) {
        guard offers("ID") else { return }
        try run(CommandText("ID (\"name\" \"hikae\")"), "tell what it is") { reply throws(HikaeError) in
            guard case .identity(let values) = reply, let name = values["name"] else { return }
            software = values["version"].map { "\(name) \($0)" } ?? name
        }
    }
}

extension IMAPConnection.Listing {
    fileprivate mutating func take(_ mailbox: ListedMailbox, _ places: inout [[UInt8]: Int]) throws(HikaeError) {
        if mailbox.isSubscription || mailbox.attributes.contains("\\SUBSCRIBED") { subscribed.insert(mailbox.name) }
        guard !mailbox.isSubscription else { return }
        if let place = places[mailbox.name] {
            mailboxes[place].attributes.formUnion(mailbox.attributes)
        } else {
            places[mailbox.name] = mailboxes.count
            mailboxes.append(mailbox)
        }
    }
}

extension IMAPConnection {
    /// Lets mailboxes be opened with a state to go on from; once a connection.
    func enableQuickResync() throws(HikaeError) {
        guard !isQuickResyncEnabled, offers("QRESYNC"), offers("ENABLE") else { return }
        try run(CommandText("ENABLE QRESYNC"), "enable QRESYNC")
        isQuickResyncEnabled = true
    }
}

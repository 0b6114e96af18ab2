// What a vault tells of its agreement: people, rule, time, and where each proposal stands. JSON, for programs and people.

public import HikaeCore
import HikaeFormat

/// The answer to `GET …/hikae/agreement`.
public struct AgreementReport: Sendable, Equatable {
    /// One person.
    public struct Member: Sendable, Equatable {
        public var person: Person
        /// Vault time from which on approvals count.
        public var approvesFrom: UInt64

        public init(person: Person, approvesFrom: UInt64) { (self.person, self.approvesFrom) = (person, approvesFrom) }
    }

    /// One proposal.
    public struct Item: Sendable, Equatable {
        public var id: ProposalID
        /// The server's user who brought it.
        public var by: String
        /// Vault time of its arrival.
        public var submitted: UInt64
        public var standing: ProposalStanding
        /// Who said no; nil: nobody.
        public var veto: String?
        /// Why the server does not carry it out although it is due.
        public var obstacles: [String]
        /// Files that went, once all are gone.
        public var removed: UInt64?

        public init(
            id: ProposalID, by: String, submitted: UInt64, standing: ProposalStanding, veto: String?,
            obstacles: [String], removed: UInt64?
        ) {
            (self.id, self.by, self.submitted, self.standing) = (id, by, submitted, standing)
            (self.veto, self.obstacles, self.removed) = (veto, obstacles, removed)
        }
    }

    /// No answer is larger.
    public static let maximumBytes = 4 << 20

    public var vault: VaultIdentity
    /// The vault's own time, in seconds.
    public var vaultTime: UInt64
    /// Nil while the administrator has not set up the agreement: then nothing can be removed at all.
    public var rule: AgreementRule?
    /// A laxer rule that is to come, and from when.
    public var coming: AgreementRule?
    public var comingFrom: UInt64 = 0
    public var members: [Member] = []
    /// The newest last.
    public var proposals: [Item] = []
    /// Snapshots that have registered, gone ones included.
    public var registered: UInt64 = 0

    /// A report of a vault at a time.
    public init(vault: VaultIdentity, vaultTime: UInt64) { (self.vault, self.vaultTime) = (vault, vaultTime) }

    /// What a state says at a time: every proposal that something may still come of, so that none can be hidden behind
    /// others, and of those that are over the last `limit`.
    public init(
        _ state: AgreementState, at time: UInt64, obstacles: [ProposalID: [String]] = [:], limit: Int = 100
    ) throws(HikaeError) {
        guard let vault = state.vault else { throw HikaeError(.damaged, "the book of agreement has no beginning") }
        self.init(vault: vault, vaultTime: time)
        rule = state.rule(at: time)
        if let waiting = state.comingRule(at: time) { (coming, comingFrom) = (waiting.rule, waiting.from) }
        members = state.terms.filter { !$0.isRemoved }.map { Member(person: $0.person, approvesFrom: $0.approvesFrom) }
        registered = UInt64(state.ledger.count)
        let all = state.proposals.values.sorted { $0.number < $1.number }.compactMap { proposal in
            state.standing(proposal.id, at: time).map { (proposal: proposal, standing: $0) }
        }
        let over = all.filter(\.standing.isOver).suffix(limit).first?.proposal.number ?? .max
        for (proposal, standing) in all where !standing.isOver || proposal.number >= over {
            proposals.append(
                Item(
                    id: proposal.id, by: proposal.by, submitted: proposal.submitted, standing: standing,
                    veto: proposal.veto?.person.text, obstacles: Array((obstacles[proposal.id] ?? []).prefix(20)),
                    removed: proposal.removed))
        }
    }

    /// The report as JSON.
    public func encoded() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.put("version", 1)
        json.key("book")
        json.identifier(vault.book)
        json.key("repository")
        json.identifier(vault.repository)
        json.put("vault_time", vaultTime)
        if let rule { json.put("rule", rule) }
        if let coming {
            json.put("coming_rule", coming)
            json.put("coming_from", comingFrom)
        }
        json.key("people")
        json.beginArray()
        for member in members {
            json.beginObject()
            json.put("person", member.person.line)
            json.put("approves_from", member.approvesFrom)
            json.endObject()
        }
        json.endArray()
        json.key("proposals")
        json.beginArray()
        for item in proposals { item.write(to: &json) }
        json.endArray()
        json.put("registered", registered)
        json.endObject()
        return json.bytes
    }
}

extension AgreementReport.Item {
    fileprivate func write(to json: inout JSONWriter) {
        json.beginObject()
        json.key("id")
        json.identifier(id)
        json.put("by", by)
        json.put("submitted", submitted)
        json.put("stage", standing.stage.rawValue)
        json.put("due", standing.due)
        json.put("threshold", UInt64(standing.threshold))
        json.key("approvals")
        json.strings(standing.approvals.map(\.text))
        if let veto { json.put("veto", veto) }
        if !obstacles.isEmpty {
            json.key("obstacles")
            json.strings(obstacles)
        }
        if let removed { json.put("removed", removed) }
        json.endObject()
    }
}

extension JSONWriter {
    fileprivate mutating func put(_ key: StaticString, _ value: UInt64) {
        self.key(key)
        number(value)
    }

    fileprivate mutating func put(_ key: StaticString, _ rule: AgreementRule) {
        self.key(key)
        beginObject()
        put("threshold", UInt64(rule.threshold))
        put("delay", rule.delay)
        endObject()
    }
}

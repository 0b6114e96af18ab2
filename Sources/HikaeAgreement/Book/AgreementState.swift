// What a book says, folded event by event. A struct: the same events give the same state, on any machine, at any time.
// It never asks a clock; whoever asks it brings the vault's own time.

public import HikaeCore

/// The agreement of one vault.
public struct AgreementState: Sendable {
    /// A proposal as the book knows it; its bytes lie in a file of their own.
    public struct ProposalRecord: Sendable {
        public let id: ProposalID
        /// The server's user who brought it.
        public let by: String
        /// Vault time of its arrival, in seconds: what the delay is counted from.
        public internal(set) var submitted: UInt64
        /// Its place among all events: what came later in the book came later.
        public let number: UInt64
        /// The rule at its arrival.
        let rule: AgreementRule
        /// Approvals, each with the person's term; the last of a term counts.
        var approvals: [Int: SignedWord] = [:]
        /// The first veto, which ends it.
        public internal(set) var veto: SignedWord?
        /// Whether files have begun to go.
        public internal(set) var hasBegun = false
        /// Files that went; nil until all are gone.
        public internal(set) var removed: UInt64?
    }

    /// A snapshot that registered.
    public struct Registration: Sendable {
        public let record: LedgerRecord
        /// Vault time of the registration.
        public internal(set) var time: UInt64
        /// Its place among all events.
        public let number: UInt64
    }

    /// A snapshot that is there and has not registered.
    public struct Sighting: Sendable {
        /// Vault time at which it was first seen.
        public internal(set) var time: UInt64
        /// Its place among all events, and among those seen at once.
        public let number: UInt64
        public let place: Int
    }

    /// Which vault it is; nil before the first line.
    public private(set) var vault: VaultIdentity?
    /// The record of time that the times are of.
    public private(set) var clock = ""
    /// The time of the last event.
    public private(set) var time: UInt64 = 0
    /// Events so far.
    public private(set) var count: UInt64 = 0
    var rules = RuleHistory()
    var people = PeopleHistory()
    public private(set) var proposals: [ProposalID: ProposalRecord] = [:]
    public private(set) var ledger: [FileID: Registration] = [:]
    public private(set) var sightings: [FileID: Sighting] = [:]

    /// The state before anything happened.
    public init() {}

    /// The rule at a time; nil while the administrator is still setting up.
    public func rule(at time: UInt64) -> AgreementRule? { rules.rule(at: time) }

    /// A laxer rule that waits, and from when it holds.
    public func comingRule(at time: UInt64) -> (rule: AgreementRule, from: UInt64)? {
        rules.coming.flatMap { time < $0.from ? $0 : nil }
    }

    /// Everybody who is or was on the list.
    public var terms: [PersonTerm] { people.terms }

    /// Takes the next event. Throws `.damaged` for one that cannot follow what was before: such a book was tampered with.
    public mutating func apply(_ event: AgreementEvent, at moment: UInt64) throws(HikaeError) {
        if case .opened(let identity, let clock) = event {
            guard count == 0 else { throw Self.broken("it begins twice") }
            (vault, self.clock) = (identity, clock)
        } else {
            guard vault != nil else { throw Self.broken("it has no beginning") }
        }
        if case .clockChanged(let clock) = event {
            restart(at: moment)
            self.clock = clock
        } else {
            guard moment >= time else { throw Self.broken("its times go backward") }
        }
        time = moment
        try take(event, moment)
        count += 1
    }

    private mutating func take(_ event: AgreementEvent, _ moment: UInt64) throws(HikaeError) {
        let delay = rule(at: moment)?.delay ?? 0
        switch event {
        case .opened, .clockChanged: break
        case .ruled(let threshold, let delay):
            let wanted = AgreementRule(threshold: threshold, delay: delay)
            guard wanted.isSane else { throw Self.broken("a rule that cannot be") }
            rules.ask(wanted, at: moment)
        case .personAdded(let person):
            guard people.current(person.name) == nil else { throw Self.broken("a person is entered twice") }
            people.add(person, at: moment, delay: delay)
        case .personRemoved(let name):
            guard let term = people.current(name) else { throw Self.broken("nobody is struck out") }
            people.remove(term, at: moment, delay: delay)
        case .proposed(let id, let by):
            guard proposals[id] == nil, let rule = rule(at: moment) else { throw Self.broken("a proposal out of turn") }
            proposals[id] = ProposalRecord(id: id, by: by, submitted: moment, number: count, rule: rule)
        case .said(let word): try take(word, moment)
        case .registered(let record):
            guard ledger[record.snapshot] == nil else { throw Self.broken("a snapshot registers twice") }
            ledger[record.snapshot] = Registration(record: record, time: moment, number: count)
        case .seen(let ids):
            for (place, id) in ids.enumerated() where sightings[id] == nil {
                sightings[id] = Sighting(time: moment, number: count, place: place)
            }
        case .began(let id):
            guard proposals[id]?.veto == nil, proposals[id]?.hasBegun == false else {
                throw Self.broken("a removal out of turn")
            }
            proposals[id]?.hasBegun = true
        case .finished(let id, let removed):
            guard proposals[id]?.hasBegun == true, proposals[id]?.removed == nil else {
                throw Self.broken("a removal ends that never began")
            }
            proposals[id]?.removed = removed
        }
    }

    private mutating func take(_ word: SignedWord, _ moment: UInt64) throws(HikaeError) {
        switch judge(word, at: moment) {
        case .failure(let reason): throw Self.broken("a word that counts for nothing: \(reason.message)")
        case .success(let term):
            if word.word == .veto {
                proposals[word.proposal]?.veto = word
            } else {
                proposals[word.proposal]?.approvals[term] = word
            }
        }
    }

    /// Whether a word may be written into the book, and the term of the person whose it is.
    public func judge(_ word: SignedWord, at moment: UInt64) -> Result<Int, HikaeError> {
        func refuse(_ reason: String, hint: String? = nil) -> Result<Int, HikaeError> {
            .failure(HikaeError(.refused, reason, hint: hint))
        }
        guard word.vault == vault else { return refuse("it was said about another vault") }
        guard let proposal = proposals[word.proposal] else {
            return .failure(HikaeError(.notFound, "there is no proposal \(word.proposal.short)"))
        }
        guard proposal.veto == nil else { return refuse("the proposal was vetoed already") }
        guard !proposal.hasBegun else {
            let isDone = proposal.removed != nil
            return refuse("the proposal \(isDone ? "was carried out already" : "is being carried out already")")
        }
        let name = word.person.text
        if word.word == .veto {
            let terms = people.vetoing(word.person, at: moment)
            guard !terms.isEmpty else { return refuse("\(name) is none of the people who decide here") }
            guard let term = terms.first(where: { word.isSigned(by: people.terms[$0].person.key) }) else {
                return refuse("the signature is not that of \(name)")
            }
            return .success(term)
        }
        guard let term = people.current(word.person) else {
            return refuse("\(name) is none of the people who decide here")
        }
        guard word.isSigned(by: people.terms[term].person.key) else {
            return refuse("the signature is not that of \(name)")
        }
        guard moment < word.expiry else { return refuse("the approval of \(name) has run out") }
        return .success(term)
    }

    /// Whether a word that was judged to be of this term says more than the book knows: an approval that holds no longer
    /// than the one before says nothing.
    public func isNews(_ word: SignedWord, of term: Int) -> Bool {
        guard word.word == .approve, let before = proposals[word.proposal]?.approvals[term] else { return true }
        return before.expiry < word.expiry
    }

    /// The times so far are of a record of time that was lost: all waiting begins anew, approvals are void.
    private mutating func restart(at moment: UInt64) {
        let delay = rule(at: time)?.delay ?? 0
        rules.restart(before: time, at: moment)
        people.restart(before: time, at: moment, delay: delay)
        for id in proposals.keys {
            proposals[id]?.submitted = moment
            proposals[id]?.approvals = [:]
        }
        for id in ledger.keys { ledger[id]?.time = moment }
        for id in sightings.keys { sightings[id]?.time = moment }
    }

    private static func broken(_ reason: String) -> HikaeError {
        HikaeError(
            .damaged, "the book of agreement is damaged: \(reason)",
            hint: "Nothing is removed by it. Compare it with a copy, and with the audit log.")
    }
}

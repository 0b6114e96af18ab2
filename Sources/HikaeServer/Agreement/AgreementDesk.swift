// One repository's agreement on the server: takes proposals, words and ledger entries from the network. Everything is
// verified here; nothing that a client says is believed.

internal import HikaeAgreement
internal import HikaeCore
internal import HikaeFormat
internal import HikaeStore
internal import Synchronization

/// The agreement of one repository.
final class AgreementDesk: Sendable {
    /// What the server remembers of the present, and forgets with its process.
    struct Present {
        /// Ticks of vault time at which each lock was seen first.
        var locks: [FileID: UInt64] = [:]
        /// Why a proposal that is due is not carried out.
        var obstacles: [ProposalID: [String]] = [:]
        /// What went wrong last.
        var trouble: String?
    }

    let repository: TenantRepository
    let book: AgreementBook
    let clock: VaultClock
    let present = Mutex(Present())
    /// Held while a proposal is carried out, so that there is one at a time.
    let removal = Mutex<Void>(())

    /// Opens the repository's book, or begins one.
    init(_ repository: TenantRepository, clock: VaultClock) throws(HikaeError) {
        (self.repository, self.clock) = (repository, clock)
        let config = try SystemFile.load("\(repository.folder)/config", limit: 1 << 20)
        book = try AgreementBook(
            folder: Self.folder(repository.folder), repository: Digest.fileID(config), clock: clock.clock,
            now: clock.now)
    }

    /// Where a repository's book lies.
    static func folder(_ repository: String) -> String { "\(repository)/hikae/agreement" }

    /// Notes what went wrong, or that nothing did; whether that is not what was noted before.
    func isNews(trouble: String?) -> Bool {
        present.withLock { present in
            defer { present.trouble = trouble }
            return present.trouble != trouble
        }
    }

    /// What everybody who may read is told.
    func report() throws(HikaeError) -> AgreementReport {
        let obstacles = present.withLock { $0.obstacles }
        return try AgreementReport(try book.state(), at: clock.now, obstacles: obstacles)
    }

    /// A proposal's canonical bytes.
    func proposal(_ id: ProposalID) throws(HikaeError) -> [UInt8] {
        guard try book.state().proposals[id] != nil else {
            throw HikaeError(.notFound, "there is no proposal \(id.short)")
        }
        return try book.proposalBytes(id)
    }

    /// Takes a proposal. Throws `.refused` when it could never be carried out.
    func submit(_ bytes: [UInt8], user: String, address: String) throws(HikaeError) -> AgreementReport {
        let proposal = try wire { () throws(HikaeError) in try Proposal(decoding: bytes) }
        let id = proposal.id
        try checkFiles(proposal)
        try look()
        let contents = try contents(beside: proposal)
        try book.change(at: clock.now) { state throws(HikaeError) in
            let now = max(clock.now, state.time)
            try check(proposal, state, now)
            let obstacles = try state.obstacles(to: proposal, contents: contents, at: now) {
                snapshot throws(HikaeError) in try packs(of: snapshot, state)
            }
            guard obstacles.isEmpty else {
                throw HikaeError(
                    .refused, "this must not be removed: \(obstacles.prefix(5).map(\.reason).joined(separator: "; "))",
                    hint: "No signature changes that.")
            }
            try book.save(proposal)
            return ((), [.proposed(id, by: user)])
        }
        let counts = "\(proposal.snapshots.count) snapshots, \(proposal.packs.count) packs"
        try repository.note("proposal \(id.hex): \(counts), by \(proposal.proposer)", user: user, address: address)
        return try report()
    }

    private func check(_ proposal: Proposal, _ state: AgreementState, _ now: UInt64) throws(HikaeError) {
        guard proposal.vault == state.vault else { throw HikaeError(.refused, "the proposal is about another vault") }
        guard let rule = state.rule(at: now) else {
            throw HikaeError(
                .refused, "nobody has said who decides on removals here, so nothing can be removed",
                hint: "On the vault's own machine: `hikae vault people add`, then `hikae vault people rule`.")
        }
        let people = state.terms.filter { !$0.isRemoved }.count
        guard people >= rule.threshold else {
            throw HikaeError(
                .refused, "\(rule.threshold) people must agree, and only \(people) are entered",
                hint: "Enter them with `hikae vault people add` on the vault's own machine.")
        }
        guard proposal.vaultTime <= now, now - proposal.vaultTime <= 86400 else {
            throw HikaeError(.refused, "the proposal was not made today, by the vault's own time")
        }
        guard state.proposals[proposal.id] == nil else {
            throw HikaeError(.repositoryExists, "the proposal \(proposal.id.short) is there already")
        }
        guard state.open(at: now).count < AgreementState.maximumWaiting else {
            throw HikaeError(.refused, "\(AgreementState.maximumWaiting) proposals wait already")
        }
    }

    /// Refuses a proposal that names what is not there: nobody shall approve what means nothing today.
    private func checkFiles(_ proposal: Proposal) throws(HikaeError) {
        for file in proposal.removalOrder + proposal.newIndexes.map({ StoredFile(.index, $0) }) {
            guard try SystemFile.size(repository.path(file)) != nil else {
                throw HikaeError(.refused, "the proposal names the \(file), which is not there")
            }
        }
    }

    /// Takes an approval or a veto; whether it says more than was said before.
    func hear(
        _ bytes: [UInt8], _ kind: AgreementWord, on id: ProposalID, user: String, address: String
    ) throws(HikaeError) -> (report: AgreementReport, isNew: Bool) {
        let word = try wire { () throws(HikaeError) in try SignedWord(decoding: bytes) }
        let isNew: Bool
        do throws(HikaeError) {
            guard word.word == kind, word.proposal == id else {
                throw HikaeError(.refused, "the signature is for something else")
            }
            isNew = try book.change(at: clock.now) { state throws(HikaeError) in
                let now = max(clock.now, state.time)
                if state.standing(id, at: now)?.stage == .lapsed {
                    throw HikaeError(.refused, "the proposal \(id.short) has lapsed")
                }
                let term = try state.judge(word, at: now).get()
                // Said again, it takes up no room.
                guard state.isNews(word, of: term) else { return (false, []) }
                return (true, [.said(word)])
            }
        } catch {
            repository.noteRefusal(
                "\(kind.rawValue) of \(id.hex) refused: \(error.message)", user: user, address: address)
            throw error
        }
        if isNew {
            try repository.note("\(kind.rawValue) of \(id.hex) by \(word.person.text)", user: user, address: address)
        }
        return (try report(), isNew)
    }

    /// What cannot be read came over the wire, and is the caller's mistake.
    private func wire<Value>(_ body: () throws(HikaeError) -> Value) throws(HikaeError) -> Value {
        do throws(HikaeError) {
            return try body()
        } catch {
            var mistake = error
            mistake.code = .usage
            throw mistake
        }
    }

    /// Takes a snapshot's ledger entry; false when the very same was there already. Written once.
    func register(_ bytes: [UInt8], as name: String) throws(HikaeError) -> Bool {
        let entry = try wire { () throws(HikaeError) in try LedgerEntry(decoding: bytes) }
        guard entry.snapshot.hex == name else { throw HikaeError(.usage, "the entry is for another snapshot") }
        guard try SystemFile.size(repository.path(StoredFile(.snapshot, entry.snapshot))) != nil else {
            throw HikaeError(.notFound, "there is no snapshot \(entry.snapshot.hex)")
        }
        let record = LedgerRecord(
            snapshot: entry.snapshot, source: entry.source, verdict: entry.verdict, run: entry.run,
            digest: Digest.fileID(bytes), subjects: entry.subjects)
        if let known = try book.state().ledger[entry.snapshot] {
            let isNew = try same(known.record, record)
            // A snapshot that went and came again: its list of packs went with it.
            if try !book.hasEntry(entry.snapshot) {
                try repository.vault.usage.reserve(repository.tenant, bytes: UInt64(bytes.count), files: 1)
                try book.save(entry)
            }
            return isNew
        }
        for pack in entry.packs {
            guard try SystemFile.size(repository.path(StoredFile(.pack, pack))) != nil else {
                throw HikaeError(.refused, "the entry names the pack \(pack.hex), which is not there")
            }
        }
        try repository.vault.usage.reserve(repository.tenant, bytes: UInt64(bytes.count), files: 1)
        let isNew: Bool
        do throws(HikaeError) {
            isNew = try book.change(at: clock.now) { state throws(HikaeError) in
                if let known = state.ledger[entry.snapshot] { return (try same(known.record, record), []) }
                try book.save(entry)
                return (true, [.registered(record)])
            }
        } catch {
            repository.vault.usage.release(repository.tenant, bytes: UInt64(bytes.count), files: 1)
            throw error
        }
        if !isNew { repository.vault.usage.release(repository.tenant, bytes: UInt64(bytes.count), files: 1) }
        return isNew
    }

    private func same(_ known: LedgerRecord, _ record: LedgerRecord) throws(HikaeError) -> Bool {
        guard known.digest == record.digest else {
            throw HikaeError(.repositoryExists, "the snapshot \(record.snapshot.hex) has registered otherwise already")
        }
        return false
    }

    /// The snapshots that have registered, and those that stay just now whatever is signed.
    func ledger() throws(HikaeError) -> [UInt8] {
        let state = try book.state()
        let there = Set(try repository.list(.snapshot).map(\.id))
        let kept = state.protected(among: there, at: max(clock.now, state.time))
        var json = JSONWriter()
        json.beginObject()
        json.key("snapshots")
        json.strings(state.ledger.keys.sorted().map(\.hex))
        json.key("kept")
        json.strings(kept.keys.sorted().map(\.hex))
        json.endObject()
        return json.bytes
    }
}

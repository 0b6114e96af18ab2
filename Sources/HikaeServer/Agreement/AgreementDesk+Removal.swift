// Carrying out what was agreed on. Everything is looked at again at the moment it goes: the delay, the signatures, what
// must stay. The book says that it begins before the first file goes, so that a crash in the middle is finished later.

internal import HikaeAgreement
internal import HikaeCore
internal import HikaeStore
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

extension Proposal {
    /// The files that go, in the order in which they do: what names something before what is named.
    var removalOrder: [StoredFile] {
        snapshots.map { StoredFile(.snapshot, $0.id) } + indexes.map { StoredFile(.index, $0) }
            + packs.map { StoredFile(.pack, $0) } + parity.map { StoredFile(.parity, $0) }
    }
}

extension AgreementDesk {
    /// Seconds of vault time after which a lock is nobody's, as restic has it.
    private static let lockSeconds: UInt64 = 30 * 60
    /// Snapshots in one line of the book.
    private static let sightingsPerLine = 2000

    /// Notes what is new, and carries out what is due.
    func wake() throws(HikaeError) {
        try look()
        for proposal in try book.state().open(at: clock.now) {
            switch try book.state().standing(proposal.id, at: clock.now)?.stage {
            case .due: try carryOut(proposal.id)
            case .underway: try finishInterrupted()
            default: continue
            }
        }
    }

    /// As `wake`, when a proposal is due or was left half carried out.
    func wakeIfDue() throws(HikaeError) {
        let (state, now) = (try book.state(), clock.now)
        let isDue = state.open(at: now).contains {
            [.due, .underway].contains(state.standing($0.id, at: now)?.stage)
        }
        if isDue { try wake() }
    }

    /// Notes snapshots that have not registered, the oldest first, and locks.
    func look() throws(HikaeError) {
        let now = clock.now
        let locks = Set(try repository.list(.lock).map(\.id))
        present.withLock { present in
            present.locks = present.locks.filter { locks.contains($0.key) }
            for lock in locks where present.locks[lock] == nil { present.locks[lock] = now }
        }
        let state = try book.state()
        let unknown = try repository.list(.snapshot).map(\.id).filter {
            state.ledger[$0] == nil && state.sightings[$0] == nil
        }
        guard !unknown.isEmpty else { return }
        let dated = unknown.map { (id: $0, time: fileTime(StoredFile(.snapshot, $0))) }
        let ordered = dated.sorted { ($0.time, $0.id) < ($1.time, $1.id) }.map(\.id)
        try book.change(at: now) { _ in
            let lines = stride(from: 0, to: ordered.count, by: Self.sightingsPerLine).map { start in
                AgreementEvent.seen(Array(ordered[start..<min(start + Self.sightingsPerLine, ordered.count)]))
            }
            return ((), lines)
        }
    }

    /// When a file was written, for the order among those that were there before the book.
    private func fileTime(_ file: StoredFile) -> Int64 {
        var status = stat()
        guard lstat(repository.path(file), &status) == 0 else { return .max }
        return Int64(status.st_mtim.tv_sec)
    }

    /// What is there, as far as it matters for a proposal.
    func contents(beside proposal: Proposal) throws(HikaeError) -> VaultContents {
        let going = Set(proposal.packs)
        return VaultContents(
            snapshots: Set(try repository.list(.snapshot).map(\.id)),
            indexes: Set(try repository.list(.index).map(\.id)),
            hasOtherPacks: try repository.list(.pack).contains { !going.contains($0.id) })
    }

    /// The packs that a registered snapshot needs.
    func packs(of snapshot: FileID, _ state: AgreementState) throws(HikaeError) -> [FileID] {
        guard let registration = state.ledger[snapshot] else { return [] }
        return try book.entry(registration.record).packs
    }

    /// Whether a lock is held by somebody who may still be at work.
    private func hasLiveLock() throws(HikaeError) -> Bool {
        let locks = try repository.list(.lock).map(\.id)
        let now = clock.now
        return present.withLock { present in
            locks.contains { now < (present.locks[$0] ?? now) + Self.lockSeconds }
        }
    }

    private func carryOut(_ id: ProposalID) throws(HikaeError) {
        let outcome: Swift.Result<Void, HikaeError> = removal.withLock { _ in
            // From here on no lock is taken, so whoever works here is seen below, and nobody begins to.
            repository.vault.removals.set(repository)
            let proposal: Proposal?
            do throws(HikaeError) { proposal = try begin(id) } catch {
                // The line that says so may stand in the book although its writing failed.
                if let stage = try? book.state().standing(id, at: clock.now)?.stage, stage != .underway {
                    repository.vault.removals.clear(repository)
                }
                return .failure(error)
            }
            do throws(HikaeError) {
                if let proposal { try remove(proposal) }
            } catch {
                // Begun, it is finished later; until then nobody shall build on what is half gone.
                return .failure(error)
            }
            repository.vault.removals.clear(repository)
            return .success(())
        }
        try outcome.get()
    }

    /// Writes that the removal begins, unless something hinders it.
    private func begin(_ id: ProposalID) throws(HikaeError) -> Proposal? {
        let proposal = try Proposal(decoding: try book.proposalBytes(id))
        try look()
        guard try !hasLiveLock() else {
            present.withLock { $0.obstacles[id] = ["somebody is at work on the repository: it is locked"] }
            return nil
        }
        let contents = try contents(beside: proposal)
        let obstacles = try book.change(at: clock.now) { state throws(HikaeError) in
            let now = max(clock.now, state.time)
            guard proposal.vault == state.vault, state.standing(id, at: now)?.stage == .due else {
                return (["it is not due"], [])
            }
            let found = try state.obstacles(to: proposal, contents: contents, at: now) {
                snapshot throws(HikaeError) in try packs(of: snapshot, state)
            }
            return (found.map(\.reason), found.isEmpty ? [.began(id)] : [])
        }
        let isNews = present.withLock { present in
            let before = present.obstacles[id]
            present.obstacles[id] = obstacles.isEmpty ? nil : obstacles
            return before != obstacles
        }
        guard obstacles.isEmpty else {
            if isNews { try repository.note("proposal \(id.hex) is due and not carried out: \(obstacles[0])") }
            return nil
        }
        return proposal
    }

    /// Removes a proposal's files; those that are gone already are passed over.
    private func remove(_ proposal: Proposal) throws(HikaeError) {
        let id = proposal.id
        let approvals = try book.state().standing(id, at: clock.now)?.approvals.map(\.text) ?? []
        let reason = "proposal \(id.hex), approved by \(approvals.joined(separator: ", "))"
        // Each kind is durably gone before the next: an index must not outlive what it names, after a power cut either.
        for kind in [FileKind.snapshot, .index, .pack, .parity] {
            let files = proposal.removalOrder.filter { $0.kind == kind }
            if !files.isEmpty { try repository.remove(files, reason: reason) }
        }
        // Which packs a snapshot needed matters no more. What was said of it stays in the book.
        for snapshot in proposal.snapshots {
            guard let bytes = try book.removeEntry(snapshot.id) else { continue }
            repository.vault.usage.release(repository.tenant, bytes: bytes, files: 1)
        }
        try book.change(at: clock.now) { _ in ((), [.finished(id, removed: UInt64(proposal.fileCount))]) }
        try repository.note("proposal \(id.hex) is carried out: \(proposal.fileCount) files")
    }

    /// Finishes removals that a crash or an error has interrupted.
    func finishInterrupted() throws(HikaeError) {
        let outcome: Swift.Result<Void, HikaeError> = removal.withLock { _ in
            repository.vault.removals.set(repository)
            do throws(HikaeError) {
                let state = try book.state()
                for proposal in state.open(at: clock.now)
                where state.standing(proposal.id, at: clock.now)?.stage == .underway {
                    try remove(try Proposal(decoding: try book.proposalBytes(proposal.id)))
                }
                repository.vault.removals.clear(repository)
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
    }
}

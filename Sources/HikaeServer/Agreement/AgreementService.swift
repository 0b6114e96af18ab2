// Where deletion by agreement meets the server: its routes, its record of time, and what falls due.

internal import HikaeAgreement
internal import HikaeCore
internal import HikaeFormat
internal import HikaeStore
internal import Synchronization

/// Deletion by agreement on one vault server. Made once at its start, before it listens.
final class AgreementService: Sendable {
    /// Seconds between two looks at what is due.
    private static let wakeSeconds: UInt64 = 60
    /// Seconds of time that a crash may lose.
    private static let recordSeconds: UInt64 = 60

    private let vault: VaultFolder
    let clock: VaultClock
    private let desks = Mutex<[String: AgreementDesk]>([:])
    private let lastWake = Mutex<UInt64?>(nil)

    /// Opens the records in the vault's folder, and finishes removals that a crash has interrupted.
    ///
    /// - Parameter ticks: seconds that this process has been running; the machine's count outside tests.
    init(_ vault: VaultFolder, ticks: @escaping @Sendable () -> Double = MonotonicTime.seconds) throws(HikaeError) {
        self.vault = vault
        try vault.folders.make(["hikae"], in: vault.path)
        clock = try VaultClock(path: Self.clockPath(vault.path), tick: ticks)
        for repository in try repositoriesWithBook() {
            do throws(HikaeError) {
                try desk(of: repository).finishInterrupted()
            } catch {
                // One damaged book keeps nobody else's vault closed, nor does a disk that is full; nothing is removed by it.
                repository.noteIfPossible("agreement: \(error.message)")
            }
        }
    }

    /// Where a vault's own record of time lies.
    static func clockPath(_ vault: String) -> String { "\(vault)/hikae/clock" }

    /// Adds the routes under each repository's `hikae/`.
    func add(to routes: inout RepositoryRoutes) {
        routes.add(.get, "agreement", role: .read) { [self] call throws(HikaeError) in
            RouteAnswer(json: try desk(of: call.repository).report().encoded())
        }
        routes.add(.get, "proposals/*", role: .read) { [self] call throws(HikaeError) in
            RouteAnswer(bytes: try desk(of: call.repository).proposal(try Self.proposal(call)))
        }
        routes.add(.post, "proposals", role: .maintenance, bodyBytes: Proposal.Limits.bytes) {
            [self] call throws(HikaeError) in
            let report = try desk(of: call.repository).submit(call.body, user: call.user.name, address: call.address)
            return RouteAnswer(json: report.encoded(), status: 201)
        }
        for (path, word) in [("proposals/*/approvals", AgreementWord.approve), ("proposals/*/vetoes", .veto)] {
            routes.add(.post, path, role: .read, bodyBytes: SignedWord.maximumBytes) {
                [self] call throws(HikaeError) in
                let (report, isNew) = try desk(of: call.repository).hear(
                    call.body, word, on: try Self.proposal(call), user: call.user.name, address: call.address)
                return RouteAnswer(json: report.encoded(), status: isNew ? 201 : 200)
            }
        }
        routes.add(.get, "ledger", role: .read) { [self] call throws(HikaeError) in
            RouteAnswer(json: try desk(of: call.repository).ledger())
        }
        routes.add(.post, "ledger/*", role: .append, bodyBytes: LedgerEntry.Limits.bytes) {
            [self] call throws(HikaeError) in
            let isNew = try desk(of: call.repository).register(call.body, as: call.parameters[0])
            return RouteAnswer(json: Array("{}".utf8), status: isNew ? 201 : 200)
        }
    }

    private static func proposal(_ call: RouteCall) throws(HikaeError) -> ProposalID {
        guard let id = ProposalID(hex: call.parameters[0]) else {
            throw HikaeError(.notFound, "there is no such proposal")
        }
        return id
    }

    /// Seconds that the server has been running since the vault was made, by a clock that nobody sets; goes into every
    /// line of the audit log. Called often, must not block.
    func vaultSeconds() -> Int64 { Int64(clamping: clock.now) }

    /// Called every few seconds on a thread of the server's own: records time, executes what is due.
    func tick() {
        let now = clock.now
        // Time that cannot be recorded is time that did not pass, should the server fall: nothing is lost by it.
        do throws(HikaeError) { try clock.record(every: Self.recordSeconds) } catch {}
        let isTime = lastWake.withLock { last in
            if let last, now < last + Self.wakeSeconds { return false }
            last = now
            return true
        }
        if isTime { return wake() }
        for desk in desks.withLock({ Array($0.values) }) {
            settle(desk) { () throws(HikaeError) in try desk.wakeIfDue() }
        }
    }

    /// Looks at every repository that has a book: what is new, and what is due.
    func wake() {
        let repositories: [TenantRepository]
        do throws(HikaeError) { repositories = try repositoriesWithBook() } catch { return }
        for repository in repositories {
            do throws(HikaeError) {
                let desk = try desk(of: repository)
                settle(desk) { () throws(HikaeError) in try desk.wake() }
            } catch {
                repository.noteIfPossible("agreement: \(error.message)")
            }
        }
    }

    /// Runs what may fail without harm to other repositories: it is written down, once, and tried again later.
    private func settle(_ desk: AgreementDesk, _ body: () throws(HikaeError) -> Void) {
        var trouble: String?
        do throws(HikaeError) { try body() } catch { trouble = error.message }
        guard desk.isNews(trouble: trouble), let trouble else { return }
        desk.repository.noteIfPossible("agreement: \(trouble)")
    }

    /// How many proposals are open in each repository that has a book.
    func openProposals() -> [(repository: TenantRepository, count: Int)] {
        let now = clock.now
        return desks.withLock({ Array($0.values) }).compactMap { desk in
            guard let state = try? desk.book.state() else { return nil }
            return (desk.repository, state.open(at: now).count)
        }.sorted { ($0.0.tenant, $0.0.name) < ($1.0.tenant, $1.0.name) }
    }

    /// Called once when the server stops.
    func stop() {
        do throws(HikaeError) { try clock.record() } catch {}
    }

    private func repositoriesWithBook() throws(HikaeError) -> [TenantRepository] {
        var found: [TenantRepository] = []
        for repository in try vault.repositories() {
            if try SystemFile.size("\(AgreementDesk.folder(repository.folder))/book") != nil {
                found.append(repository)
            }
        }
        return found
    }

    private func desk(of repository: TenantRepository) throws(HikaeError) -> AgreementDesk {
        if let desk = desks.withLock({ $0[repository.address] }) { return desk }
        let desk = try AgreementDesk(repository, clock: clock)
        return desks.withLock { desks in
            if let other = desks[repository.address] { return other }
            desks[repository.address] = desk
            return desk
        }
    }
}

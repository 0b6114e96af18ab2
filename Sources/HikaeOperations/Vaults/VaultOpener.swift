// From a plan's vault to an open repository under a lock, and back.

public import HikaeCore
public import HikaeFormat
public import HikaePlan
public import HikaeRemote
public import HikaeRepository
public import HikaeStore

/// A vault that is open.
public final class VaultSession: Sendable {
    public let name: String
    public let repository: Repository
    /// Nil when it was opened to be looked at only.
    public let lock: RepositoryLock?
    /// Stops the work in this vault alone, when its lock is lost; and with everything else, when that stops.
    public let cancellation: Cancellation
    private let settle: @Sendable () -> Void

    init(
        name: String, repository: Repository, lock: RepositoryLock?, cancellation: Cancellation,
        settle: @escaping @Sendable () -> Void
    ) {
        (self.name, self.repository, self.lock, self.settle) = (name, repository, lock, settle)
        self.cancellation = cancellation
    }

    /// Waits until the lock is certain, and throws when it is lost, naming the vault.
    func confirm() throws(HikaeError) {
        do throws(HikaeError) {
            try lock?.confirm()
        } catch {
            throw error.named(vault: name)
        }
    }

    /// Why the lock is lost; nil while it holds.
    public var loss: HikaeError? {
        guard lock != nil else { return nil }
        do throws(HikaeError) {
            try confirm()
            return nil
        } catch {
            return error
        }
    }

    /// What an error really comes from: work that stopped because the lock was lost, and by nobody's wish, says so.
    public func explained(_ error: HikaeError) -> HikaeError {
        error.code == .cancelled && cancellation.isCancelled ? loss ?? error : error
    }

    /// Gives the lock back.
    public func close() {
        lock?.release()
        settle()
    }
}

/// Opens vaults.
public struct VaultOpener: Sendable {
    /// The lock that is wanted.
    public enum LockNeed: Sendable { case none, shared, exclusive }

    /// How vaults are opened.
    public struct Options: Sendable {
        /// The local cache's folder; nil for none.
        public var cacheDirectory: String?
        /// Bytes at which a pack is closed; nil for the usual.
        public var packSize: Int?
        public var compression: CompressionMode = .auto
        /// How stores on other machines are reached, where the plan says nothing else.
        public var remote = RemoteOptions()
        /// Told of every error that is tried again, with the vault's name and the nanoseconds before the next attempt.
        public var retrying: @Sendable (String, HikaeError, UInt64) -> Void = { _, _, _ in }
        /// How long to wait for others to finish.
        public var retryLockSeconds: Double = 0
        /// Bytes a second to and from each vault, at most; nil for what the plan says.
        public var uploadRate: UInt64?
        public var downloadRate: UInt64?
        /// The delays of locking.
        var lockTiming = LockTiming()

        public init() {}
    }

    private let plan: Plan
    private let options: Options
    private let context: WorkContext

    public init(_ plan: Plan, options: Options, context: WorkContext) {
        (self.plan, self.options, self.context) = (plan, options, context)
    }

    /// Opens one vault, its lock confirmed. Its index is not loaded.
    public func open(_ vault: PlanVault, lock need: LockNeed) throws(HikaeError) -> VaultSession {
        try confirmed(try begin(vault, need))
    }

    /// Waits for the second look at the lock; a vault that somebody else took is closed again.
    private func confirmed(_ open: VaultSession) throws(HikaeError) -> VaultSession {
        do throws(HikaeError) {
            try open.confirm()
        } catch {
            open.close()
            throw error
        }
        return open
    }

    /// Opens one vault. Nothing may be done in it before `confirm`.
    private func begin(_ vault: PlanVault, _ need: LockNeed) throws(HikaeError) -> VaultSession {
        do throws(HikaeError) {
            return try attempt(vault, need)
        } catch {
            var named = error.named(vault: vault.name)
            if error.code == .noRepository {
                named.hint = "Is its disk there? If it is a new vault: `hikae vault init \(vault.name)` makes it."
            }
            throw named
        }
    }

    /// The vault's store, as commands use it. Opens no connection yet.
    public func store(of vault: PlanVault) throws(HikaeError) -> any ObjectStore {
        var work = RemoteLocation.Work()
        work.uploadRate = options.uploadRate ?? plan.limits.upload
        work.downloadRate = options.downloadRate ?? plan.limits.download
        let (name, retrying) = (vault.name, options.retrying)
        work.report = { retrying(name, $0, $1) }
        return try RemoteLocation.store(at: vault.repository, RemoteOptions(vault, otherwise: options.remote), work)
    }

    /// The vault's agreement; nil for a vault that stands on no REST server. Opens no connection yet.
    public func agreement(of vault: PlanVault) throws(HikaeError) -> AgreementClient? {
        try AgreementClient(vault.repository, RemoteOptions(vault, otherwise: options.remote))
    }

    private func attempt(_ vault: PlanVault, _ need: LockNeed) throws(HikaeError) -> VaultSession {
        let store = try store(of: vault)
        var opening = OpenOptions()
        opening.cacheDirectory = options.cacheDirectory
        opening.compression = options.compression
        if let size = options.packSize { opening.packSize = size }
        opening.willLock = need != .none
        let password = try vault.password.fetch()
        let repository = try Repository.open(store, password: password.bytes, options: opening)
        // One vault's lock that is lost is no reason to leave the others.
        let cancellation = Cancellation(following: [context.cancellation])
        guard need != .none else {
            return VaultSession(
                name: vault.name, repository: repository, lock: nil, cancellation: cancellation, settle: {})
        }
        let lock = try RepositoryLock.acquire(
            repository, exclusive: need == .exclusive, retrySeconds: options.retryLockSeconds,
            timing: options.lockTiming, lost: cancellation, isConfirmedFirst: true)
        return VaultSession(
            name: vault.name, repository: repository, lock: lock, cancellation: cancellation,
            settle: context.owe { lock.release() })
    }

    /// Opens a vault and loads its index, its lock confirmed; it is closed again when that fails.
    public func openIndexed(_ vault: PlanVault, lock need: LockNeed) throws(HikaeError) -> VaultSession {
        try confirmed(try beginIndexed(vault, need))
    }

    /// As `openIndexed`; the second look at the lock is taken meanwhile, and nothing may be done before `confirm`.
    private func beginIndexed(_ vault: PlanVault, _ need: LockNeed) throws(HikaeError) -> VaultSession {
        let open = try begin(vault, need)
        do throws(HikaeError) {
            open.repository.lookAhead()
            try open.repository.loadIndex()
        } catch {
            open.close()
            throw error
        }
        return open
    }

    /// Opens every vault of the plan that can be opened, in the plan's order, indexes loaded if asked for. A vault that
    /// somebody else locked at the same moment is one that cannot.
    ///
    /// - Parameter unavailable: told of each that cannot.
    /// Throws the first vault's error when none can be opened.
    public func openAll(
        lock need: LockNeed, loadingIndex: Bool, unavailable: (String, HikaeError) -> Void
    ) throws(HikaeError) -> [VaultSession] {
        var begun: [VaultSession] = []
        var opened: [VaultSession] = []
        var first: HikaeError?
        func leave(_ vault: String, _ error: HikaeError) throws(HikaeError) {
            if error.code == .cancelled {
                for vault in begun { vault.close() }
                throw error
            }
            first = first ?? error
            unavailable(vault, error)
        }
        for vault in plan.vaults {
            do throws(HikaeError) {
                try context.cancellation.check()
                begun.append(try loadingIndex ? beginIndexed(vault, need) : begin(vault, need))
            } catch {
                try leave(vault.name, error)
            }
        }
        // The locks have settled while the others were opened.
        for vault in begun {
            do throws(HikaeError) {
                opened.append(try confirmed(vault))
            } catch {
                try leave(vault.name, error)
            }
        }
        if opened.isEmpty { throw first ?? HikaeError(.usage, "\(plan.file) names no vault") }
        return opened
    }
}

extension HikaeError {
    /// The same error, saying which vault it is about.
    func named(vault: String) -> HikaeError {
        var named = self
        named.message = "vault \(vault): \(message)"
        return named
    }
}

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
    private let settle: @Sendable () -> Void

    init(name: String, repository: Repository, lock: RepositoryLock?, settle: @escaping @Sendable () -> Void) {
        (self.name, self.repository, self.lock, self.settle) = (name, repository, lock, settle)
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

        public init() {}
    }

    private let plan: Plan
    private let options: Options
    private let context: WorkContext

    public init(_ plan: Plan, options: Options, context: WorkContext) {
        (self.plan, self.options, self.context) = (plan, options, context)
    }

    /// Opens one vault. Its index is not loaded.
    public func open(_ vault: PlanVault, lock need: LockNeed) throws(HikaeError) -> VaultSession {
        do throws(HikaeError) {
            return try attempt(vault, need)
        } catch {
            var named = error
            named.message = "vault \(vault.name): \(error.message)"
            if error.code == .noRepository {
                named.hint = "Is its disk there? If it is a new vault: `hikae init -r \(vault.repository)`."
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
        guard need != .none else {
            return VaultSession(name: vault.name, repository: repository, lock: nil, settle: {})
        }
        let lock = try RepositoryLock.acquire(
            repository, exclusive: need == .exclusive, retrySeconds: options.retryLockSeconds,
            lost: context.cancellation)
        return VaultSession(
            name: vault.name, repository: repository, lock: lock, settle: context.owe { lock.release() })
    }

    /// Opens a vault and loads its index; it is closed again when that fails.
    public func openIndexed(_ vault: PlanVault, lock need: LockNeed) throws(HikaeError) -> VaultSession {
        let open = try open(vault, lock: need)
        do throws(HikaeError) {
            open.repository.lookAhead()
            try open.repository.loadIndex()
        } catch {
            open.close()
            throw error
        }
        return open
    }

    /// Opens every vault of the plan that can be opened, in the plan's order, indexes loaded if asked for.
    ///
    /// - Parameter unavailable: told of each that cannot.
    /// Throws the first vault's error when none can be opened.
    public func openAll(
        lock need: LockNeed, loadingIndex: Bool, unavailable: (String, HikaeError) -> Void
    ) throws(HikaeError) -> [VaultSession] {
        var opened: [VaultSession] = []
        var first: HikaeError?
        for vault in plan.vaults {
            do throws(HikaeError) {
                try context.cancellation.check()
                opened.append(try loadingIndex ? openIndexed(vault, lock: need) : open(vault, lock: need))
            } catch {
                if error.code == .cancelled {
                    for vault in opened { vault.close() }
                    throw error
                }
                first = first ?? error
                unavailable(vault.name, error)
            }
        }
        if opened.isEmpty { throw first ?? HikaeError(.usage, "\(plan.file) names no vault") }
        return opened
    }
}

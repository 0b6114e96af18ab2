// From a plan's vault to an open repository under a lock, and back.

public import HikaeCore
public import HikaeFormat
public import HikaePlan
public import HikaeRepository
import HikaeStore

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
        /// How long to wait for others to finish.
        public var retryLockSeconds: Double = 0

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

    private func attempt(_ vault: PlanVault, _ need: LockNeed) throws(HikaeError) -> VaultSession {
        var store: any ObjectStore = RetryingStore(try StoreLocation.open(vault.repository))
        if plan.limits.upload != nil || plan.limits.download != nil {
            store = ThrottledStore(store, uploadRate: plan.limits.upload, downloadRate: plan.limits.download)
        }
        var opening = OpenOptions()
        opening.cacheDirectory = options.cacheDirectory
        opening.compression = options.compression
        if let size = options.packSize { opening.packSize = size }
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
                let open = try open(vault, lock: need)
                do throws(HikaeError) {
                    if loadingIndex { try open.repository.loadIndex() }
                } catch {
                    open.close()
                    throw error
                }
                opened.append(open)
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

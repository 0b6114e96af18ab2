// The locks of every vault that has some: looked after at the end of a round of captures, and told of while all still hold.

public import HikaeCore
public import HikaePlan
public import HikaeRemote
public import HikaeStore

/// How one vault's locks stand, or what was done for them.
public struct LockOutcome: Sendable {
    public let vault: String
    /// What a renewal did; nil when none was made.
    public var report: ObjectLockRenewal.Report?
    /// How they stand after that; nil when it could not be told.
    public var standing: ObjectLockRenewal.Standing?
    /// What made looking after them impossible.
    public var error: HikaeError?

    init(vault: String) { self.vault = vault }

    /// What somebody must be told, a sentence each.
    public var problems: [String] {
        var problems: [String] = []
        if let error { problems.append(error.message) }
        if let reason = standing?.reason { problems.append(reason) }
        if let report, report.failures > 0 { problems.append("\(report.failures) locks could not be renewed") }
        if let report, report.overwritten > 0 {
            problems.append(
                "\(report.overwritten) files have been overwritten with other bytes: somebody else writes to the bucket"
            )
        }
        return problems
    }
}

/// Looks after the locks of some vaults, one after another.
public struct LockRound: Sendable {
    private let vaults: [(name: String, renewal: ObjectLockRenewal)]
    /// Vaults that cannot even be named.
    private let broken: [LockOutcome]

    /// The vaults of a plan that are to be locked.
    ///
    /// - Parameter remote: how stores on other machines are reached, where the plan says nothing else.
    public init(_ plan: Plan, remote: RemoteOptions) {
        var vaults: [(name: String, renewal: ObjectLockRenewal)] = []
        var broken: [LockOutcome] = []
        for vault in plan.vaults {
            let options = RemoteOptions(vault, otherwise: remote)
            guard options.objectLock != nil, RemoteLocation.isRemote(vault.repository) else { continue }
            do throws(HikaeError) {
                if let store = try RemoteLocation.open(vault.repository, options) as? S3Store,
                    let renewal = ObjectLockRenewal(store)
                {
                    vaults.append((vault.name, renewal))
                }
            } catch {
                var outcome = LockOutcome(vault: vault.name)
                outcome.error = error
                broken.append(outcome)
            }
        }
        (self.vaults, self.broken) = (vaults, broken)
    }

    /// One store. Throws `.usage` when it is none that locks.
    public init(_ store: any ObjectStore, name: String) throws(HikaeError) {
        guard let store = store as? S3Store, let renewal = ObjectLockRenewal(store) else {
            throw HikaeError(
                .usage, "\(store.location) is no bucket whose objects are to be locked",
                hint: "Say which lock: -o s3.object-lock=compliance:60, or object-lock in the plan.")
        }
        (vaults, broken) = ([(name, renewal)], [])
    }

    /// Whether there is anything to look after.
    public var isEmpty: Bool { vaults.isEmpty && broken.isEmpty }

    /// How the locks stand. Changes nothing.
    public func look() -> [LockOutcome] {
        broken
            + vaults.map { vault in
                var outcome = LockOutcome(vault: vault.name)
                do throws(HikaeError) { outcome.standing = try vault.renewal.standing() } catch {
                    outcome.error = error
                }
                return outcome
            }
    }

    /// Renews what is due.
    ///
    /// - Parameters:
    ///   - onlyDue: look at every file only when that was last done a while ago.
    ///   - report: told of each version that could not be locked.
    public func renew(
        onlyDue: Bool, progress: Progress = Progress(), report: @escaping @Sendable (String, HikaeError) -> Void
    ) -> [LockOutcome] {
        broken
            + vaults.map { vault in
                var outcome = LockOutcome(vault: vault.name)
                do throws(HikaeError) {
                    let isWanted = onlyDue ? try vault.renewal.isDue() : true
                    if isWanted {
                        outcome.report = try vault.renewal.renew(progress: progress) { report(vault.name, $0) }
                    }
                    outcome.standing = try vault.renewal.standing()
                } catch { outcome.error = error }
                return outcome
            }
    }
}

extension Alarm {
    /// The alarm of locks that are near their end or could not be looked after; nil when all is well.
    public init?(_ outcomes: [LockOutcome], plan: Plan) {
        let bad = outcomes.filter { !$0.problems.isEmpty }
        guard !bad.isEmpty else { return nil }
        let lines = bad.flatMap { outcome in outcome.problems.map { "\(outcome.vault): \($0)" } }
        let isJapanese = plan.language == .japanese
        self.init(
            subject: isJapanese
                ? "【控え】\(plan.organisation): 保管先のオブジェクトロックに問題があります"
                : "[hikae] \(plan.organisation): locks of a vault need attention",
            text: lines.joined(separator: "\n"))
    }
}

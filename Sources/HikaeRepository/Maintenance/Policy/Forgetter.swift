// Applies a policy to the snapshots of a repository and removes those it does not keep. Data stays until a prune.

public import HikaeCore
import HikaeFormat
import HikaeStore

/// What a forget is going to remove, and why it keeps the rest.
public struct ForgetPlan: Sendable {
    /// One group and what the policy says of its snapshots, newest first.
    public struct Group: Sendable {
        public var key: SnapshotGroup.Key
        public var decisions: [ForgetDecision]

        public var kept: [ForgetDecision] { decisions.filter(\.isKept) }
        public var removed: [NamedSnapshot] { decisions.filter { !$0.isKept }.map(\.entry) }
    }

    public var groups: [Group]
    /// The snapshots to remove.
    public var removals: [FileID]
}

/// Removes snapshots. `plan` reads only; `execute` needs an exclusive lock.
public struct Forgetter: Sendable {
    private let repository: Repository
    private let report: @Sendable (HikaeError) -> Void

    /// - Parameter report: told of snapshots that cannot be read; those are left alone.
    public init(repository: Repository, report: @escaping @Sendable (HikaeError) -> Void = { _ in }) {
        self.repository = repository
        self.report = report
    }

    /// Applies a policy to each group of the snapshots that the filter lets through.
    ///
    /// - Parameter allowRemoveAll: whether a group may lose its last snapshot, and an empty policy is no error but
    ///   removes all that the filter lets through; the filter must then not be empty.
    /// - Throws: `.usage` for an empty or invalid policy, `.refused` when a group would lose its last snapshot.
    public func plan(
        filter: SnapshotFilter, grouping: SnapshotGrouping, policy: ForgetPolicy, allowRemoveAll: Bool = false
    ) throws(HikaeError) -> ForgetPlan {
        try policy.validate()
        if policy.isEmpty {
            guard allowRemoveAll else {
                throw HikaeError(
                    .usage, "no policy was specified, no snapshots will be removed",
                    hint: "Say what to keep, for example --keep-daily 7, or name snapshots to forget.")
            }
            guard !filter.isEmpty else {
                throw HikaeError(.usage, "removing all snapshots is not allowed without a filter for them")
            }
        }
        let snapshots = try repository.snapshots { id, error in
            report(HikaeError(.damaged, "could not load snapshot \(id.short): \(error.message)"))
        }
        let now = repository.clock.now()
        var plan = ForgetPlan(groups: [], removals: [])
        for group in grouping.groups(snapshots.filter { filter.matches($0.snapshot) }) {
            var decisions = policy.apply(group.snapshots, now: now)
            if policy.isEmpty {
                for place in decisions.indices {
                    decisions[place].isKept = false
                    decisions[place].reasons = []
                }
            } else if !allowRemoveAll, !decisions.contains(where: \.isKept) {
                throw HikaeError(
                    .refused, "refusing to delete last snapshot of snapshot group \"\(group.key)\"",
                    hint: "The policy keeps nothing of it. Keep at least one, or allow removing all.")
            }
            let planned = ForgetPlan.Group(key: group.key, decisions: decisions)
            plan.removals += planned.removed.map(\.id)
            plan.groups.append(planned)
        }
        return plan
    }

    /// A plan that removes just these.
    public func plan(removing snapshots: [NamedSnapshot]) -> ForgetPlan {
        var seen: Set<FileID> = []
        return ForgetPlan(groups: [], removals: snapshots.map(\.id).filter { seen.insert($0).inserted })
    }

    /// Removes the plan's snapshots; how many went.
    ///
    /// - Throws: the first error, after trying all the others.
    @discardableResult
    public func execute(
        _ plan: ForgetPlan, progress: Progress? = nil, cancellation: Cancellation? = nil
    ) throws(HikaeError) -> Int {
        progress?.begin(phase: "removing snapshots", files: plan.removals.count)
        var failure: HikaeError?
        var count = 0
        for id in plan.removals {
            try cancellation?.check()
            do throws(HikaeError) {
                try repository.removeFile(.snapshot, id)
                count += 1
            } catch {
                failure = failure ?? error
                report(error)
            }
            progress?.add(files: 1)
        }
        if let failure { throw failure }
        try repository.store.flush()
        return count
    }
}

// Forgetting by a plan: its retention, applied to each source in each vault, and never against a hold.

public import HikaeCore
import HikaeFormat
public import HikaeGuard
import HikaePlan
public import HikaeRepository

/// What retention says of one vault.
public struct RetentionPlan: Sendable {
    /// One source.
    public struct Source: Sendable {
        public var name: SourceName
        /// Newest first.
        public var kept: [ForgetDecision]
        public var removed: [NamedSnapshot]
        /// What the policy would remove and must stay.
        public var held: [(snapshot: NamedSnapshot, hold: RetentionHold)]
    }

    public var sources: [Source]
    /// Decisions whose captures go.
    public var decisions: [NamedSnapshot]
    /// Sources of the organisation that the plan does not name, and how many captures of each are left alone.
    public var others: [(name: SourceName, captures: Int)] = []

    public var removals: [NamedSnapshot] { sources.flatMap(\.removed) + decisions }
}

/// Applies a plan's retention.
public enum RetentionRound {
    /// What goes from a repository, and what stays and why. Other organisations' snapshots, and those of no plan, are
    /// not looked at.
    ///
    /// - Parameters:
    ///   - holds: what the vaults of the plan together say must stay in this one.
    ///   - planned: the sources that the policy is for; nil: all of the organisation's. Another machine's plan may look
    ///     after the others, and nobody said of one that was taken out of the plan that it is to be thinned.
    public static func plan(
        _ snapshots: [NamedSnapshot], holds: RetentionHolds, organisation: String, planned: Set<SourceName>?,
        policy: ForgetPolicy, now: Timestamp
    ) -> RetentionPlan {
        var result = RetentionPlan(sources: [], decisions: [])
        for history in SourceHistory.all(snapshots) where history.name.organisation == organisation {
            guard planned?.contains(history.name) ?? true else {
                if !history.captures.isEmpty { result.others.append((history.name, history.captures.count)) }
                continue
            }
            let decisions = policy.apply(history.captures.map(\.snapshot), now: now)
            var source = RetentionPlan.Source(
                name: history.name, kept: decisions.filter(\.isKept), removed: [], held: [])
            for decision in decisions where !decision.isKept {
                if let hold = holds.hold(on: decision.entry.id) {
                    source.held.append((decision.entry, hold))
                } else {
                    source.removed.append(decision.entry)
                }
            }
            let gone = Set(source.removed.map(\.id))
            let living = Set(history.captures.filter { !gone.contains($0.snapshot.id) }.map(\.capture))
            let orphans = history.decisions.filter { !living.contains($0.capture) }.map(\.snapshot)
            result.decisions += orphans.filter { holds.refused([$0.id] + Array(gone))[$0.id] == nil }
            result.sources.append(source)
        }
        return result
    }
}

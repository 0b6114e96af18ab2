// Holds against what somebody wants to forget: refused when it was named, kept when a policy chose it.

public import HikaeCore
public import HikaeRepository

extension RetentionHolds {
    /// Throws `.refused`, with the reason, when any of the snapshots must stay. Then none may be removed.
    public func check(_ removals: [FileID]) throws(HikaeError) {
        let refused = refused(removals)
        guard let id = removals.first(where: { refused[$0] != nil }), let hold = refused[id] else { return }
        let others = refused.count > 1 ? " (and \(refused.count - 1) more that must stay)" : ""
        throw HikaeError(
            .refused, "the snapshot \(id.short) must not be forgotten: \(hold.reason)\(others)", hint: hold.hint)
    }
}

extension ForgetPlan {
    /// The same plan without the removal of what must stay; each of those is kept with its reason.
    public func respecting(_ holds: RetentionHolds) -> ForgetPlan {
        let refused = holds.refused(removals)
        guard !refused.isEmpty else { return self }
        var plan = self
        plan.removals.removeAll { refused[$0] != nil }
        for group in plan.groups.indices {
            for place in plan.groups[group].decisions.indices {
                guard let hold = refused[plan.groups[group].decisions[place].entry.id] else { continue }
                plan.groups[group].decisions[place].isKept = true
                plan.groups[group].decisions[place].reasons = ["held: \(hold.reason)"]
            }
        }
        return plan
    }
}

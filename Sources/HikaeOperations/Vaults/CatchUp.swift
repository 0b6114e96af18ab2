// What one vault lacks and another has: copied, so that every vault ends with every capture that is to be kept and
// every decision on it.

public import HikaeCore
import HikaeFormat
public import HikaeGuard
public import HikaePlan
public import HikaeRepository

/// Brings vaults of one organisation level.
public struct CatchUp: Sendable {
    private let organisation: String
    /// The sources that this plan looks after; nil: all of the organisation's.
    private let planned: Set<SourceName>?
    /// What is kept of each of those; nil: everything.
    private let policy: ForgetPolicy?
    private let context: WorkContext

    /// - Parameters:
    ///   - planned: the sources that the policy is for. Of the others a vault gets what is newer than what it has: what
    ///     another plan has removed from it must not come back.
    ///   - policy: what retention would remove again is not copied.
    public init(
        organisation: String, planned: Set<SourceName>? = nil, policy: ForgetPolicy?, context: WorkContext
    ) {
        (self.organisation, self.policy, self.context) = (organisation, policy, context)
        self.planned = planned
    }

    /// As a plan wants it.
    init(_ plan: Plan, context: WorkContext) {
        self.init(
            organisation: plan.organisation, planned: plan.sourceNames, policy: ForgetPolicy(plan.retention),
            context: context)
    }

    /// Copies from one vault into another what that one lacks. Both are locked and have their indexes loaded.
    ///
    /// - Parameter cancellation: stops this copy; nil: what stops everything does.
    /// - Returns: how many snapshots were copied.
    /// Throws what hindered it; what was copied before stays.
    @discardableResult
    public func bring(
        from source: Repository, to destination: Repository, progress: Progress? = nil,
        cancellation: Cancellation? = nil
    ) throws(HikaeError) -> Int {
        // A snapshot that cannot be read cannot be copied; `check` is what finds it.
        let lacking = missing(
            try source.snapshots { _, _ in }, in: try destination.snapshots { _, _ in })
        guard !lacking.isEmpty else { return 0 }
        let copier = Copier(
            from: source, to: destination, progress: progress, cancellation: cancellation ?? context.cancellation)
        return try copier.copy(lacking).snapshotsCopied
    }

    /// The captures and decisions of the organisation that `theirs` has and `ours` lacks, oldest first.
    public func missing(_ theirs: [NamedSnapshot], in ours: [NamedSnapshot]) -> [NamedSnapshot] {
        let known = Set(ours.compactMap(Self.key))
        let candidates = theirs.filter { snapshot in
            guard snapshot.snapshot.hostname == organisation, let key = Self.key(snapshot) else { return false }
            return !known.contains(key)
        }
        guard !candidates.isEmpty else { return [] }
        let kept = policy.map { self.kept(Self.union(ours + theirs), $0) }
        let newer = newer(candidates, than: ours)
        return candidates.filter { isPlanned($0) ? kept?.contains($0.id) ?? true : newer.contains($0.id) }
    }

    private func isPlanned(_ snapshot: NamedSnapshot) -> Bool {
        guard let planned, let name = CaptureEntry(snapshot)?.name ?? DecisionEntry(snapshot)?.name else { return true }
        return planned.contains(name)
    }

    /// Captures that came after the newest that is there of their source, with the decisions on them and on what is there.
    private func newer(_ candidates: [NamedSnapshot], than ours: [NamedSnapshot]) -> Set<FileID> {
        let there = Dictionary(SourceHistory.all(ours).map { ($0.name, $0) }) { first, _ in first }
        var newer: Set<FileID> = []
        for history in SourceHistory.all(candidates) {
            let own = there[history.name]
            let last = own?.newest?.run
            let captures = history.captures.filter { capture in last.map { capture.run > $0 } ?? true }
            let known = Set((captures + (own?.captures ?? [])).map(\.capture))
            newer.formUnion(captures.map(\.snapshot.id))
            newer.formUnion(history.decisions.filter { known.contains($0.capture) }.map(\.snapshot.id))
        }
        return newer
    }

    /// What retention keeps of all that there is, holds included.
    private func kept(_ snapshots: [NamedSnapshot], _ policy: ForgetPolicy) -> Set<FileID> {
        let holds = RetentionHolds(snapshots)
        var kept: Set<FileID> = []
        for history in SourceHistory.all(snapshots) {
            let decisions = policy.apply(history.captures.map(\.snapshot), now: context.clock.now())
            var removed = decisions.filter { !$0.isKept }.map(\.entry.id)
            let refused = holds.refused(removed)
            removed.removeAll { refused[$0] != nil }
            let gone = Set(removed)
            for capture in history.captures where !gone.contains(capture.snapshot.id) {
                kept.insert(capture.snapshot.id)
            }
            let living = Set(history.captures.filter { !gone.contains($0.snapshot.id) }.map(\.capture))
            for decision in history.decisions where living.contains(decision.capture) {
                kept.insert(decision.snapshot.id)
            }
        }
        return kept
    }

    /// Each capture and decision once, those named last winning.
    public static func union(_ snapshots: [NamedSnapshot]) -> [NamedSnapshot] {
        var byKey: [String: NamedSnapshot] = [:]
        for snapshot in snapshots {
            if let key = key(snapshot) { byKey[key] = snapshot }
        }
        return byKey.values.sorted { ($0.snapshot.time, $0.id) < ($1.snapshot.time, $1.id) }
    }

    /// What a capture or decision is known by in every vault; nil for other snapshots, and for captures that lost
    /// something: a whole one is taken from wherever it is.
    static func key(_ snapshot: NamedSnapshot) -> String? {
        if let capture = CaptureEntry(snapshot) {
            return capture.isRepaired ? nil : "capture \(capture.capture)"
        }
        guard let decision = DecisionEntry(snapshot) else { return nil }
        let time = snapshot.snapshot.time
        return "decision \(decision.capture) \(decision.word.rawValue) \(time.seconds).\(time.nanoseconds)"
    }
}

extension Plan {
    /// The sources that the plan looks after, as captures name them.
    public var sourceNames: Set<SourceName> {
        Set(sources.map { SourceName(organisation: organisation, system: $0.name, source: $1.name) })
    }
}

// What a plan says of retention and verdicts, as the engine and the guard take it.

public import HikaeGuard
public import HikaePlan
public import HikaeRepository

extension ForgetPolicy {
    /// The policy of a plan; nil when it says nothing, which keeps everything.
    public init?(_ retention: PlanRetention?) {
        guard let retention else { return nil }
        self.init()
        last = retention.last ?? 0
        hourly = retention.hourly ?? 0
        daily = retention.daily ?? 0
        weekly = retention.weekly ?? 0
        monthly = retention.monthly ?? 0
        yearly = retention.yearly ?? 0
        // Whole hours, rounded up: what is kept is never less than what was asked for.
        if let span = retention.within { within = CalendarDuration(hours: Int((span.seconds + 3599) / 3600)) }
        if isEmpty { return nil }
    }
}

extension GuardThresholds {
    /// The thresholds of a plan's source.
    public init(_ plan: HikaePlan.VerdictThresholds) {
        self.init(
            shrinkPercent: plan.shrinkPercent, changePercent: plan.changePercent, minimumItems: plan.minimumItems,
            contentPercent: plan.suspiciousContentPercent, unreadablePercent: plan.unreadablePercent)
    }
}

extension ReasonLanguage {
    /// The language of a plan.
    public init(_ language: PlanLanguage) { self = language == .japanese ? .japanese : .english }
}

// What the plan says besides systems and vaults: what is kept, what is suspicious, who is who, how much at once.

/// What is kept of each source's snapshots. Counts: nil keeps none, -1 all of its kind.
public struct PlanRetention: Sendable, Equatable {
    public var last, hourly, daily, weekly, monthly, yearly: Int?
    /// Everything newer than this before the newest.
    public var within: PlanDuration?
    public var places: PlanPlaces

    public init(
        last: Int? = nil, hourly: Int? = nil, daily: Int? = nil, weekly: Int? = nil, monthly: Int? = nil,
        yearly: Int? = nil, within: PlanDuration? = nil, places: PlanPlaces = PlanPlaces()
    ) {
        (self.last, self.hourly, self.daily) = (last, hourly, daily)
        (self.weekly, self.monthly, self.yearly) = (weekly, monthly, yearly)
        (self.within, self.places) = (within, places)
    }
}

/// When a capture is suspect: how much may be otherwise than in the last good one.
public struct VerdictThresholds: Sendable, Equatable {
    /// Fewer items, or fewer bytes, by more than this many percent are suspect.
    public var shrinkPercent: Double
    /// More than this many percent of the items changed at once are suspect.
    public var changePercent: Double
    /// What had fewer items than this is suspect only when more than half of it is gone.
    public var minimumItems: Int
    /// More than this many percent of new content that looks encrypted, or like an error page, are suspect.
    public var suspiciousContentPercent: Double
    /// More than this many percent of the items being unreadable are suspect.
    public var unreadablePercent: Double

    /// The defaults suit a company whose data grows and changes a little every day.
    public init(
        shrinkPercent: Double = 20, changePercent: Double = 60, minimumItems: Int = 20,
        suspiciousContentPercent: Double = 5, unreadablePercent: Double = 5
    ) {
        (self.shrinkPercent, self.changePercent) = (shrinkPercent, changePercent)
        (self.minimumItems, self.suspiciousContentPercent) = (minimumItems, suspiciousContentPercent)
        self.unreadablePercent = unreadablePercent
    }
}

/// What a person is to the plan.
public enum PersonRole: String, Sendable, CaseIterable {
    /// Answers for it all.
    case owner
    /// Runs Hikae.
    case administrator
    /// May agree that something is removed or accepted.
    case approver
    /// Is told of alarms.
    case alerted
}

/// A person the plan names.
public struct PlanPerson: Sendable, Equatable {
    /// Unique in the plan.
    public var name: String
    public var mail: String?
    public var roles: [PersonRole]
    public var places: PlanPlaces

    public init(name: String, mail: String? = nil, roles: [PersonRole] = [], places: PlanPlaces = PlanPlaces()) {
        (self.name, self.mail, self.roles, self.places) = (name, mail, roles, places)
    }
}

/// A way to tell people of what must not wait: a suspect or failed capture.
public struct PlanAlarm: Sendable, Equatable {
    /// A line for the shell. The message comes on standard input, its first line being the subject.
    public var command: String
    public var places: PlanPlaces

    public init(command: String, places: PlanPlaces = PlanPlaces()) {
        (self.command, self.places) = (command, places)
    }
}

/// How much is done at once.
public struct PlanLimits: Sendable, Equatable {
    /// Sources that are captured side by side: 1 to 32.
    public var sources: Int
    /// Bytes a second written to each vault; nil: no limit.
    public var upload: UInt64?
    /// Bytes a second read from each vault; nil: no limit.
    public var download: UInt64?
    public var places: PlanPlaces

    public init(
        sources: Int = 2, upload: UInt64? = nil, download: UInt64? = nil, places: PlanPlaces = PlanPlaces()
    ) {
        (self.sources, self.upload, self.download, self.places) = (sources, upload, download, places)
    }
}

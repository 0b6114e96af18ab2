// A system: one thing the business would miss by name.

/// A system and the sources that its data is read from.
public struct PlanSystem: Sendable, Equatable {
    /// Unique in the plan; stands in paths and tags.
    public var name: String
    /// What people call it; the name when the plan gives no title.
    public var title: String
    /// 1 for what must be back first. Systems with the same number go in the order of the file.
    public var importance: Int
    public var objectives: PlanObjectives
    /// At least one; names are unique in the system.
    public var sources: [PlanSource]
    /// The plan's thresholds, with what the system says itself.
    public var verdicts: VerdictThresholds
    public var places: PlanPlaces

    public init(
        name: String, title: String? = nil, importance: Int = 1, objectives: PlanObjectives = PlanObjectives(),
        sources: [PlanSource] = [], verdicts: VerdictThresholds = VerdictThresholds(),
        places: PlanPlaces = PlanPlaces()
    ) {
        (self.name, self.title, self.importance) = (name, title ?? name, importance)
        (self.objectives, self.sources, self.verdicts, self.places) = (objectives, sources, verdicts, places)
    }
}

/// What the business can bear.
public struct PlanObjectives: Sendable, Equatable {
    /// The longest stretch of work that may be lost; nil: not said.
    public var loss: PlanDuration?
    /// The longest time until it must be back; nil: not said.
    public var back: PlanDuration?
    public var places: PlanPlaces

    public init(loss: PlanDuration? = nil, back: PlanDuration? = nil, places: PlanPlaces = PlanPlaces()) {
        (self.loss, self.back, self.places) = (loss, back, places)
    }
}

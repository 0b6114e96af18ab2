// The plan as a whole: what hikae.yaml says, with every default filled in and every path made absolute.

public import HikaeCore

/// A company's plan: what it would miss, where that is read from, and who keeps the copies.
public struct Plan: Sendable, Equatable {
    /// The plan's file, absolute.
    public var file: String
    /// The company's name as it calls itself; the host name of its snapshots.
    public var organisation: String
    /// The language that reports and messages to people are in.
    public var language: PlanLanguage
    /// A name of the IANA time zone database: "Asia/Tokyo"; nil for this machine's zone.
    public var timeZone: String?
    /// At least one, in the plan's order; names are unique.
    public var vaults: [PlanVault]
    /// At least one, the most important first; names are unique.
    public var systems: [PlanSystem]
    /// What is kept of each source; nil: everything.
    public var retention: PlanRetention?
    /// When a capture is suspect, unless a system or source says otherwise.
    public var verdicts: VerdictThresholds
    /// The people the plan names, in its order.
    public var people: [PlanPerson]
    /// Every one is used for every alarm: one that fails does not stop the others.
    public var alarms: [PlanAlarm]
    public var limits: PlanLimits
    public var places: PlanPlaces

    public init(
        file: String, organisation: String, language: PlanLanguage = .english, timeZone: String? = nil,
        vaults: [PlanVault] = [], systems: [PlanSystem] = [], retention: PlanRetention? = nil,
        verdicts: VerdictThresholds = VerdictThresholds(), people: [PlanPerson] = [],
        alarms: [PlanAlarm] = [], limits: PlanLimits = PlanLimits(), places: PlanPlaces = PlanPlaces()
    ) {
        (self.file, self.organisation, self.language, self.timeZone) = (file, organisation, language, timeZone)
        (self.vaults, self.systems, self.retention, self.verdicts) = (vaults, systems, retention, verdicts)
        (self.people, self.alarms, self.limits, self.places) = (people, alarms, limits, places)
    }

    /// Every source with its system, in the plan's order of importance.
    public var sources: [(system: PlanSystem, source: PlanSource)] {
        systems.flatMap { system in system.sources.map { (system, $0) } }
    }

    /// The vault of this name. Throws `.notFound` naming those that there are.
    public func vault(named name: String) throws(HikaeError) -> PlanVault {
        if let vault = vaults.first(where: { $0.name == name }) { return vault }
        throw HikaeError(
            .notFound, "there is no vault \(name) in \(file)",
            hint: "It has: \(vaults.map(\.name).joined(separator: ", ")).")
    }

    /// The sources that `selection` names: "system" all of a system's, "system/source" one; nothing at all: every
    /// source. In the plan's order, none twice. Throws `.notFound` for a name that is not in the plan.
    public func sources(
        matching selection: [String]
    ) throws(HikaeError) -> [(system: PlanSystem, source: PlanSource)] {
        for name in selection where !sources.contains(where: { $0.matches(name, in: $1) }) {
            throw HikaeError(
                .notFound, "there is no \(name.contains("/") ? "source" : "system") \(name) in \(file)",
                hint: "It has: \(sources.map { "\($0.system.name)/\($0.source.name)" }.joined(separator: ", ")).")
        }
        guard !selection.isEmpty else { return sources }
        return sources.filter { pair in selection.contains { pair.system.matches($0, in: pair.source) } }
    }
}

extension PlanSystem {
    fileprivate func matches(_ text: String, in source: PlanSource) -> Bool {
        text == name || text == "\(name)/\(source.name)"
    }
}

/// A language of Hikae's words to people.
public enum PlanLanguage: String, Sendable, CaseIterable {
    case japanese = "ja"
    case english = "en"
}

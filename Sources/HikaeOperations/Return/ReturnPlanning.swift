// Where each source goes back to: folders, another provider's places, or the places that the plan itself names.

public import HikaeCore
import HikaeDestination
public import HikaeGuard
public import HikaePlan

/// Where a restore goes.
public enum ReturnPlace: Sendable {
    /// A folder of this machine: each source gets SYSTEM/SOURCE in it.
    case folder(String)
    /// The places of the sources of the same names in another plan.
    case plan(Plan)
    /// The places that the sources' own `restore:` names.
    case ownPlaces
}

/// Makes steps of what a person asked for.
public struct ReturnPlanner: Sendable {
    private let plan: Plan
    private let chooser: CaptureChooser
    private let mixing: GenerationChoice?

    /// - Parameter mixing: puts each file's last good generation together; nil: captures come back as they were.
    public init(_ plan: Plan, _ chooser: CaptureChooser, mixing: GenerationChoice? = nil) {
        self.plan = plan
        self.chooser = chooser
        self.mixing = mixing
    }

    /// One step for each source selected, the most important system first.
    ///
    /// - Parameters:
    ///   - selection: names of systems, or of sources as SYSTEM/SOURCE; none for all.
    ///   - time: the captures that were true then; nil for the last good ones.
    ///   - missing: told of each source that cannot be put back, and why; the others go on.
    /// Throws `.notFound` for a name that is not in the plan.
    public func steps(
        _ selection: [String], to place: ReturnPlace, at time: Timestamp? = nil,
        missing: (SourceName, HikaeError) -> Void
    ) throws(HikaeError) -> [ReturnStep] {
        var steps: [ReturnStep] = []
        for (system, source) in try plan.sources(matching: selection) {
            let name = SourceName(organisation: plan.organisation, system: system.name, source: source.name)
            do throws(HikaeError) {
                let destination = try destination(system, source, place)
                let capture =
                    if let mixing { try mixing.choose(name) } else { try chooser.choose(name, at: time) }
                steps.append(ReturnStep(capture: capture, destination: destination))
            } catch {
                missing(name, error)
            }
        }
        return steps
    }

    private func destination(_ system: PlanSystem, _ source: PlanSource, _ place: ReturnPlace) throws(HikaeError)
        -> any Destination
    {
        switch place {
        case .folder(let folder):
            return FolderDestination("\(folder)/\(system.name)/\(source.name)")
        case .plan(let other):
            let there = other.systems.first { $0.name == system.name }?.sources.first { $0.name == source.name }
            guard let there else {
                throw HikaeError(
                    .notFound, "\(other.file) has no source \(system.name)/\(source.name) to put it back to",
                    hint: "Add it there, or restore it into a folder with --to.")
            }
            return try make(source, there.kind, "\(other.file): \(system.name)/\(source.name)")
        case .ownPlaces:
            guard let own = source.restore else {
                throw HikaeError(
                    .usage, "the plan does not say where \(system.name)/\(source.name) is put back to",
                    hint: "Say it with --to or --to-plan, or with `restore:` in the plan.")
            }
            return try make(source, own.kind, "restore: of \(system.name)/\(source.name)")
        }
    }

    private func make(_ source: PlanSource, _ target: PlanSourceKind, _ place: String) throws(HikaeError)
        -> any Destination
    {
        let (from, to) = (source.kind.name, target.name)
        guard from == to || to == .files || (from.isFileTree && to.isFileTree) else {
            throw HikaeError(
                .usage, "\(place): what was read by \(from.rawValue) cannot be put back by \(to.rawValue)",
                hint: "Restore it into a folder, or name a place of the same kind.")
        }
        return try DestinationFactory.destination(target)
    }
}

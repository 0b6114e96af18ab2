// What is wrong in a plan: each fault with its line and key, all of them together.

public import HikaeCore

/// One thing that is wrong in a plan.
public struct PlanProblem: Sendable, Equatable, CustomStringConvertible {
    public var place: PlanPlace
    /// What is wrong, as a clause without a full stop; says what is allowed.
    public var message: String

    public init(_ place: PlanPlace, _ message: String) { (self.place, self.message) = (place, message) }

    /// "hikae.yaml:12: systems.shop.objectives.loss: …"
    public var description: String {
        "\(place.file):\(place.line): \(place.key.isEmpty ? "" : place.key + ": ")\(message)"
    }

    /// The error that tells of all of them.
    public static func error(_ problems: [PlanProblem]) -> HikaeError {
        let lines = problems.map(\.description)
        let message =
            lines.count == 1 ? lines[0] : "the plan has \(lines.count) mistakes\n  " + lines.joined(separator: "\n  ")
        return HikaeError(
            .usage, message, hint: "Correct \(lines.count == 1 ? "it" : "them"), then run `hikae plan check`.")
    }
}

/// The problems found so far, while one plan is read by one thread.
final class PlanProblems {
    let file: String
    private(set) var list: [PlanProblem] = []
    /// No more than this many are told of.
    private static let limit = 100

    init(file: String) { self.file = file }

    func add(_ place: PlanPlace, _ message: String) {
        let problem = PlanProblem(place, message)
        if list.count < Self.limit, !list.contains(problem) { list.append(problem) }
    }

    /// In the order of the file.
    var sorted: [PlanProblem] {
        list.enumerated().sorted { ($0.element.place.line, $0.offset) < ($1.element.place.line, $1.offset) }
            .map(\.element)
    }
}

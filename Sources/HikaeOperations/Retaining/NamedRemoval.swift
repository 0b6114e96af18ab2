// Snapshots that somebody wants to forget by name: the same captures in every vault, for what is forgotten in one only
// comes back from the others.

public import HikaeCore
import HikaeGuard
public import HikaeRepository

/// What was named, by vault.
public struct NamedRemoval: Sendable {
    /// The snapshots that go, by vault.
    public private(set) var removals: [String: [NamedSnapshot]] = [:]

    /// Finds what is meant.
    ///
    /// - Parameter names: beginnings of snapshots' IDs, or names of captures.
    /// Throws `.notFound` for a name that nothing bears, `.ambiguous` for one that several things bear, `.usage` for an
    /// empty one.
    public init(_ names: [String], in survey: VaultSurvey, organisation: String) throws(HikaeError) {
        let all = survey.snapshots.flatMap { vault, list in list.map { (vault: vault, snapshot: $0) } }
        var wanted: Set<String> = []
        for name in names {
            guard !name.isEmpty else { throw HikaeError(.usage, "the name of a snapshot is empty") }
            let found = all.filter { _, snapshot in
                snapshot.id.hex.hasPrefix(name)
                    || CaptureEntry(snapshot).map { $0.name.organisation == organisation && $0.capture == name } == true
            }
            let keys = Set(found.map { Self.key($0.snapshot) })
            guard let key = keys.first else { throw HikaeError(.notFound, "no vault has a snapshot \(name)") }
            guard keys.count == 1 else {
                throw HikaeError(.ambiguous, "several snapshots begin with \(name)", hint: "Give more of the ID.")
            }
            wanted.insert(key)
        }
        for (vault, snapshot) in all where wanted.contains(Self.key(snapshot)) {
            removals[vault, default: []].append(snapshot)
        }
    }

    /// The same for all copies of a capture or decision; snapshots of no plan are each for itself.
    private static func key(_ snapshot: NamedSnapshot) -> String {
        if let capture = CaptureEntry(snapshot) { return "capture \(capture.capture)" }
        return CatchUp.key(snapshot) ?? snapshot.id.hex
    }
}

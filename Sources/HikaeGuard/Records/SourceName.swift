// Which source a capture is of, and the words that snapshots bear so that this can be told from them alone.

import HikaeFormat

/// One source of one system of one organisation.
public struct SourceName: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var organisation: String
    public var system: String
    public var source: String

    public init(organisation: String, system: String, source: String) {
        (self.organisation, self.system, self.source) = (organisation, system, source)
    }

    /// "shop/site".
    public var description: String { "\(system)/\(source)" }

    public static func < (left: Self, right: Self) -> Bool {
        (left.organisation, left.system, left.source) < (right.organisation, right.system, right.source)
    }
}

/// The tags of captures and decisions.
public enum CaptureTags {
    /// Every snapshot that Hikae makes by a plan bears it.
    public static let mark = "hikae"
    /// The path that decisions name.
    public static let decisionPath = "/.hikae/decisions"

    static let system = "system:"
    static let source = "source:"
    static let verdict = "verdict:"
    static let capture = "capture:"
    static let run = "run:"
    static let decision = "decision:"
    static let of = "of:"

    /// The tags of a capture.
    ///
    /// - Parameter run: how many captures of the source came before. It orders captures where clocks do not.
    public static func capture(_ id: String, of name: SourceName, verdict: Verdict, run: UInt64) -> [String] {
        [
            mark, system + name.system, source + name.source, Self.verdict + verdict.rawValue, capture + id,
            Self.run + String(run),
        ]
    }

    /// The tags of a decision on a capture.
    public static func decision(_ word: Decision.Word, on capture: String, of name: SourceName) -> [String] {
        [mark, decision + word.rawValue, of + capture, system + name.system, source + name.source]
    }

    /// The text behind `prefix` in the one tag that begins with it; nil when there is none, or more than one.
    static func value(_ prefix: String, in snapshot: Snapshot) -> String? {
        let found = snapshot.tags.filter { $0.hasPrefix(prefix) }
        guard found.count == 1, let tag = found.first else { return nil }
        let value = String(tag.dropFirst(prefix.count))
        return value.isEmpty ? nil : value
    }

    /// Whose capture or decision a snapshot is; nil for snapshots that no plan made.
    static func name(of snapshot: Snapshot) -> SourceName? {
        guard snapshot.tags.contains(mark), let system = value(system, in: snapshot),
            let source = value(source, in: snapshot)
        else { return nil }
        return SourceName(organisation: snapshot.hostname, system: system, source: source)
    }
}

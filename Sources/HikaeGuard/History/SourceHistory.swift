// The history of each source, from the list of snapshots alone: captures, what people decided of them, and the last
// good one. Nothing here looks at a clock.

import HikaeCore
import HikaeFormat
public import HikaeRepository

/// A capture as its snapshot's tags tell it.
public struct CaptureEntry: Sendable {
    public let snapshot: NamedSnapshot
    public let name: SourceName
    public let capture: String
    /// Captures of the source before this one, as it was counted then.
    public let run: UInt64
    /// What Hikae thought of it.
    public let verdict: Verdict
    /// What a person said last; nil when nobody did.
    public internal(set) var decision: Decision.Word?
    /// Whether it was saved again without what its repository had lost.
    public let isRepaired: Bool

    /// Whether it counts: good and not rejected, or accepted.
    public var isGood: Bool { decision == .accepted || (verdict == .good && decision != .rejected) }

    /// The capture that a snapshot is; nil for anything else.
    public init?(_ snapshot: NamedSnapshot) {
        guard let name = CaptureTags.name(of: snapshot.snapshot),
            let capture = CaptureTags.value(CaptureTags.capture, in: snapshot.snapshot),
            let word = CaptureTags.value(CaptureTags.verdict, in: snapshot.snapshot)
        else { return nil }
        self.snapshot = snapshot
        self.name = name
        self.capture = capture
        run = CaptureTags.value(CaptureTags.run, in: snapshot.snapshot).flatMap { UInt64($0) } ?? 0
        // A word of a newer version is no reason to trust.
        verdict = Verdict(rawValue: word) ?? .suspect
        isRepaired = snapshot.snapshot.tags.contains("repaired")
    }
}

/// A decision as its snapshot's tags tell it.
public struct DecisionEntry: Sendable {
    public let snapshot: NamedSnapshot
    public let name: SourceName
    /// The capture decided on.
    public let capture: String
    public let word: Decision.Word

    /// The decision that a snapshot is; nil for anything else.
    public init?(_ snapshot: NamedSnapshot) {
        guard let name = CaptureTags.name(of: snapshot.snapshot),
            let capture = CaptureTags.value(CaptureTags.of, in: snapshot.snapshot),
            let word = CaptureTags.value(CaptureTags.decision, in: snapshot.snapshot)
        else { return nil }
        self.snapshot = snapshot
        self.name = name
        self.capture = capture
        // What cannot be understood must not make a capture count.
        self.word = Decision.Word(rawValue: word) ?? .rejected
    }
}

/// The captures of one source, oldest first, with what was decided of them.
public struct SourceHistory: Sendable {
    public let name: SourceName
    /// By the count of captures, and by time where that does not tell.
    public let captures: [CaptureEntry]
    /// Oldest first.
    public let decisions: [DecisionEntry]

    init(name: SourceName, captures: [CaptureEntry], decisions: [DecisionEntry]) {
        self.name = name
        self.decisions = decisions.sorted { Self.order($0) < Self.order($1) }
        var words: [String: Decision.Word] = [:]
        for decision in self.decisions { words[decision.capture] = decision.word }
        self.captures = captures.map { entry in
            var entry = entry
            entry.decision = words[entry.capture]
            return entry
        }.sorted {
            ($0.run, $0.snapshot.snapshot.time, $0.snapshot.id) < ($1.run, $1.snapshot.snapshot.time, $1.snapshot.id)
        }
    }

    /// Of two decisions of one moment the rejection is the last word.
    private static func order(_ entry: DecisionEntry) -> (Timestamp, Int, FileID) {
        (entry.snapshot.snapshot.time, entry.word == .accepted ? 0 : 1, entry.snapshot.id)
    }

    /// The histories of all sources among the snapshots, by name.
    public static func all(_ snapshots: [NamedSnapshot]) -> [SourceHistory] {
        var captures: [SourceName: [CaptureEntry]] = [:]
        var decisions: [SourceName: [DecisionEntry]] = [:]
        for snapshot in snapshots {
            if let entry = CaptureEntry(snapshot) {
                captures[entry.name, default: []].append(entry)
            } else if let entry = DecisionEntry(snapshot) {
                decisions[entry.name, default: []].append(entry)
            }
        }
        return Set(captures.keys).union(decisions.keys).sorted().map { name in
            SourceHistory(name: name, captures: captures[name] ?? [], decisions: decisions[name] ?? [])
        }
    }

    /// The history of one source.
    public static func of(_ name: SourceName, in snapshots: [NamedSnapshot]) -> SourceHistory {
        all(snapshots).first { $0.name == name } ?? SourceHistory(name: name, captures: [], decisions: [])
    }

    public var newest: CaptureEntry? { captures.last }

    /// The newest capture that counts. One that was saved again with losses counts only where there is no other.
    public var lastGood: CaptureEntry? { Self.lastGood(captures) }

    /// The same among some captures of one source, oldest first.
    static func lastGood(_ captures: [CaptureEntry]) -> CaptureEntry? {
        captures.last { $0.isGood && !$0.isRepaired } ?? captures.last { $0.isGood }
    }

    /// Suspect captures that nobody has decided on, oldest first. A decision on a later capture settles those before.
    public var undecided: [CaptureEntry] {
        let settled = captures.lastIndex { $0.decision != nil }
        return captures[(settled.map { $0 + 1 } ?? 0)...].filter { $0.verdict == .suspect }
    }

    /// Whether a person has to look at it.
    public var isSuspect: Bool { !undecided.isEmpty }

    /// The number of the next capture.
    public var nextRun: UInt64 { (captures.map(\.run).max() ?? 0) + 1 }
}

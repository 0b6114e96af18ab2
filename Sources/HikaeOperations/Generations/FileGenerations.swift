// Which generation of each file is the last good one: what was taken away over days, and what changed while its size
// and time stayed the same. Looks at trees only, never at contents.

public import HikaeCore
import HikaeDestination
public import HikaeFormat
import HikaeGuard
import HikaeRepository
import HikaeSource

/// A file whose last good generation is not the newest capture's.
public struct FileGeneration: Sendable {
    /// Why an older generation is better.
    public enum Cause: String, Sendable, CaseIterable {
        /// It is gone from the newest capture.
        case gone
        /// Its bytes are others, though size and time of change are the same: no program that writes a file does that.
        case rotten
    }

    /// Below the source's root.
    public let path: [[UInt8]]
    public let cause: Cause
    /// The file as it was last good.
    public let node: Node
    /// When the capture began that has it so.
    public let from: Timestamp
    /// When the capture began in which it was first gone, or first different.
    public let since: Timestamp

    /// The path for people.
    public var displayPath: String { path.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/") }
}

/// Goes back through the captures of one source of files.
public struct FileGenerations: Sendable {
    /// One capture's tree and its time.
    struct Generation {
        let tree: BlobID
        let time: Timestamp
    }

    /// What is known so far of a path, going back.
    struct Finding {
        var generation: FileGeneration
        /// Whether an older capture may still take its place.
        var isOpen: Bool
    }

    private let chooser: CaptureChooser
    private let cancellation: Cancellation

    /// - Parameter chooser: of one vault, so that its trees can be put together.
    public init(_ chooser: CaptureChooser, cancellation: Cancellation = Cancellation()) {
        (self.chooser, self.cancellation) = (chooser, cancellation)
    }

    /// The files of `newest` that have a better generation, in the order of their paths.
    ///
    /// - Parameters:
    ///   - newest: a capture of the chooser's vault: what everything else is taken from.
    ///   - goneSince: files that were there in a capture of this time or later and are gone now are found, too.
    /// Throws `.usage` when the source holds no files that are captured as files.
    public func find(_ newest: ChosenCapture, goneSince: Timestamp?) throws(HikaeError) -> [FileGeneration] {
        let unit = newest.record?.facts.unit ?? .files
        guard unit == .files || unit == .objects else {
            throw HikaeError(
                .usage, "\(newest.name) does not hold files: generations of its \(unit.rawValue) cannot be mixed",
                hint: "Restore one capture with --at, or compare two with `hikae diff --source`.")
        }
        var findings: [[[UInt8]]: Finding] = [:]
        var settled: Set<[[UInt8]]> = []
        var later = Generation(tree: newest.content.tree, time: newest.time)
        // Only what is good is a truth to go back to.
        let older = chooser.captures(newest.name).filter { entry in
            entry.isGood && (entry.run, entry.snapshot.snapshot.time) < (newest.entry.run, newest.time)
        }
        for entry in older.reversed() {
            try cancellation.check()
            let capture = try chooser.choose(newest.name, capture: entry.capture)
            let earlier = Generation(tree: capture.content.tree, time: capture.time)
            var step = GenerationStep(
                content: capture.content, earlier: earlier, later: later,
                goneCounts: goneSince.map { earlier.time >= $0 } ?? false, findings: findings,
                settled: settled)
            try step.compare(earlier.tree, later.tree, [])
            (findings, settled) = (step.findings, step.settled)
            later = earlier
        }
        var found: [FileGeneration] = []
        for generation in findings.values.map(\.generation) {
            // What was gone for a while and is there again is no loss.
            if generation.cause == .gone, try Self.has(newest.content, generation.path) { continue }
            found.append(generation)
        }
        return found.sorted {
            $0.path.lexicographicallyPrecedes($1.path, by: Self.precedes)
        }
    }

    private static func has(_ content: SnapshotContent, _ path: [[UInt8]]) throws(HikaeError) -> Bool {
        guard let name = path.last else { return true }
        return try content.nodes(at: path.dropLast())?.contains { $0.name == name } ?? false
    }

    private static func precedes(_ one: [UInt8], _ other: [UInt8]) -> Bool { one.lexicographicallyPrecedes(other) }
}

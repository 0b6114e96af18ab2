// How far long work has come, shown to whoever waits for it. The rules:
//
// - A thread looks at the work's counters a few times a second; the work itself never waits for the display.
// - On a terminal two lines at the foot of the screen are redrawn five times a second: what is done of what, the rate
//   of the last seconds, the time left, and the item at hand. They vanish when the work ends.
// - Without a terminal a plain line is printed to standard error every 10 seconds with `-v`, and otherwise every
//   minute, from the first minute on: a log shows that a long run lives, a short one adds nothing.
// - With `--json` a status object is printed on standard output, at most five a second, as restic does.
// - With `--quiet` there is nothing at all.
// - HIKAE_PROGRESS_FPS (or RESTIC_PROGRESS_FPS) sets how many times a second instead, for all three.

import HikaeCore
import Synchronization

/// The display of one step of work. `stop` must be called; it waits for the thread.
final class ProgressDisplay: Sendable {
    /// What the items counted are, and what the JSON status of the command looks like.
    struct Style: Sendable {
        /// `files`, `packs`, `snapshots`.
        var unit: String
        /// Whether bytes are counted as well.
        var countsBytes = true
        /// The JSON status for a moment, or nil when the command has none.
        var json: (@Sendable (Moment) -> [UInt8])?
    }

    /// The counters at one moment.
    struct Moment: Sendable {
        var seconds: Double
        var files: Int
        var filesTotal: Int
        var bytes: Int
        var bytesTotal: Int
        var errors: Int
        var item: String
        var phase: String
        var bytesPerSecond: Double
        var filesPerSecond: Double

        /// Done of the whole, 0 to 1; nil while the whole is not known.
        var share: Double? {
            if bytesTotal > 0 { return min(1, Double(bytes) / Double(bytesTotal)) }
            return filesTotal > 0 ? min(1, Double(files) / Double(filesTotal)) : nil
        }

        /// Seconds left at the rate of the last seconds, or nil.
        var secondsLeft: Double? {
            if bytesTotal > bytes, bytesPerSecond > 0 { return Double(bytesTotal - bytes) / bytesPerSecond }
            if bytesTotal == 0, filesTotal > files, filesPerSecond > 0 {
                return Double(filesTotal - files) / filesPerSecond
            }
            return nil
        }
    }

    private let progress: Progress
    private let style: Style
    private let isStopped = Monitor(false)
    private let started = monotonicSeconds()
    private let thread = Mutex<RunningThread?>(nil)

    /// Starts to show `progress`.
    init(_ progress: Progress, _ style: Style) {
        self.progress = progress
        self.style = style
        guard let plan = Self.plan(hasJSON: style.json != nil) else { return }
        let thread = RunningThread(stackBytes: 512 << 10) { [self] in run(plan) }
        self.thread.withLock { $0 = thread }
    }

    /// Ends the display and wipes it.
    func stop() {
        isStopped.withLock { $0 = true }
        let thread = self.thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        thread?.join()
    }

    private enum Kind { case terminal, lines, json }

    private struct Plan {
        var kind: Kind
        var interval: Double
        var firstAfter: Double
    }

    private static func plan(hasJSON: Bool) -> Plan? {
        let console = Console.shared
        let framesPerSecond = Environment.value("PROGRESS_FPS").flatMap { Double($0) }.flatMap { $0 > 0 ? $0 : nil }
        let interval = framesPerSecond.map { max(1.0 / 60, 1 / $0) }
        if console.verbosity == 0 { return nil }
        if console.isJSON {
            return hasJSON ? Plan(kind: .json, interval: interval ?? 0.2, firstAfter: interval ?? 0.2) : nil
        }
        if console.errorIsTerminal {
            return Plan(kind: .terminal, interval: interval ?? 0.2, firstAfter: min(0.2, interval ?? 0.2))
        }
        let pace = interval ?? (console.verbosity > 1 ? 10 : 60)
        return Plan(kind: .lines, interval: pace, firstAfter: pace)
    }

    private func run(_ plan: Plan) {
        var rate = Rate()
        var wait = plan.firstAfter
        while isStopped.wait(seconds: wait, until: { $0 ? true : nil }) == nil {
            wait = plan.interval
            let moment = moment(&rate)
            switch plan.kind {
            case .terminal: Console.shared.showStatus(screenLines(moment))
            case .lines: Console.shared.warn(line(moment))
            case .json: if let json = style.json { Console.shared.write(json(moment)) }
            }
            if plan.kind == .json { try? Console.shared.flush() }
        }
        if plan.kind == .terminal { Console.shared.showStatus([]) }
    }

    private func moment(_ rate: inout Rate) -> Moment {
        let seconds = monotonicSeconds() - started
        let files = progress.filesDone.load(ordering: .relaxed)
        let bytes = progress.bytesDone.load(ordering: .relaxed)
        rate.add(seconds: seconds, files: files, bytes: bytes)
        return Moment(
            seconds: seconds, files: files, filesTotal: progress.filesTotal.load(ordering: .relaxed), bytes: bytes,
            bytesTotal: progress.bytesTotal.load(ordering: .relaxed), errors: progress.errors.load(ordering: .relaxed),
            item: progress.currentItem, phase: progress.phase, bytesPerSecond: rate.bytesPerSecond,
            filesPerSecond: rate.filesPerSecond)
    }

    private func line(_ moment: Moment) -> String {
        var text = "[\(Words.duration(moment.seconds))]"
        if let share = moment.share { text += " \(Words.decimals(share * 100, 2))%" }
        if !moment.phase.isEmpty { text += " \(moment.phase)" }
        text += moment.filesTotal > 0 ? " \(moment.files) / \(moment.filesTotal)" : " \(moment.files)"
        text += " \(style.unit)"
        if style.countsBytes {
            text += ", \(Words.size(moment.bytes))"
            if moment.bytesTotal > 0 { text += " / \(Words.size(moment.bytesTotal))" }
            if moment.bytesPerSecond > 0 { text += ", \(Words.rate(moment.bytesPerSecond))" }
        }
        if moment.errors > 0 { text += ", \(Words.count(moment.errors, "error"))" }
        if let left = moment.secondsLeft { text += ", \(Words.duration(left)) left" }
        return text
    }

    private func screenLines(_ moment: Moment) -> [String] {
        // One column is left free: a full last column makes some terminals wrap.
        let width = Console.shared.columns - 1
        let first = Words.shortened(line(moment), to: width)
        return moment.item.isEmpty ? [first] : [first, Words.shortened(Words.safe(moment.item), to: width)]
    }

    /// The rate over the last ten seconds.
    private struct Rate {
        private var samples: [(seconds: Double, files: Int, bytes: Int)] = []

        mutating func add(seconds: Double, files: Int, bytes: Int) {
            // Counters that went back belong to a new step.
            if let last = samples.last, last.files > files || last.bytes > bytes { samples.removeAll() }
            samples.append((seconds, files, bytes))
            while let first = samples.first, samples.count > 2, seconds - first.seconds > 10 { samples.removeFirst() }
        }

        private func perSecond(_ value: KeyPath<(seconds: Double, files: Int, bytes: Int), Int>) -> Double {
            guard let first = samples.first, let last = samples.last, last.seconds > first.seconds else { return 0 }
            return Double(last[keyPath: value] - first[keyPath: value]) / (last.seconds - first.seconds)
        }

        var bytesPerSecond: Double { perSecond(\.bytes) }
        var filesPerSecond: Double { perSecond(\.files) }
    }
}

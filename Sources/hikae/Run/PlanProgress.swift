// How far a round of captures has come: a line for each source that is being read, and for each copy that is being made.

import HikaeCore
import HikaeFormat
import HikaeOperations
import Synchronization

/// Shows running work of several kinds at once. `stop` must be called.
final class PlanProgress: Sendable {
    private struct Work: Sendable {
        var label: String
        var unit: String
        var progress: Progress
        var begun: Double
    }

    private let works = Mutex<[Work]>([])
    private let isStopped = Monitor(false)
    private let thread = Mutex<RunningThread?>(nil)

    init() {
        let console = Console.shared
        guard console.verbosity > 0 else { return }
        let isLive = console.errorIsTerminal && !console.isJSON
        let pace = isLive ? 0.2 : console.isJSON ? 1 : 60
        let thread = RunningThread(stackBytes: 512 << 10) { [self] in
            while isStopped.wait(seconds: pace, until: { $0 ? true : nil }) == nil { show(isLive) }
            if isLive { Console.shared.showStatus([]) }
        }
        self.thread.withLock { $0 = thread }
    }

    func stop() {
        isStopped.withLock { $0 = true }
        let thread = self.thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        thread?.join()
    }

    func begin(_ label: String, unit: String, _ progress: Progress) {
        works.withLock {
            $0.append(Work(label: label, unit: unit, progress: progress, begun: monotonicSeconds()))
        }
    }

    func end(_ label: String) { works.withLock { $0.removeAll { $0.label == label } } }

    private func show(_ isLive: Bool) {
        let works = works.withLock { $0 }
        let console = Console.shared
        if console.isJSON {
            guard !works.isEmpty else { return }
            console.printObject { json in
                json.member("message_type", "status")
                json.key("running")
                json.beginArray()
                for work in works {
                    json.beginObject()
                    json.member("what", work.label)
                    json.member("seconds_elapsed", Int(monotonicSeconds() - work.begun))
                    json.member("items_done", work.progress.filesDone.load(ordering: .relaxed))
                    json.member("bytes_done", work.progress.bytesDone.load(ordering: .relaxed))
                    json.endObject()
                }
                json.endArray()
            }
            try? console.flush()
            return
        }
        let lines = works.map { Words.shortened(line($0), to: console.columns - 1) }
        if isLive { console.showStatus(lines) } else { for line in lines { console.warn(line) } }
    }

    private func line(_ work: Work) -> String {
        let seconds = monotonicSeconds() - work.begun
        let items = work.progress.filesDone.load(ordering: .relaxed)
        let total = work.progress.filesTotal.load(ordering: .relaxed)
        let bytes = work.progress.bytesDone.load(ordering: .relaxed)
        var text = "\(Words.filled(work.label, 24)) [\(Words.duration(seconds))] \(items)"
        if total > 0 { text += " / \(total)" }
        text += " \(work.unit), \(Words.size(bytes))"
        if seconds > 1, bytes > 0 { text += ", \(Words.rate(Double(bytes) / seconds))" }
        return text
    }
}

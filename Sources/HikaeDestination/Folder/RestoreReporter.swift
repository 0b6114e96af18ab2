// Counting and telling, from any thread.

import HikaeCore
import Synchronization

/// Where a restore's threads report to.
final class RestoreReporter: Sendable {
    private struct State {
        var summary = RestoreSummary()
        var told: Set<String> = []
    }

    private let state = Mutex(State())
    private let report: @Sendable (HikaeError) -> Void
    let progress: Progress
    let onItem: (@Sendable (RestoreItem) -> Void)?

    init(
        progress: Progress, report: @escaping @Sendable (HikaeError) -> Void,
        onItem: (@Sendable (RestoreItem) -> Void)?
    ) {
        self.progress = progress
        self.report = report
        self.onItem = onItem
    }

    var summary: RestoreSummary { state.withLock { $0.summary } }

    /// Tells of something that could not be restored as it was.
    func fail(_ error: HikaeError) {
        progress.errors.add(1, ordering: .relaxed)
        // Under the lock, so that the lines of two threads do not mix.
        state.withLock { state in
            state.summary.errors += 1
            report(error)
        }
    }

    /// Changes the summary.
    func count(_ change: (inout RestoreSummary) -> Void) { state.withLock { change(&$0.summary) } }
}

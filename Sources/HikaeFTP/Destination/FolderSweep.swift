// Folders visited by several threads, each folder before those in it.

import HikaeCore

/// A walk over folders on several threads.
enum FolderSweep {
    private struct State: Sendable {
        var pending: [ReturnFolder]
        var busy = 0
    }

    /// Visits `root` and every folder that a visit returns. Throws the first error of a visit; then no more begin.
    static func run(
        _ root: ReturnFolder, threads: Int, _ cancellation: Cancellation,
        _ visit: @escaping @Sendable (ReturnFolder) throws(HikaeError) -> [ReturnFolder]
    ) throws(HikaeError) {
        let monitor = Monitor(State(pending: [root]))
        let failure = FirstError()
        runThreads(threads) { _ in
            while let folder = next(monitor) {
                var inner: [ReturnFolder] = []
                if failure.value == nil {
                    do throws(HikaeError) {
                        try cancellation.check()
                        inner = try visit(folder)
                    } catch {
                        failure.set(error)
                    }
                }
                monitor.withLock { state in
                    state.pending += inner.reversed()
                    state.busy -= 1
                }
            }
        }
        try failure.check()
    }

    private static func next(_ monitor: Monitor<State>) -> ReturnFolder? {
        monitor.wait { state -> ReturnFolder?? in
            if let folder = state.pending.popLast() {
                state.busy += 1
                return .some(folder)
            }
            return state.busy == 0 ? .some(nil) : nil
        }
    }
}

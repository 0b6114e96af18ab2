// Folders are listed before the walker comes to them, in the order in which it will, and not too far ahead.

import HikaeCore
import HikaeSource

/// Lists folders ahead of the walker on threads of its own.
final class ListingAhead: Sendable {
    /// What a folder turned out to hold.
    struct Content: Sendable {
        var entries: [SourceEntry]
        var reports: [HikaeError]
    }

    private typealias Outcome = Result<Content, HikaeError>

    private struct State: Sendable {
        /// Folders known and not begun: the next in the walker's order last.
        var pending: [FTPFolder] = []
        var running: Set<[UInt32]> = []
        var done: [[UInt32]: Outcome] = [:]
        /// Entries in `done`: what bounds the memory.
        var held = 0
        var isClosed = false
    }

    private static let heldLimit = 20_000
    private let monitor = Monitor(State())
    private let threads = Monitor<[RunningThread]>([])
    private let threadCount: Int

    init(threads: Int) { threadCount = threads }

    /// The content of a folder, listed now unless it was before. The walker asks in its own order.
    func content(of folder: FTPFolder) throws(HikaeError) -> Content {
        let early: Outcome? = monitor.wait { state in
            if let outcome = state.done.removeValue(forKey: folder.order) {
                state.held -= Self.weight(outcome)
                return .some(outcome)
            }
            if state.running.contains(folder.order) { return nil }
            if let at = state.pending.lastIndex(where: { $0.order == folder.order }) { state.pending.remove(at: at) }
            return .some(nil)
        }
        if let early { return try early.get() }
        let outcome = Self.load(folder, .first)
        add(outcome)
        start()
        return try outcome.get()
    }

    /// Ends the threads; they end their listings first.
    func close() {
        monitor.withLock { $0.isClosed = true }
        let running = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in running { thread.join() }
    }

    private func start() {
        threads.withLock { threads in
            guard threads.isEmpty, !monitor.withLock({ $0.isClosed }) else { return }
            threads = (0..<threadCount).map { _ in RunningThread { [self] in work() } }
        }
    }

    private func work() {
        while let folder = next() {
            let outcome = Self.load(folder, .ahead)
            add(outcome)
            monitor.withLock { state in
                state.running.remove(folder.order)
                state.done[folder.order] = outcome
                state.held += Self.weight(outcome)
            }
        }
    }

    private func next() -> FTPFolder? {
        monitor.wait { state -> FTPFolder?? in
            if state.isClosed { return .some(nil) }
            guard state.held < Self.heldLimit, let folder = state.pending.popLast() else { return nil }
            state.running.insert(folder.order)
            return .some(folder)
        }
    }

    /// The folders found come into their place in the walker's order.
    private func add(_ outcome: Outcome) {
        guard case .success(let content) = outcome else { return }
        let folders = content.entries.reversed().compactMap { entry -> FTPFolder? in
            guard case .directory(let inner) = entry.body else { return nil }
            return inner as? FTPFolder
        }
        guard let first = folders.last else { return }
        monitor.withLock { state in
            var (low, high) = (0, state.pending.count)
            while low < high {
                let middle = (low + high) / 2
                if first.order.lexicographicallyPrecedes(state.pending[middle].order) {
                    low = middle + 1
                } else {
                    high = middle
                }
            }
            state.pending.insert(contentsOf: folders, at: low)
        }
    }

    private static func weight(_ outcome: Outcome) -> Int {
        guard case .success(let content) = outcome else { return 1 }
        return content.entries.count + 1
    }

    private static func load(_ folder: FTPFolder, _ urgency: ConnectionPool.Urgency) -> Outcome {
        do throws(HikaeError) {
            return .success(try folder.load(urgency))
        } catch {
            return .failure(error)
        }
    }
}

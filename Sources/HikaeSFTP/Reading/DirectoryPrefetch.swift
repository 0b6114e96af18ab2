// Directories listed before they are asked for, the one that is needed next first.

import HikaeCore
import Synchronization

/// Lists directories that are known and will be walked, within a bound of memory.
final class DirectoryPrefetch: Sendable {
    private struct State {
        /// Known and not begun: a heap, in the order in which a walk comes to them.
        var waiting: [RemoteDirectory] = []
        var underWay = 0
        /// Entries listed that nobody has asked for yet.
        var entries = 0
    }

    private static let entryLimit = 60_000
    private static let widest = 32

    private let connection: SFTPConnection
    private let state = Mutex(State())

    init(_ connection: SFTPConnection) { self.connection = connection }

    /// Directories that will be walked.
    func announce(_ directories: [RemoteDirectory]) {
        guard !directories.isEmpty else { return }
        state.withLock { state in
            for directory in directories { Self.push(directory, to: &state.waiting) }
        }
        pump()
    }

    /// A listing is over; `entries` of it are kept until they are asked for.
    func ended(entries: Int, announcing directories: [RemoteDirectory]) {
        state.withLock { state in
            state.underWay -= 1
            state.entries += entries
            for directory in directories { Self.push(directory, to: &state.waiting) }
        }
        pump()
    }

    /// A listing was asked for.
    func claimed(entries: Int) {
        state.withLock { $0.entries -= entries }
        pump()
    }

    private func pump() {
        guard let channel = connection.liveChannel else { return }
        let widest = max(1, min(Self.widest, channel.features.handles / 2))
        while true {
            let next = state.withLock { state -> RemoteDirectory? in
                guard state.underWay < widest, state.entries < Self.entryLimit else { return nil }
                while let directory = Self.pop(&state.waiting) {
                    if directory.beginAhead() {
                        state.underWay += 1
                        return directory
                    }
                }
                return nil
            }
            guard let next else { return }
            next.listAhead(on: channel)
        }
    }

    private static func isBefore(_ one: RemoteDirectory, _ other: RemoteDirectory) -> Bool {
        one.order.lexicographicallyPrecedes(other.order)
    }

    private static func push(_ directory: RemoteDirectory, to heap: inout [RemoteDirectory]) {
        heap.append(directory)
        var place = heap.count - 1
        while place > 0, isBefore(heap[place], heap[(place - 1) / 2]) {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    private static func pop(_ heap: inout [RemoteDirectory]) -> RemoteDirectory? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2] where child < heap.count && isBefore(heap[child], heap[least]) {
                least = child
            }
            if least == place { return first }
            heap.swapAt(place, least)
            place = least
        }
    }
}

// How much is under way to the server at once, and waiting for it.

import HikaeCore

/// A bound on uploads under way, in number and bytes.
final class UploadGate: Sendable {
    private struct State {
        var count = 0
        var bytes = 0
    }

    private let monitor = Monitor(State())
    private let countLimit: Int
    private static let byteLimit = 16 << 20

    init(count: Int) { countLimit = max(1, count) }

    /// Waits until there is room.
    func enter(_ bytes: Int) {
        _ = monitor.wait { state -> Bool? in
            guard state.count < countLimit, state.bytes == 0 || state.bytes + bytes <= Self.byteLimit else {
                return nil
            }
            state.count += 1
            state.bytes += bytes
            return true
        }
    }

    func leave(_ bytes: Int) {
        monitor.withLock { state in
            state.count -= 1
            state.bytes -= bytes
        }
    }

    /// Waits until nothing is under way.
    func drain() { _ = monitor.wait { $0.count == 0 ? true : nil } }
}

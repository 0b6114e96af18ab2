// A wish to stop, set once from anywhere (a signal, a test), looked at between steps.

import Synchronization

/// Whether the work should stop.
public final class Cancellation: Sendable {
    private let flag = Atomic<Bool>(false)

    public init() {}

    /// Whether `cancel` was called.
    public var isCancelled: Bool { flag.load(ordering: .relaxed) }

    /// Asks the work to stop. May be called from a signal handler.
    public func cancel() { flag.store(true, ordering: .relaxed) }

    /// Throws `.cancelled` once `cancel` was called.
    public func check() throws(HikaeError) {
        if isCancelled { throw HikaeError(.cancelled, "stopped before the end") }
    }
}

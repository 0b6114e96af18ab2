// A wish to stop, set once from anywhere (a signal, a test), looked at between steps.

import Synchronization

/// Whether the work should stop.
public final class Cancellation: Sendable {
    private let flag = Atomic<Bool>(false)
    private let followed: [Cancellation]

    /// - Parameter others: wishes that this one follows: it stops when one of them does, and they know nothing of it.
    public init(following others: [Cancellation] = []) { followed = others }

    /// Whether `cancel` was called, here or on what is followed.
    public var isCancelled: Bool { flag.load(ordering: .relaxed) || followed.contains { $0.isCancelled } }

    /// Asks the work to stop. May be called from a signal handler.
    public func cancel() { flag.store(true, ordering: .relaxed) }

    /// Throws `.cancelled` once `cancel` was called.
    public func check() throws(HikaeError) {
        if isCancelled { throw HikaeError(.cancelled, "stopped before the end") }
    }
}

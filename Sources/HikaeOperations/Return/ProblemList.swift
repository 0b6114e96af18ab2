// The first problems of a long job, from any thread.

import HikaeCore
import Synchronization

/// Collects errors up to a bound.
final class ProblemList: Sendable {
    private static let limit = 100
    private let errors = Mutex<[HikaeError]>([])

    func add(_ error: HikaeError) {
        errors.withLock { if $0.count < Self.limit { $0.append(error) } }
    }

    var all: [HikaeError] { errors.withLock { $0 } }
}

// Counting beside a dump: on a thread of its own, so that the dump need not wait for it.

import HikaeCore
import Synchronization

/// Rows that are being counted by a session, which belongs to the counting until it has ended.
final class Counting: @unchecked Sendable {
    // Proof of Sendable: the session is used by the thread only, until `value` has joined it; what came of it is behind
    // a lock. Ending the session from elsewhere ends its program, which the thread notices as the end of its answers.

    private let session: SQLSession
    private let count: @Sendable (SQLSession) throws(HikaeError) -> [CountedTable]
    private let result = Mutex<Result<[CountedTable], HikaeError>?>(nil)
    private var thread: RunningThread?

    /// To be started with `start`.
    init(_ session: SQLSession, _ count: @escaping @Sendable (SQLSession) throws(HikaeError) -> [CountedTable]) {
        (self.session, self.count) = (session, count)
    }

    /// Starts the thread. Called once, before anybody else has this object.
    func start() {
        thread = RunningThread { [self] in
            do throws(HikaeError) {
                let found = try count(session)
                result.withLock { $0 = .success(found) }
            } catch {
                result.withLock { $0 = .failure(error) }
            }
        }
    }

    /// Waits for the counting and returns what was counted. Called once.
    func value() throws(HikaeError) -> [CountedTable] {
        thread?.join()
        guard let result = result.withLock({ $0 }) else { return [] }
        return try result.get()
    }
}

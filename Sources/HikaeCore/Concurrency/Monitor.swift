// A lock with a condition: what BoundedQueue and the thread runner wait on. Nothing else holds pthread objects.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// State guarded by a lock, with waiting for it to change.
///
/// `@unchecked Sendable` is sound because `state` is reached only by `withLock` and `wait`, both under the lock.
public final class Monitor<State>: @unchecked Sendable {
    private var state: State
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    public init(_ state: sending State) {
        self.state = state
        mutex.initialize(to: pthread_mutex_t())
        condition.initialize(to: pthread_cond_t())
        precondition(pthread_mutex_init(mutex, nil) == 0)
        #if canImport(Glibc)
            // Waits are measured by a clock that nobody sets.
            var attributes = pthread_condattr_t()
            pthread_condattr_init(&attributes)
            defer { pthread_condattr_destroy(&attributes) }
            precondition(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0)
            precondition(pthread_cond_init(condition, &attributes) == 0)
        #else
            precondition(pthread_cond_init(condition, nil) == 0)
        #endif
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Runs `body` under the lock and wakes all waiters, which look at the state again.
    public func withLock<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
        pthread_mutex_lock(mutex)
        defer {
            pthread_cond_broadcast(condition)
            pthread_mutex_unlock(mutex)
        }
        return try body(&state)
    }

    /// Waits until `body` returns a value, looking again whenever the state was changed.
    public func wait<Result>(until body: (inout State) throws -> Result?) rethrows -> Result {
        pthread_mutex_lock(mutex)
        defer {
            pthread_cond_broadcast(condition)
            pthread_mutex_unlock(mutex)
        }
        while true {
            if let result = try body(&state) { return result }
            pthread_cond_wait(condition, mutex)
        }
    }

    /// As `wait(until:)`, but gives up after `seconds` and returns nil. Setting the machine's clock changes nothing.
    public func wait<Result>(seconds: Double, until body: (inout State) throws -> Result?) rethrows -> Result? {
        var deadline = timespec()
        clock_gettime(CLOCK_MONOTONIC, &deadline)
        let nanoseconds = deadline.tv_nsec + Int((seconds - seconds.rounded(.down)) * 1e9)
        deadline.tv_sec += Int(seconds) + nanoseconds / 1_000_000_000
        deadline.tv_nsec = nanoseconds % 1_000_000_000
        pthread_mutex_lock(mutex)
        defer {
            pthread_cond_broadcast(condition)
            pthread_mutex_unlock(mutex)
        }
        while true {
            if let result = try body(&state) { return result }
            if waitForChange(until: &deadline) { return nil }
        }
    }

    /// Waits, under the lock, for a change or for `deadline`; whether that has passed.
    private func waitForChange(until deadline: inout timespec) -> Bool {
        #if canImport(Glibc)
            return pthread_cond_timedwait(condition, mutex, &deadline) == ETIMEDOUT
        #else
            var now = timespec()
            clock_gettime(CLOCK_MONOTONIC, &now)
            var left = timespec(tv_sec: deadline.tv_sec - now.tv_sec, tv_nsec: deadline.tv_nsec - now.tv_nsec)
            if left.tv_nsec < 0 { (left.tv_sec, left.tv_nsec) = (left.tv_sec - 1, left.tv_nsec + 1_000_000_000) }
            guard left.tv_sec >= 0 else { return true }
            return pthread_cond_timedwait_relative_np(condition, mutex, &left) == ETIMEDOUT
        #endif
    }
}

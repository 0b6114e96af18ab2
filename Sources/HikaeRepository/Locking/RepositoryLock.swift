// restic's locks: a file that says who works here. Shared by those who add, exclusive for those who remove.

public import HikaeCore
import HikaeFormat
import HikaeStore
import Synchronization

/// A lock held on a repository, kept fresh by a thread of its own until `release`.
public final class RepositoryLock: Sendable {
    private enum Stage: Sendable { case settling, held, lost(HikaeError), released }

    private struct State: Sendable {
        var id: FileID
        var stage = Stage.settling
        /// Why it was lost; it stays so after it was given back.
        var loss: HikaeError?
        var lastRefresh: Timestamp
    }

    private let repository: Repository
    private let timing: LockTiming
    private let template: LockFile
    private let monitor: Monitor<State>
    private let thread = Mutex<RunningThread?>(nil)
    private let releasing = Mutex<Void>(())
    /// Set when the lock can no longer be kept fresh: the work under it must stop.
    private let lost: Cancellation?
    /// Whether no work begins before the second look, so that nothing has to be stopped when it finds somebody.
    private let isAwaited: Bool

    private init(
        _ repository: Repository, _ template: LockFile, id: FileID, timing: LockTiming, lost: Cancellation?,
        isAwaited: Bool
    ) {
        self.repository = repository
        self.template = template
        self.timing = timing
        self.lost = lost
        self.isAwaited = isAwaited
        monitor = Monitor(State(id: id, lastRefresh: template.time))
    }

    /// Locks a repository.
    ///
    /// The second look that tells who came first is taken while the caller already reads; nothing that depends on the
    /// lock may be written before `confirm` returns. An exclusive lock is confirmed when this returns, and so is one that
    /// was to be waited for: two that locked at the same moment both give way, and try again.
    ///
    /// - Parameters:
    ///   - retrySeconds: how long to wait for others to finish.
    ///   - lost: cancelled when the lock cannot be kept fresh any more.
    ///   - isConfirmedFirst: the caller asks `confirm` before it begins anything: until then a lock that another took at
    ///     the same moment stops nothing, and is told by `confirm` alone.
    /// Throws `.locked`, naming who holds it.
    public static func acquire(
        _ repository: Repository, exclusive: Bool, retrySeconds: Double = 0, timing: LockTiming = LockTiming(),
        lost: Cancellation? = nil, isConfirmedFirst: Bool = false
    ) throws(HikaeError) -> RepositoryLock {
        var waited = 0.0
        while true {
            do throws(HikaeError) {
                let waits = exclusive || retrySeconds > 0
                let lock = try acquireOnce(
                    repository, exclusive: exclusive, isAwaited: waits || isConfirmedFirst, timing: timing, lost: lost)
                if waits { try lock.confirm() }
                return lock
            } catch {
                guard error.code == .locked, waited < retrySeconds else { throw error }
                try lost?.check()
                // Of different lengths, or two that met once would meet again and again.
                let pause = min(timing.retryPause * Double.random(in: 0.5...1.5), retrySeconds - waited)
                sleepSeconds(pause)
                waited += max(pause, 0.001)
            }
        }
    }

    private static func acquireOnce(
        _ repository: Repository, exclusive: Bool, isAwaited: Bool, timing: LockTiming, lost: Cancellation?
    ) throws(HikaeError) -> RepositoryLock {
        let identity = ProcessIdentity.current()
        let template = LockFile(
            time: repository.clock.now(), exclusive: exclusive, hostname: identity.hostname,
            username: identity.username, pid: identity.pid, uid: identity.uid, gid: identity.gid)
        try LockSurvey(repository).check(exclusive: exclusive, except: nil, removesDead: true)
        let id = try OwnLocks(repository).save(template)
        let lock = RepositoryLock(repository, template, id: id, timing: timing, lost: lost, isAwaited: isAwaited)
        let thread = RunningThread { [weak lock] in
            // Only a moment's strong reference at a time would let the thread outlive its lock; `release` joins it.
            lock?.keep()
        }
        lock.thread.withLock { $0 = thread }
        return lock
    }

    /// Waits until it is certain that nobody locked against us at the same moment, and that the lock was renewed in
    /// time since. Throws `.locked` otherwise, then and ever after. To be asked before anything that others may be harmed by.
    public func confirm() throws(HikaeError) {
        let outcome: HikaeError? = monitor.wait { state in
            switch state.stage {
            case .settling: return nil
            case .held: return .some(overdue(state))
            case .released: return .some(state.loss)
            case .lost(let error): return .some(error)
            }
        }
        if let outcome {
            monitor.withLock { $0.loss = $0.loss ?? outcome }
            release()
            throw outcome
        }
    }

    /// Gives the lock back. Calling it again does nothing, but returns only when the lock is gone: the process may be
    /// about to end.
    public func release() {
        releasing.withLock { _ in removeOnce() }
    }

    private func removeOnce() {
        let id: FileID? = monitor.withLock { state in
            if case .released = state.stage { return nil }
            state.stage = .released
            return state.id
        }
        guard let id else { return }
        let running = thread.withLock { held in
            defer { held = nil }
            return held
        }
        running?.join()
        // The refreshing thread has ended, so the ID is the last one.
        let last = monitor.withLock { $0.id }
        let own = OwnLocks(repository)
        try? own.remove(last)
        if last != id { try? own.remove(id) }
    }

    // MARK: The keeping thread

    /// The error for a lock that others may call stale by now, because this machine slept or its store hung.
    private func overdue(_ state: State) -> HikaeError? {
        let age = repository.clock.now().seconds - state.lastRefresh.seconds
        guard Double(age) >= timing.abandon else { return nil }
        return HikaeError(
            .locked, "the lock was not renewed for \(age) seconds: somebody else may have taken the repository",
            hint: "Nothing is lost. Run the command again.")
    }

    private func pause(_ seconds: Double) -> Bool {
        monitor.wait(seconds: seconds) { if case .released = $0.stage { true } else { nil } } ?? false
    }

    private func keep() {
        if pause(timing.settle) { return }
        let own = monitor.withLock { $0.id }
        do throws(HikaeError) {
            try LockSurvey(repository).check(exclusive: template.exclusive, except: own, removesDead: false)
            monitor.withLock { if case .settling = $0.stage { $0.stage = .held } }
        } catch {
            monitor.withLock { if case .settling = $0.stage { $0.stage = .lost(error) } }
            if !isAwaited { lost?.cancel() }
            return
        }
        var next = timing.refresh
        while !pause(next) {
            if let error = monitor.withLock({ overdue($0) }) { return lose(error) }
            do throws(HikaeError) {
                guard try refresh() else {
                    return lose(HikaeError(.locked, "somebody removed this command's lock while it was at work"))
                }
                next = timing.refresh
            } catch {
                next = min(timing.refresh, timing.refreshRetry)
            }
        }
    }

    private func lose(_ error: HikaeError) {
        monitor.withLock { if case .held = $0.stage { $0.stage = .lost(error) } }
        lost?.cancel()
    }

    /// Writes a new lock and removes the old one. False when the old one is gone already: it was taken from us.
    private func refresh() throws(HikaeError) -> Bool {
        let old = monitor.withLock { $0.id }
        guard try repository.store.exists(StoredFile(.lock, old)) else { return false }
        var renewed = template
        renewed.time = repository.clock.now()
        let own = OwnLocks(repository)
        let id = try own.save(renewed)
        monitor.withLock { state in
            state.id = id
            state.lastRefresh = renewed.time
        }
        try own.remove(old)
        return true
    }
}

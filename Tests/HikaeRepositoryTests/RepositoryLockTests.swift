// Locks keep writers and removers apart, and never outlive what they protect.

import HikaeCore
import HikaeFormat
import HikaeStore
import HikaeTesting
import Testing

@testable import HikaeRepository

struct RepositoryLockTests {
    private var timing: LockTiming {
        var timing = LockTiming()
        timing.settle = 0.01
        timing.refresh = 0.02
        timing.retryPause = 0.01
        return timing
    }

    private func foreignLock(
        _ repository: Repository, exclusive: Bool, age: Int64 = 0, host: String = "elsewhere", pid: Int = 1
    )
        throws -> FileID
    {
        let lock = LockFile(
            time: repository.clock.now().adding(seconds: -age), exclusive: exclusive, hostname: host, username: "x",
            pid: pid, uid: 0, gid: 0)
        return try repository.saveUnpacked(.lock, lock.encoded())
    }

    @Test func sharedLocksLiveSideBySideAndAnExclusiveOneStandsAlone() throws {
        let store = MemoryStore()
        let repository = try Scene.repository(in: store)
        let first = try RepositoryLock.acquire(repository, exclusive: false, timing: timing)
        let second = try RepositoryLock.acquire(repository, exclusive: false, timing: timing)
        try first.confirm()
        try second.confirm()
        let error = #expect(throws: HikaeError.self) {
            try RepositoryLock.acquire(repository, exclusive: true, timing: timing)
        }
        #expect(error?.code == .locked)
        first.release()
        second.release()
        let alone = try RepositoryLock.acquire(repository, exclusive: true, timing: timing)
        #expect(throws: HikaeError.self) { try RepositoryLock.acquire(repository, exclusive: false, timing: timing) }
        alone.release()
        alone.release()
        #expect(try store.list(.lock).isEmpty)
    }

    @Test func aLockIsRenewedAndTheOldFileGoes() throws {
        let store = MemoryStore()
        let repository = try Scene.repository(in: store)
        let lock = try RepositoryLock.acquire(repository, exclusive: false, timing: timing)
        try lock.confirm()
        let first = try store.list(.lock).map(\.id)
        #expect(first.count == 1)
        try waitUntil("another file is there in the place of the first") {
            let now = try store.list(.lock).map(\.id)
            return now != first && now.count == 1
        }
        lock.release()
        #expect(try store.list(.lock).isEmpty)
    }

    @Test func aLockThatWeMadeHereAndLeftBehindIsRemoved() throws {
        let directory = try TemporaryDirectory()
        let store = MemoryStore()
        var opening = OpenOptions()
        opening.cacheDirectory = directory.path
        let repository = try Scene.repository(in: store, opening: opening)
        let left = LockFile(
            time: repository.clock.now(), exclusive: true, hostname: ProcessIdentity.current().hostname,
            username: "x", pid: 0x7FFF_FFF0)
        _ = try OwnLocks(repository).save(left)
        let lock = try RepositoryLock.acquire(repository, exclusive: true, timing: timing)
        #expect(try store.list(.lock).count == 1)
        lock.release()
        #expect(Files.names(in: "\(directory.path)/\(repository.config.id)/locks").isEmpty)
    }

    @Test func aLockOfAnotherProgramUnderOurHostNameStandsUntilAPersonUnlocks() throws {
        let directory = try TemporaryDirectory()
        var opening = OpenOptions()
        opening.cacheDirectory = directory.path
        let repository = try Scene.repository(opening: opening)
        let host = ProcessIdentity.current().hostname
        _ = try foreignLock(repository, exclusive: true, host: host, pid: 0x7FFF_FFF0)
        #expect(throws: HikaeError.self) { try RepositoryLock.acquire(repository, exclusive: false, timing: timing) }
        #expect(try LockSurvey(repository).remove(all: false) == 1)
    }

    @Test func aLockThatSleptTooLongIsNotTrusted() throws {
        let clock = FixedClock(Timestamp(seconds: 1_000_000))
        let repository = try Scene.repository(clock: clock)
        var slow = timing
        slow.refresh = 3600
        let lock = try RepositoryLock.acquire(repository, exclusive: true, timing: slow)
        try lock.confirm()
        clock.set(Timestamp(seconds: 1_000_000 + 2000))
        let error = #expect(throws: HikaeError.self) { try lock.confirm() }
        #expect(error?.code == .locked)
    }

    @Test func workStopsWhenItsLockIsTakenAway() throws {
        let store = MemoryStore()
        let repository = try Scene.repository(in: store)
        let lost = Cancellation()
        let lock = try RepositoryLock.acquire(repository, exclusive: false, timing: timing, lost: lost)
        try lock.confirm()
        try waitUntil("the lock is known to be lost") {
            // A renewal may have been under way: then the new file has to go as well.
            _ = try LockSurvey(repository).remove(all: true)
            return lost.isCancelled
        }
        // Asked by one capture after another: what is lost stays lost.
        for _ in 0..<3 {
            let error = #expect(throws: HikaeError.self) { try lock.confirm() }
            #expect(error?.code == .locked)
        }
    }

    @Test func aLockFromElsewhereIsRespectedEvenWhenItIsOld() throws {
        let repository = try Scene.repository()
        let id = try foreignLock(repository, exclusive: true, age: 4000)
        let error = #expect(throws: HikaeError.self) {
            try RepositoryLock.acquire(repository, exclusive: false, timing: timing)
        }
        #expect(error?.code == .locked && error?.hint?.contains("unlock") == true)
        #expect(try LockSurvey(repository).locks().map(\.isStale) == [true])
        #expect(try LockSurvey(repository).remove(all: false) == 1)
        #expect(try LockSurvey(repository).locks().allSatisfy { $0.id != id })
    }

    @Test func waitingForALockEndsWhenItIsGivenBack() throws {
        let repository = try Scene.repository()
        let held = try RepositoryLock.acquire(repository, exclusive: true, timing: timing)
        let timing = timing
        let other = RunningThread {
            sleepSeconds(0.05)
            held.release()
        }
        let lock = try RepositoryLock.acquire(repository, exclusive: true, retrySeconds: 300, timing: timing)
        other.join()
        lock.release()
    }

    @Test func thoseThatLockAtOnceAndMayWaitAllGetItInTurn() throws {
        let repository = try Scene.repository()
        let timing = timing
        for _ in 0..<10 {
            let stopped = Cancellation()
            let outcome = Monitor((got: 0, adding: 0, removing: 0, met: 0))
            runThreads(4) { number in
                // Two capture, two prune.
                let isExclusive = number % 2 == 0
                guard
                    let lock = try? RepositoryLock.acquire(
                        repository, exclusive: isExclusive, retrySeconds: 300, timing: timing, lost: stopped)
                else { return }
                outcome.withLock { outcome in
                    if outcome.removing > 0 || isExclusive && outcome.adding > 0 { outcome.met += 1 }
                    outcome.got += 1
                    if isExclusive { outcome.removing += 1 } else { outcome.adding += 1 }
                }
                sleepSeconds(0.01)
                outcome.withLock { if isExclusive { $0.removing -= 1 } else { $0.adding -= 1 } }
                lock.release()
            }
            #expect(outcome.withLock { $0.got } == 4)
            #expect(outcome.withLock { $0.met } == 0)
            #expect(throws: Never.self, "nothing was stopped") { try stopped.check() }
        }
    }

    @Test func twoThatLockAtOnceDoNotBothGetIt() throws {
        let repository = try Scene.repository()
        let timing = timing
        for _ in 0..<20 {
            let holders = Monitor((now: 0, most: 0))
            runThreads(3) { _ in
                guard let lock = try? RepositoryLock.acquire(repository, exclusive: true, timing: timing) else {
                    return
                }
                holders.withLock { holders in
                    holders.now += 1
                    holders.most = max(holders.most, holders.now)
                }
                sleepSeconds(0.01)
                holders.withLock { $0.now -= 1 }
                lock.release()
            }
            #expect(holders.withLock { $0.most } <= 1)
        }
    }
}

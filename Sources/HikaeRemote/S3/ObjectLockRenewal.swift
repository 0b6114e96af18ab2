// Keeps the locks of a repository's objects from lapsing. Every version of every file that is there is locked again before
// half its time is over; what has been removed is left to its end. Never shortens a lock.

public import HikaeCore
import HikaeS3
import HikaeStore
import Synchronization

/// Renews the locks of one repository in a bucket.
public struct ObjectLockRenewal: Sendable {
    /// How the locks stand.
    public struct Standing: Sendable, Equatable {
        public var record: LockRecord?
        /// The earliest end of a lock that is known of; nil when nothing is known.
        public var until: Timestamp?
        /// Whether somebody must be told: locks end soon, have ended, or nobody knows.
        public var isOverdue: Bool
        /// Why, as a sentence; nil when all is well.
        public var reason: String?
    }

    /// What a renewal did.
    public struct Report: Sendable, Equatable {
        /// Files that are there.
        public var files: UInt64 = 0
        /// Versions that were locked again.
        public var renewed: UInt64 = 0
        /// Files that have a mark of removal over them: pruned, or removed by somebody.
        public var removed: UInt64 = 0
        /// Files with several versions of different bytes: somebody wrote over what is never written twice.
        public var overwritten: UInt64 = 0
        /// Versions that could not be locked; each was reported.
        public var failures: UInt64 = 0
        /// The earliest end of any lock.
        public var until: Timestamp?
    }

    private let store: S3Store
    public var schedule: LockSchedule

    /// Nil when the store is to lock nothing.
    public init?(_ store: S3Store) {
        guard let settings = store.objectLock else { return nil }
        (self.store, schedule) = (store, LockSchedule(settings))
    }

    private var recordKey: [UInt8] { Array((store.base + LockRecord.path).utf8) }

    /// What was written down last; nil when nothing was, or nothing that makes sense.
    public func record() throws(HikaeError) -> LockRecord? {
        do throws(HikaeError) {
            return LockRecord(try store.patient.load(recordKey, limit: 64 << 10))
        } catch {
            guard error.code == .notFound || error.code == .limit else { throw error }
            return nil
        }
    }

    /// Whether a renewal is to be made now: because of the time, or because a sample is not locked as it should be.
    public func isDue() throws(HikaeError) -> Bool {
        if schedule.isDue(try record(), now: store.clock.now()) { return true }
        return try standing().isOverdue
    }

    /// How the locks stand, by what was written down and by a sample of what is there.
    public func standing() throws(HikaeError) -> Standing {
        let now = store.clock.now()
        guard let record = try record() else {
            return Standing(
                record: nil, until: nil, isOverdue: true,
                reason: "the locks of \(store.location) have never been renewed, as far as is written down")
        }
        var standing = Standing(record: record, until: record.until, isOverdue: false, reason: nil)
        let sample = try sample()
        let shortest = sample.min { ($0.lock?.until ?? now) < ($1.lock?.until ?? now) }
        if let shortest, (shortest.lock?.until ?? now) < record.until {
            standing.until = shortest.lock?.until ?? now
            standing.isOverdue = true
            standing.reason =
                shortest.lock.map { "\(shortest.name) in \(store.location) is locked until \($0.until.display) only" }
                ?? "\(shortest.name) in \(store.location) is not locked"
        } else if let weak = sample.first(where: { $0.lock.map(schedule.settings.isWeaker) ?? false }) {
            standing.isOverdue = true
            standing.reason =
                "\(weak.name) in \(store.location) is locked in governance mode only: who has the right to can delete it"
        } else if schedule.isOverdue(until: record.until, now: now) {
            standing.isOverdue = true
            standing.reason =
                record.until > now
                ? "locks in \(store.location) end from \(record.until.display) on, and have not been renewed since "
                    + record.renewed.display
                : "locks in \(store.location) have ended since \(record.until.display): what they kept can be deleted"
        }
        return standing
    }

    /// The locks of the config, of some packs, and of one file or two of each other kind that is to be locked.
    private func sample() throws(HikaeError) -> [(name: String, lock: ObjectRetention?)] {
        var keys: [[UInt8]] = [store.key(.config)]
        for kind in FileKind.allCases where kind != .config && kind != .lock {
            let digit = kind == .pack ? String(Int.random(in: 0..<16), radix: 16) : ""
            try store.patient.list(prefix: Array("\(store.base)\(kind.folder)/\(digit)".utf8)) {
                page throws(HikaeError) in
                // What is none of a repository's files nobody locks.
                keys += page.objects.map(\.key).filter { store.file($0) != nil }.shuffled().prefix(
                    kind == .pack ? 8 : 2)
                return false
            }
        }
        var found: [(name: String, lock: ObjectRetention?)] = []
        for key in keys {
            guard let facts = try store.patient.facts(key) else { continue }
            found.append((S3Client.shown(key), facts.retention))
        }
        return found
    }

    /// Looks at every file and locks again what has less than its share of time left; writes down how all stand.
    ///
    /// - Parameter report: told of each version that could not be locked.
    /// Throws `.noRepository` when the config is not to be seen: whatever is renewed then, it is no repository.
    public func renew(progress: Progress = Progress(), report: @escaping @Sendable (HikaeError) -> Void)
        throws(HikaeError)
        -> Report
    {
        guard try store.patient.facts(store.key(.config)) != nil else {
            throw HikaeError(
                .noRepository, "there is no config in \(store.location), so there is nothing to lock",
                hint: "If somebody removed it, `hikae vault undelete` brings back what was there.")
        }
        progress.begin(phase: "locks")
        let now = store.clock.now()
        let state = Mutex(Report())
        let queue = BoundedQueue<FileHistory>(capacity: 64)
        let fatal = FirstError()
        let workers = (0..<max(1, store.traits.wantedConcurrency)).map { _ in
            RunningThread {
                while let history = queue.pop() {
                    guard fatal.value == nil else { continue }
                    progress.add(files: 1)
                    for version in history.versions {
                        let (until, isRenewed, error) = renew(history.key, version.version, now)
                        if let error, error.code == .cancelled { fatal.set(error) }
                        state.withLock { state in
                            state.until = min(state.until ?? until, until)
                            state.renewed += isRenewed ? 1 : 0
                            state.failures += error == nil ? 0 : 1
                        }
                        if let error { report(error) }
                    }
                }
            }
        }
        let walked = Result<Void, HikaeError> { () throws(HikaeError) in
            try store.eachHistory { history throws(HikaeError) in
                try fatal.check()
                guard history.file.kind != .lock else { return }
                let versions = history.versions
                let differ = Set(versions.map { "\($0.size) \($0.etag)" }).count > 1
                state.withLock { state in
                    state.files += history.isRemoved ? 0 : 1
                    state.removed += history.isRemoved ? 1 : 0
                    state.overwritten += differ ? 1 : 0
                }
                if !history.isRemoved { queue.push(history) }
            }
        }
        queue.close()
        for worker in workers { worker.join() }
        try walked.get()
        try fatal.check()
        let result = state.withLock { $0 }
        let record = LockRecord(
            settings: schedule.settings, renewed: now, until: result.until ?? now, objects: result.files)
        _ = try record.encoded().withBytes { bytes throws(HikaeError) in
            try store.patient.store(recordKey, bytes, lock: nil)
        }
        return result
    }

    /// Locks one version again if it has less than its share of time left.
    func renew(_ key: [UInt8], version: String?) throws(HikaeError) {
        if let error = renew(key, version, store.clock.now()).2 { throw error }
    }

    /// Until when a version is locked now, whether it was locked again, and what hindered it.
    private func renew(_ key: [UInt8], _ version: String?, _ now: Timestamp) -> (Timestamp, Bool, HikaeError?) {
        var known = now
        do throws(HikaeError) {
            // Removed since it was listed: nothing to lock.
            guard let facts = try store.patient.facts(key, version: version) else {
                return (schedule.settings.retention(at: now).until, false, nil)
            }
            known = facts.retention?.until ?? now
            var wanted = schedule.settings.retention(at: now)
            let isWeaker = facts.retention.map(schedule.settings.isWeaker) ?? false
            guard isWeaker || schedule.wantsRenewal(until: known, now: now) else { return (known, false, nil) }
            if facts.retention?.mode == "COMPLIANCE" { wanted.mode = "COMPLIANCE" }
            // What another machine locked for longer stays so.
            wanted.until = max(wanted.until, known)
            try store.patient.retain(key, version: version, wanted)
            try confirm(key, version, wanted)
            return (wanted.until, true, nil)
        } catch {
            return (known, false, error)
        }
    }

    /// Looks whether a lock is there that the server said it has set: some take the request and do nothing.
    private func confirm(_ key: [UInt8], _ version: String?, _ wanted: ObjectRetention) throws(HikaeError) {
        let found = try store.patient.facts(key, version: version)
        // To the second, as S3 keeps it.
        let isShort = found?.retention.map { $0.until.seconds < wanted.until.seconds || schedule.settings.isWeaker($0) }
        guard let found, isShort ?? true else { return }
        throw HikaeError(
            .refused,
            "\(store.location) said that it had locked \(S3Client.shown(key)), and it is "
                + (found.retention.map { "locked until \($0.until.display) only (\($0.mode.lowercased()))" }
                    ?? "not locked"),
            hint: "The server does not keep Object Lock, or the key may set locks and not see them: it needs the right "
                + "s3:GetObjectRetention.")
    }
}

extension ObjectLockSettings {
    /// Whether a lock can be lifted by more people than these settings allow.
    func isWeaker(_ lock: ObjectRetention) -> Bool { mode == .compliance && lock.mode != "COMPLIANCE" }
}

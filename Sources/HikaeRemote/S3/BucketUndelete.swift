// Undoes removals and overwritings in a bucket that keeps versions. The bytes decide, not the time: a file is right when its
// SHA-256 is its name. Never removes a version; takes away marks of removal only, or lays a copy on top.

import Crypto
public import HikaeCore
import HikaeS3
import HikaeStore
import Synchronization

/// Brings a repository back to what it was before somebody removed or overwrote its files.
public struct BucketUndelete: Sendable {
    /// What was done.
    public struct Report: Sendable, Equatable {
        /// Files that were gone and are there again.
        public var broughtBack: UInt64 = 0
        /// Files that had other bytes and have their own again.
        public var replaced: UInt64 = 0
        /// Files that were there before and of which no right version is left; each was reported.
        public var lost: UInt64 = 0
        /// Files that were looked at.
        public var files: UInt64 = 0
    }

    private let store: S3Store
    /// Only what was done since is undone: what had been removed before then stays removed. Nil: everything.
    private let since: Timestamp?

    /// - Parameter since: taken to the second, as S3 tells times.
    public init(_ store: S3Store, since: Timestamp?) {
        self.store = store
        self.since = since.map { Timestamp(seconds: $0.seconds) }
    }

    /// What is to be done with one file.
    enum Action: Equatable {
        case nothing
        /// Take away the marks above the version.
        case unmark(version: String, marks: [String])
        /// Lay a copy of the version on top.
        case copy(version: String)
        case lost
    }

    /// Looks at every file's history and puts right what is wrong.
    ///
    /// - Parameter report: told of each file that could not be brought back.
    public func run(progress: Progress = Progress(), report: @escaping @Sendable (HikaeError) -> Void)
        throws(HikaeError)
        -> Report
    {
        progress.begin(phase: "undelete")
        let state = Mutex(Report())
        let queue = BoundedQueue<FileHistory>(capacity: 64)
        let fatal = FirstError()
        let workers = (0..<min(8, max(1, store.traits.wantedConcurrency))).map { _ in
            RunningThread {
                while let history = queue.pop() {
                    guard fatal.value == nil else { continue }
                    progress.add(files: 1)
                    do throws(HikaeError) {
                        let action = try action(history)
                        try perform(action, history)
                        state.withLock { state in
                            switch action {
                            case .nothing: break
                            case .lost: state.lost += 1
                            case .unmark, .copy:
                                if history.isRemoved { state.broughtBack += 1 } else { state.replaced += 1 }
                            }
                        }
                        if action == .lost {
                            throw HikaeError(.damaged, "no version of \(history.file) is what its name says")
                        }
                    } catch {
                        if error.code == .cancelled { fatal.set(error) }
                        if error.code != .damaged { state.withLock { $0.lost += 1 } }
                        report(error)
                    }
                }
            }
        }
        let walked = Result<Void, HikaeError> { () throws(HikaeError) in
            try store.eachHistory { history throws(HikaeError) in
                try fatal.check()
                state.withLock { $0.files += 1 }
                if history.file.kind != .lock { queue.push(history) }
            }
        }
        queue.close()
        for worker in workers { worker.join() }
        try walked.get()
        try fatal.check()
        return state.withLock { $0 }
    }

    /// Decides from a file's history; reads versions where only their bytes can tell.
    func action(_ history: FileHistory) throws(HikaeError) -> Action {
        guard let newest = history.newest else { return .nothing }
        if let since {
            guard newest.modified >= since else { return .nothing }
            // Removed before then, and only touched again since.
            if history.entries.last(where: { $0.modified < since })?.isDeleteMarker == true { return .nothing }
        }
        let versions = history.versions
        if versions.count == 1, !newest.isDeleteMarker { return .nothing }
        guard let good = try good(versions, history), let version = good.version else {
            let wasThere = since.map { since in versions.contains { $0.modified < since } } ?? !versions.isEmpty
            return wasThere ? .lost : .nothing
        }
        if !newest.isDeleteMarker, newest.size == good.size, newest.etag == good.etag { return .nothing }
        let above = history.entries.drop { $0.version != version }.dropFirst()
        let marks = above.compactMap { $0.isDeleteMarker ? $0.version : nil }
        if marks.count == above.count { return .unmark(version: version, marks: marks) }
        return .copy(version: version)
    }

    /// The oldest version that is what its name says: nobody can put one before it. What no hash names is taken on that
    /// ground alone.
    private func good(_ versions: [ListedObject], _ history: FileHistory) throws(HikaeError) -> ListedObject? {
        guard let id = history.file.id, !history.file.kind.isExtra else { return versions.first }
        for version in versions where try hash(history.key, version) == id { return version }
        return nil
    }

    private func hash(_ key: [UInt8], _ version: ListedObject) throws(HikaeError) -> FileID {
        var hash = SHA256()
        var buffer = [UInt8](repeating: 0, count: Int(min(version.size, 8 << 20)))
        var position: UInt64 = 0
        while position < version.size {
            let count = Int(min(UInt64(buffer.count), version.size - position))
            try buffer.withMutableBytes { bytes throws(HikaeError) in
                let part = UnsafeMutableRawBufferPointer(rebasing: bytes[..<count])
                try store.patient.read(key, version: version.version, at: position, into: part)
                hash.update(bufferPointer: UnsafeRawBufferPointer(part))
            }
            position += UInt64(count)
        }
        return hash.finalize().withUnsafeBytes { FileID($0) }
    }

    private func perform(_ action: Action, _ history: FileHistory) throws(HikaeError) {
        switch action {
        case .nothing, .lost: return
        case .copy(let version):
            try store.patient.bringBack(history.key, version: version, lock: store.lock(history.file))
        case .unmark(let version, let marks):
            do throws(HikaeError) {
                for mark in marks.reversed() { try store.patient.delete(history.key, version: mark) }
            } catch {
                // A key that may write and not remove lays a copy on top.
                guard error.code == .accessDenied else { throw error }
                return try store.patient.bringBack(history.key, version: version, lock: store.lock(history.file))
            }
            // While it was hidden nobody renewed its lock.
            try ObjectLockRenewal(store)?.renew(history.key, version: version)
        }
    }
}

// Makes names durable for many uploads at once: whoever comes while a folder is being synced waits for the next sync,
// and shares it with all who came meanwhile.

internal import HikaeCore
internal import HikaeStore

/// The syncs of folders, one at a time each.
final class FolderSyncs: Sendable {
    private struct Folder {
        /// Syncs begun, and the last that has ended.
        var begun: UInt64 = 0
        var ended: UInt64 = 0
        var isRunning = false
        /// Those who wait; the folder is forgotten when there is none.
        var guests = 0
        /// The sync that failed last, and why.
        var failed: (number: UInt64, error: HikaeError)?
    }

    private let folders = Monitor<[String: Folder]>([:])
    private let sync: @Sendable (String) throws(HikaeError) -> Void

    /// - Parameter sync: makes the names in one folder durable.
    init(_ sync: @escaping @Sendable (String) throws(HikaeError) -> Void = SystemFile.syncFolder) { self.sync = sync }

    /// Returns once a sync of the folder that began after this call has ended; throws what it threw.
    func sync(_ path: String) throws(HikaeError) {
        let needed = folders.withLock { folders in
            folders[path, default: Folder()].guests += 1
            return folders[path, default: Folder()].begun + 1
        }
        defer {
            folders.withLock { folders in
                folders[path]?.guests -= 1
                if folders[path]?.guests == 0 { folders[path] = nil }
            }
        }
        // Nil: the sync needed has ended. A number: this thread is to run it.
        let mine: UInt64? = folders.wait { folders -> UInt64?? in
            guard let folder = folders[path] else { return .some(nil) }
            if folder.ended >= needed { return .some(nil) }
            if folder.isRunning { return nil }
            folders[path]?.isRunning = true
            folders[path]?.begun += 1
            return .some(folder.begun + 1)
        }
        guard let mine else {
            if let failed = folders.withLock({ $0[path]?.failed }), failed.number >= needed { throw failed.error }
            return
        }
        var failure: HikaeError?
        do throws(HikaeError) { try sync(path) } catch { failure = error }
        folders.withLock { [failure] folders in
            folders[path]?.isRunning = false
            folders[path]?.ended = mine
            if let failure { folders[path]?.failed = (mine, failure) }
        }
        if let failure { throw failure }
    }
}

// Folders of the server's own. One that was just made is not relied upon before its name is on the disk, by whom it was
// made does not matter: what is stored in it and acknowledged would go with it in a power cut.

internal import HikaeCore
internal import HikaeStore
internal import Synchronization

/// Makes folders, durable before anybody stores something in them.
final class FolderMaking: Sendable {
    /// Made, or about to be, and perhaps not on the disk.
    private let fresh = Mutex<Set<String>>([])
    private let work = Mutex<Void>(())
    private let sync: @Sendable (String) throws(HikaeError) -> Void

    /// - Parameter sync: makes the names in one folder durable.
    init(_ sync: @escaping @Sendable (String) throws(HikaeError) -> Void = SystemFile.syncFolder) { self.sync = sync }

    /// Makes the folders of these names that are missing in a folder. All of them are durable on return.
    func make(_ names: [String], in folder: String) throws(HikaeError) {
        let paths = names.map { "\(folder)/\($0)" }
        if try areThere(paths) { return }
        let outcome: Result<Void, HikaeError> = work.withLock { _ in
            do throws(HikaeError) {
                // Whoever was here before has made them, perhaps.
                if try areThere(paths) { return .success(()) }
                fresh.withLock { $0.formUnion(paths) }
                for path in paths where try !SystemFile.makeFolder(path, mode: 0o700) {
                    guard try SystemFile.isFolder(path) else {
                        throw HikaeError(.refused, "\(path) is not a folder")
                    }
                }
                try sync(folder)
                fresh.withLock { $0.subtract(paths) }
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
    }

    /// A folder is looked for first and among the fresh ones after that: the other way round one could come in between.
    private func areThere(_ paths: [String]) throws(HikaeError) -> Bool {
        for path in paths where try !SystemFile.isFolder(path) { return false }
        return fresh.withLock { $0.isEmpty || $0.isDisjoint(with: paths) }
    }
}

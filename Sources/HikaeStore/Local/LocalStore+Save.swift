// How a file comes to be in a local repository: temporary name, content, sync, name, sync of the folder.

public import HikaeCore
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Modes of new files and folders: restic gives the group what the config gives it.
struct LocalModes {
    var file: mode_t = 0o400
    var folder: mode_t = 0o700

    init(config: mode_t) {
        guard config & 0o040 != 0 else { return }
        (file, folder) = (0o440, 0o770)
    }
}

extension LocalStore {
    /// Stores a file, whole or not at all.
    public func save(_ file: StoredFile, _ content: UnsafeRawBufferPointer) throws(HikaeError) {
        // Whatever names packs comes after their names, even if a caller forgot to flush.
        if file.kind == .index || file.kind == .snapshot { try syncFolders() }
        let final = path(file)
        let modes = modes()
        let (temporary, descriptor) = try openTemporary(file, modes)
        do throws(HikaeError) {
            try SystemFile.fill(descriptor, with: content, mode: modes.file, path: temporary)
            try give(temporary, its: final, file)
        } catch {
            _ = unlink(temporary)
            throw missing(file, error)
        }
        let folder = parent(file)
        if file.kind == .pack {
            state.withLock { _ = $0.unsynced.insert(folder) }
        } else {
            try SystemFile.syncFolder(folder)
        }
    }

    /// A name in the file's own folder that no restic and no listing takes for a file of the repository.
    package func temporaryPath(_ file: StoredFile) -> String {
        "\(path(file))-tmp-\(UInt64.random(in: 0...UInt64.max))"
    }

    /// Creates the temporary file; makes a missing `data/xx` on the way, but no folder above it.
    private func openTemporary(_ file: StoredFile, _ modes: LocalModes) throws(HikaeError) -> (String, Int32) {
        let path = temporaryPath(file)
        do throws(HikaeError) {
            return (path, try SystemFile.createNew(path))
        } catch {
            guard error.code == .notFound else { throw error }
            // Folders without files get lost when a repository is copied by other programs.
            if let gone = vanished() { throw gone }
            let above = file.kind == .pack ? folder(.pack) : file.kind.isExtra ? "\(root)/hikae" : root
            if above != root { try SystemFile.makeFolder(above, mode: modes.folder) }
            try SystemFile.makeFolder(parent(file), mode: modes.folder)
            try SystemFile.syncFolder(above)
            if above != root { try SystemFile.syncFolder(root) }
            return (path, try SystemFile.createNew(path))
        }
    }

    /// Gives the temporary file its name. A config takes the place of none.
    private func give(_ temporary: String, its final: String, _ file: StoredFile) throws(HikaeError) {
        guard file.kind == .config else {
            guard rename(temporary, final) == 0 else { throw .system("rename", temporary) }
            return
        }
        // link(2) refuses a name that exists; filesystems without hard links fall back to looking first.
        if link(temporary, final) == 0 {
            _ = unlink(temporary)
            return
        }
        var isThere = errno == EEXIST
        if !isThere { isThere = try SystemFile.kind(final) != nil }
        if isThere {
            throw HikaeError(
                .repositoryExists, "there is a repository at \(location) already",
                hint: "Use it as it is, or choose another folder.")
        }
        guard rename(temporary, final) == 0 else { throw .system("rename", temporary) }
    }

    private func modes() -> LocalModes {
        if let known = state.withLock({ $0.modes }) { return known }
        var status = stat()
        guard lstat(root + "/config", &status) == 0 else { return LocalModes(config: 0) }
        let modes = LocalModes(config: status.st_mode)
        state.withLock { $0.modes = modes }
        return modes
    }
}

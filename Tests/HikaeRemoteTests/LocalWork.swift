// Whole pieces of work on a repository, and the folder behind a server as a store of this machine.

import HikaeArchive
import HikaeCore
import HikaeDestination
import HikaeFormat
import HikaeRepository
import HikaeSource
import HikaeStore
import HikaeTesting

/// The store of a folder that a server of this machine serves.
enum SFTPLocationStore {
    static func local(_ folder: String) throws -> any ObjectStore { try StoreLocation.open(folder) }
}

/// What commands do, in this process.
enum LocalWork {
    /// Saves a folder as a snapshot of its own.
    static func backup(_ folder: String, into repository: Repository) throws {
        let reports = FirstError()
        let options = ArchiveOptions(time: SystemClock().now(), paths: [folder])
        let archiver = Archiver(repository, options: options, report: { reports.set($0) })
        _ = try archiver.run(LocalFileTree(targets: [folder]).root)
        try reports.check()
    }

    /// Restores a tree into a folder.
    static func restore(_ tree: BlobID, of repository: Repository, to folder: String) throws {
        let reports = FirstError()
        let restorer = FolderRestorer(repository, options: RestoreOptions(), report: { reports.set($0) })
        _ = try restorer.restore(tree, to: folder)
        try reports.check()
    }
}

// What all parts of one reading share.

import HikaeCore
import HikaeSource

/// One reading of a folder: the connection, what goes ahead of the walk, and the counting.
final class Reading: Sendable {
    let connection: SFTPConnection
    let excludes: PathFilter
    let files: FilePrefetch
    let directories: DirectoryPrefetch
    let tally = FileTally()
    let bounds: ListingMachine.Bounds
    /// Why the folder itself could not be listed.
    let rootFailure = FirstError()

    init(_ connection: SFTPConnection, excludes: PathFilter, bounds: ListingMachine.Bounds = .init()) {
        self.connection = connection
        self.excludes = excludes
        self.bounds = bounds
        files = FilePrefetch(connection)
        directories = DirectoryPrefetch(connection)
    }

    /// Throws what makes the whole reading worthless: the folder itself was not listed, or the connection was lost for
    /// good, so that nobody knows what is missing.
    func check() throws(HikaeError) {
        try rootFailure.check()
        if let error = connection.fatalError { throw error }
    }
}

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

    init(_ connection: SFTPConnection, excludes: PathFilter, bounds: ListingMachine.Bounds = .init()) {
        self.connection = connection
        self.excludes = excludes
        self.bounds = bounds
        files = FilePrefetch(connection)
        directories = DirectoryPrefetch(connection)
    }
}

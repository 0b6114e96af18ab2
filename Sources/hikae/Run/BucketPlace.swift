// The bare store that a command works on beside the repository: locks, versions.

import HikaeCore
import HikaeOperations
import HikaeRemote
import HikaeStore

/// Stores as they are, without retries, caches and limits.
enum BucketPlace {
    /// The store that the options of every command name.
    static func store(_ global: GlobalOptions) throws(HikaeError) -> any ObjectStore {
        let location = try RepositoryPlace(global).resolveLocation()
        return try RemoteLocation.open(location, try Session.remoteOptions(global, location))
    }
}

extension PlanSession {
    /// The locks of the plan's vaults.
    var lockRound: LockRound { LockRound(plan, remote: vaults.remote) }
}

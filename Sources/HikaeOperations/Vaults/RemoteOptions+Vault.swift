// From what a plan says of a vault to what its store needs.

import HikaeCore
import HikaePlan
import HikaeRemote

extension RemoteOptions {
    /// What the plan says of the vault, over what holds otherwise.
    init(_ vault: PlanVault, otherwise: RemoteOptions) {
        self = otherwise
        let access = vault.access
        if let user = access.user { self.user = user }
        if let reference = access.credential { password = reference.provider }
        if let reference = access.accessKey {
            // A key is whole: its token is none that another key in the environment has.
            accessKeyID = reference.provider
            secretAccessKey = access.secretKey?.provider
            sessionToken = access.sessionToken?.provider
        }
        if let region = access.region { self.region = region }
        if let style = access.pathStyle { pathStyle = style }
        if let file = access.trust.certificateAuthority { trust.certificateAuthority = file }
        if let fingerprint = access.trust.fingerprint { trust.fingerprint = fingerprint }
        if let file = access.identityFile { identityFile = file }
        if !access.sshOptions.isEmpty { sshOptions = access.sshOptions }
        if let count = access.connections { connections = count }
        if let lock = access.objectLock, let mode = ObjectLockSettings.Mode(rawValue: lock.mode.rawValue) {
            objectLock = ObjectLockSettings(mode: mode, days: lock.days)
        }
    }
}

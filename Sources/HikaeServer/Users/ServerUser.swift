// Somebody who has logged in.

/// A user of a vault server, as known after the password was verified.
public struct ServerUser: Sendable, Hashable {
    /// The name that was logged in with.
    public let name: String
    /// The tenant whose repositories the user may reach; no other.
    public let tenant: String
    /// What the user may do there.
    public let role: ServerRole

    /// A user of a tenant.
    public init(name: String, tenant: String, role: ServerRole) {
        (self.name, self.tenant, self.role) = (name, tenant, role)
    }
}

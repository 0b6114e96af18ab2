// How much a tenant may store.

/// What a tenant may hold.
public struct TenantQuota: Sendable, Equatable {
    /// Bytes in all its repositories; nil: no bound.
    public var bytes: UInt64?
    /// Files in all its repositories; nil: no bound.
    public var files: Int?

    /// A quota.
    public init(bytes: UInt64? = nil, files: Int? = nil) { (self.bytes, self.files) = (bytes, files) }
}

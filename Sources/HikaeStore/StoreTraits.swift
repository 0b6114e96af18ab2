// What kind of place a store is, for those who decide how to use it: how many calls at once, what is worth a copy here.

/// What callers should know of a store.
public struct StoreTraits: Sendable, Equatable {
    /// Whether every call crosses a network, so that what is read often is worth a local copy.
    public var isRemote: Bool
    /// Calls worth having under way at once; 0: as many as the caller has processors.
    public var wantedConcurrency: Int
    /// Whether it keeps what lies beside restic's files: parity. Without, these calls throw `.unsupported`; so they do
    /// with it, when a server of others refuses.
    public var keepsExtras: Bool

    /// A disk of this machine, unless told otherwise.
    public init(isRemote: Bool = false, wantedConcurrency: Int = 0, keepsExtras: Bool = true) {
        (self.isRemote, self.wantedConcurrency, self.keepsExtras) = (isRemote, wantedConcurrency, keepsExtras)
    }

    /// Threads for work that reads or writes this store, when `usual` would do for a store of this machine.
    public func threads(_ usual: Int) -> Int { max(usual, wantedConcurrency) }
}

// A vault: a repository, and whose hands it is in.

/// A repository that copies are kept in, and who has custody of it.
public struct PlanVault: Sendable, Equatable {
    /// Unique in the plan.
    public var name: String
    /// Where the repository is, as `hikae -r` takes it; a path is absolute.
    public var repository: String
    public var password: SecretReference
    /// Nil when the plan does not say.
    public var custody: PlanCustody?
    /// How it is reached, when it is on another machine.
    public var access: PlanVaultAccess
    /// Which part of a pack its parity mends, above 0 and at most 0.25; nil: no parity is kept.
    public var parity: Double?
    public var places: PlanPlaces

    public init(
        name: String, repository: String, password: SecretReference, custody: PlanCustody? = nil,
        access: PlanVaultAccess = PlanVaultAccess(), parity: Double? = nil, places: PlanPlaces = PlanPlaces()
    ) {
        (self.name, self.repository, self.password) = (name, repository, password)
        (self.access, self.parity) = (access, parity)
        (self.custody, self.places) = (custody, places)
    }
}

/// Whose hands a vault is in, in the plan's own words. Two vaults that share one of these share a finger.
public struct PlanCustody: Sendable, Equatable {
    /// The person who can open or remove it.
    public var holder: String?
    /// The company whose machines it is on; "own" for one's own.
    public var provider: String?
    /// The account it is under; "none" for none.
    public var account: String?
    /// Where it stands.
    public var place: String?
    /// Anything else.
    public var note: String?
    public var places: PlanPlaces

    public init(
        holder: String? = nil, provider: String? = nil, account: String? = nil, place: String? = nil,
        note: String? = nil, places: PlanPlaces = PlanPlaces()
    ) {
        (self.holder, self.provider, self.account, self.place) = (holder, provider, account, place)
        (self.note, self.places) = (note, places)
    }
}

// A copy as custody sees it: what was observed, what a person said, and what nobody knows.

public import HikaeCore

/// What software cannot see, as a person said it.
public struct CustodyStatement: Sendable, Equatable {
    public var holder: String?
    /// "own" for the organisation's own machines.
    public var provider: String?
    /// "none" for none.
    public var account: String?
    public var place: String?
    /// The day on which the contract ends, as YYYY-MM-DD.
    public var contractEnd: String?
    /// Who said so; nil for what only the plan says.
    public var who: String?
    /// When it was said; nil for what only the plan says.
    public var when: Timestamp?

    public init(
        holder: String? = nil, provider: String? = nil, account: String? = nil, place: String? = nil,
        contractEnd: String? = nil, who: String? = nil, when: Timestamp? = nil
    ) {
        (self.holder, self.provider, self.account, self.place) = (holder, provider, account, place)
        (self.contractEnd, self.who, self.when) = (contractEnd, who, when)
    }

    /// This one, with what it leaves out taken from another.
    public func filled(from other: CustodyStatement?) -> CustodyStatement {
        var result = self
        result.holder = holder ?? other?.holder
        result.provider = provider ?? other?.provider
        result.account = account ?? other?.account
        result.place = place ?? other?.place
        result.contractEnd = contractEnd ?? other?.contractEnd
        return result
    }
}

/// A copy of the organisation's data: a vault, or the original at its provider.
public struct CopyCustody: Sendable, Equatable {
    /// What kind of copy it is.
    public enum Kind: String, Sendable { case vault, original }

    /// Whether what this machine holds is enough to end the copy.
    public enum Erasure: String, Sendable {
        case possible
        /// The server lets nobody delete over the network, or locks hold everything for a time.
        case refused
        case unknown
    }

    public var kind: Kind
    /// A vault's name, or "system/source".
    public var name: String
    /// For people, without secrets.
    public var address: String
    public var traits: Set<CustodyTrait>
    public var erasure: Erasure
    public var statement: CustodyStatement?
    /// What could not be looked at, each a sentence.
    public var unseen: [String]

    public init(
        _ kind: Kind, _ name: String, address: String, traits: Set<CustodyTrait> = [], erasure: Erasure = .unknown,
        statement: CustodyStatement? = nil, unseen: [String] = []
    ) {
        (self.kind, self.name, self.address, self.traits) = (kind, name, address, traits)
        (self.erasure, self.statement, self.unseen) = (erasure, statement, unseen)
    }
}

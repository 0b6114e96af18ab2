// What can happen to an agreement: each event is one line of the book.

public import HikaeCore

/// Something that happened.
public enum AgreementEvent: Sendable, Equatable {
    /// The book's first line.
    case opened(VaultIdentity, clock: String)
    /// The vault's record of time was lost, or the repository came from another server: all waiting begins anew.
    case clockChanged(String)
    /// The administrator asked for so many approvals and so many seconds of delay.
    case ruled(threshold: Int, delay: UInt64)
    /// The administrator entered a person.
    case personAdded(Person)
    /// The administrator struck a person out.
    case personRemoved(PersonName)
    /// A user of the server brought a proposal forward.
    case proposed(ProposalID, by: String)
    /// A person said yes or no. The signature was verified before it was written here.
    case said(SignedWord)
    /// A capture registered itself.
    case registered(LedgerRecord)
    /// Snapshots are there that have not registered.
    case seen([FileID])
    /// The removal of a proposal's files begins. From here on it is finished whatever happens.
    case began(ProposalID)
    /// All of a proposal's files are gone.
    case finished(ProposalID, removed: UInt64)
}

/// What the book keeps of a ledger entry; the list of packs lies in a file of its own.
public struct LedgerRecord: Sendable, Equatable {
    public var snapshot: FileID
    public var source: SourceDigest
    public var verdict: LedgerEntry.Verdict
    public var run: UInt64
    /// SHA-256 of the entry's canonical bytes.
    public var digest: FileID
    /// The snapshots that a decision is about.
    public var subjects: [FileID]

    /// The record of an entry.
    public init(
        snapshot: FileID, source: SourceDigest, verdict: LedgerEntry.Verdict, run: UInt64, digest: FileID,
        subjects: [FileID] = []
    ) {
        (self.snapshot, self.source, self.verdict) = (snapshot, source, verdict)
        (self.run, self.digest, self.subjects) = (run, digest, subjects)
    }
}

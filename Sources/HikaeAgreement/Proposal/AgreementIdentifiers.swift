// The names of what people agree on. Distinct things are distinct types.

public import HikaeCore

/// What a proposal is named by: the SHA-256 of its canonical bytes.
public enum ProposalKind {}
/// What a book of agreement is named by: 32 random bytes from its beginning.
public enum BookKind {}
/// What a source is called in a ledger: a keyed hash, so that its name does not leak.
public enum SourceDigestKind {}

/// SHA-256 of a proposal's canonical bytes.
public typealias ProposalID = Identifier<ProposalKind>
/// The random name of one vault's book.
public typealias BookID = Identifier<BookKind>
/// A source as the server knows it: the same source has the same digest, and the digest tells nothing.
public typealias SourceDigest = Identifier<SourceDigestKind>

/// Which vault a message is about: the book on the server's disk, and the repository by the SHA-256 of its config as it
/// is stored, which both sides can compute. A message for one vault means nothing to another, be it a copy.
public struct VaultIdentity: Sendable, Hashable {
    /// The book's random name.
    public let book: BookID
    /// SHA-256 of the repository's config file as stored.
    public let repository: FileID

    /// An identity of these two.
    public init(book: BookID, repository: FileID) { (self.book, self.repository) = (book, repository) }
}

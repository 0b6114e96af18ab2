// A person's word on a proposal, signed. What is signed names the vault, the proposal, the word, the person and how
// long it holds: it can be shown again, but only where it says the same.

public import HikaeCore

/// What a person can say of a proposal.
public enum AgreementWord: String, Sendable, CaseIterable {
    /// It may be carried out.
    case approve
    /// It must not, whatever others say.
    case veto
}

/// A word with its signature, as it travels.
public struct SignedWord: Sendable, Equatable {
    /// No such message is larger.
    public static let maximumBytes = 1024
    private static let domain: StaticString = "hikae agreement word 1"

    /// What is said.
    public var word: AgreementWord
    /// Which vault it is about.
    public var vault: VaultIdentity
    /// What it is said of.
    public var proposal: ProposalID
    /// Who says it.
    public var person: PersonName
    /// The vault's time, in seconds, from which on it no longer counts. A veto's does not end: the largest number.
    public var expiry: UInt64
    /// 64 bytes of Ed25519 over `message`.
    public var signature: [UInt8]

    /// Signs a word.
    public init(
        _ word: AgreementWord, on proposal: ProposalID, of vault: VaultIdentity, by person: PersonName,
        expiry: UInt64, key: PersonPrivateKey
    ) {
        (self.word, self.vault, self.proposal, self.person) = (word, vault, proposal, person)
        self.expiry = word == .veto ? .max : expiry
        signature = []
        signature = key.sign(message)
    }

    /// The bytes that are signed.
    public var message: [UInt8] {
        var writer = CanonicalWriter(domain: Self.domain)
        writer.put(word.rawValue)
        writer.put(vault.book)
        writer.put(vault.repository)
        writer.put(proposal)
        writer.put(person.text)
        writer.put(expiry)
        return writer.bytes
    }

    /// Whether this key signed it.
    public func isSigned(by key: PersonPublicKey) -> Bool { key.verifies(signature, over: message) }

    /// What travels: the message and, behind it, the signature.
    public func encoded() -> [UInt8] { message + signature }

    /// Reads what travels. Says nothing of the signature's truth. Throws `.protocolViolation`.
    public init(decoding bytes: [UInt8]) throws(HikaeError) {
        guard bytes.count > 64, bytes.count <= Self.maximumBytes else {
            throw HikaeError(
                .protocolViolation, "what was given as a signed word cannot be read: it has no such length")
        }
        var reader = try CanonicalReader(Array(bytes.dropLast(64)), domain: Self.domain, of: "signed word")
        guard let word = AgreementWord(rawValue: try reader.text(atMost: 20)) else {
            throw reader.fault("it says neither yes nor no")
        }
        self.word = word
        let book = try reader.identifier(BookKind.self)
        vault = VaultIdentity(book: book, repository: try reader.identifier(FileNameKind.self))
        proposal = try reader.identifier(ProposalKind.self)
        let name = try reader.text(atMost: 200)
        do throws(HikaeError) {
            person = try PersonName(name)
        } catch {
            throw reader.fault("it names no person")
        }
        expiry = try reader.number()
        try reader.finish()
        guard word == .approve || expiry == .max else { throw reader.fault("a veto that ends") }
        signature = Array(bytes.suffix(64))
    }
}

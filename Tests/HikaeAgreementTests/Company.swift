// A company of three with a vault: what the tests of the agreement begin with.

import HikaeCore
import HikaeFormat

@testable import HikaeAgreement

/// Three people, two of whom must agree, thirty days, and three captures of one source.
struct Company {
    static let day: UInt64 = 86400
    var state = AgreementState()
    let vault = VaultIdentity(book: BookID(words: 1, 2, 3, 4), repository: FileID(words: 5, 6, 7, 8))
    let keys: [String: PersonPrivateKey] = [
        "Sato": PersonPrivateKey(), "Anna": PersonPrivateKey(), "Ken": PersonPrivateKey(),
    ]
    let shop = SourceDigest(words: 9, 9, 9, 9)
    /// Vault time, moved by the tests.
    var now: UInt64 = 1000

    static func id(_ number: UInt64) -> FileID { FileID(words: number, 0, 0, number) }

    /// - Parameter isSetUp: whether the people are entered and the rule is given.
    init(isSetUp: Bool = true) throws {
        try apply(.opened(vault, clock: "c"))
        guard isSetUp else { return }
        for name in ["Sato", "Anna", "Ken"] { try apply(.personAdded(person(name))) }
        try apply(.ruled(threshold: 2, delay: 30 * Self.day))
    }

    mutating func apply(_ event: AgreementEvent) throws(HikaeError) { try state.apply(event, at: now) }

    func person(_ name: String, key: PersonPrivateKey? = nil) throws -> Person {
        Person(name: try PersonName(name), key: (key ?? keys[name] ?? PersonPrivateKey()).publicKey)
    }

    /// A proposal to remove some snapshots and packs.
    func proposal(_ snapshots: [UInt64] = [1], packs: [UInt64] = [], nonce: UInt8 = 0) -> Proposal {
        Proposal(
            vault: vault, snapshots: snapshots.map { .init(id: Self.id($0), label: "shop/site") },
            packs: packs.map(Self.id), indexes: [], parity: [], newIndexes: [], reason: "old", proposer: "Sato",
            nonce: [UInt8](repeating: nonce, count: 16), vaultTime: now)
    }

    /// A word of a person on a proposal.
    func word(
        _ word: AgreementWord, of name: String, on proposal: Proposal, expiry: UInt64 = .max,
        key: PersonPrivateKey? = nil
    ) throws -> SignedWord {
        SignedWord(
            word, on: proposal.id, of: proposal.vault, by: try PersonName(name), expiry: expiry,
            key: key ?? keys[name] ?? PersonPrivateKey())
    }

    mutating func approve(_ name: String, _ proposal: Proposal, expiry: UInt64 = .max) throws {
        try apply(.said(try word(.approve, of: name, on: proposal, expiry: expiry)))
    }

    mutating func register(
        _ number: UInt64, _ verdict: LedgerEntry.Verdict = .good, source: SourceDigest? = nil,
        of subjects: [UInt64] = []
    ) throws {
        try apply(
            .registered(
                LedgerRecord(
                    snapshot: Self.id(number), source: source ?? shop, verdict: verdict, run: number,
                    digest: Self.id(number), subjects: subjects.map(Self.id))))
    }

    func stage(_ proposal: Proposal) -> ProposalStanding.Stage? { state.standing(proposal.id, at: now)?.stage }

    /// What hinders a proposal, `packs` being what each registered snapshot needs.
    func obstacles(
        _ proposal: Proposal, snapshots: [UInt64], packs: [UInt64: [UInt64]] = [:]
    ) throws -> [RemovalObstacle] {
        let needs = Dictionary(uniqueKeysWithValues: packs.map { (Self.id($0.key), $0.value.map(Self.id)) })
        return try state.obstacles(
            to: proposal,
            contents: VaultContents(snapshots: Set(snapshots.map(Self.id)), indexes: [], hasOtherPacks: true), at: now
        ) { snapshot throws(HikaeError) in needs[snapshot] ?? [] }
    }
}

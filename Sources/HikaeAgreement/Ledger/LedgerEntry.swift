// What a capture tells the vault that it cannot read: which source it is of, whether it is good, and which packs it
// needs. Written once. The names in it are hashes under a key that the vault does not have.

import Crypto
public import HikaeCore
public import HikaeFormat

/// One snapshot's entry.
public struct LedgerEntry: Sendable, Equatable {
    /// What the capturing side thinks of the capture.
    public enum Verdict: String, Sendable, CaseIterable {
        /// It counts: a capture that nothing speaks against, or a snapshot that no plan made.
        case good
        /// It waits for a person.
        case suspect
        /// No capture but a person's decision, on nothing that is here.
        case decision
        /// A person's word that captures count.
        case accepted
        /// A person's word that captures do not count. It frees nothing: see `AgreementState.protected`.
        case rejected

        /// Whether it says of which snapshots it is.
        public var hasSubjects: Bool { self == .accepted || self == .rejected }
    }

    /// The bounds of what is taken from a stranger.
    public enum Limits {
        /// Packs that one snapshot needs: 16 TB in packs of 16 MiB.
        public static let packs = 1_000_000
        /// Snapshots that one decision is about: copies of one capture.
        public static let subjects = 64
        /// Bytes of a whole entry.
        public static let bytes = 33 << 20
    }

    private static let domain: StaticString = "hikae ledger entry 1"

    /// The snapshot's file.
    public var snapshot: FileID
    /// Which source it is of.
    public var source: SourceDigest
    public var verdict: Verdict
    /// Captures of the source before this one.
    public var run: UInt64
    /// Every pack that the snapshot needs, in rising order.
    public var packs: [FileID]
    /// The snapshots that a person accepted or rejected, in rising order; none for any other verdict.
    public var subjects: [FileID]

    /// An entry; the lists are put in order.
    public init(
        snapshot: FileID, source: SourceDigest, verdict: Verdict, run: UInt64, packs: [FileID], subjects: [FileID] = []
    ) {
        (self.snapshot, self.source, self.verdict, self.run) = (snapshot, source, verdict, run)
        (self.packs, self.subjects) = (packs.sorted(), verdict.hasSubjects ? subjects.sorted() : [])
    }

    /// The canonical bytes.
    public func encoded() -> [UInt8] {
        var writer = CanonicalWriter(domain: Self.domain)
        writer.put(snapshot)
        writer.put(source)
        writer.put(verdict.rawValue)
        writer.put(run)
        writer.put(packs)
        if verdict.hasSubjects { writer.put(subjects) }
        return writer.bytes
    }

    /// Reads canonical bytes. Throws `.protocolViolation`, or `.limit` for what is too large.
    public init(decoding bytes: [UInt8]) throws(HikaeError) {
        guard bytes.count <= Limits.bytes else {
            throw HikaeError(.limit, "the ledger entry has \(bytes.count) bytes where \(Limits.bytes) are the most")
        }
        var reader = try CanonicalReader(bytes, domain: Self.domain, of: "ledger entry")
        snapshot = try reader.identifier(FileNameKind.self)
        source = try reader.identifier(SourceDigestKind.self)
        guard let verdict = Verdict(rawValue: try reader.text(atMost: 20)) else {
            throw reader.fault("its verdict is none that is known")
        }
        self.verdict = verdict
        run = try reader.number()
        packs = try reader.identifiers(atMost: Limits.packs)
        subjects = verdict.hasSubjects ? try reader.identifiers(atMost: Limits.subjects) : []
        try reader.finish()
    }
}

/// Names sources for a ledger.
public struct SourceNaming: Sendable {
    private let key: SymmetricKey

    /// - Parameter master: the repository's master key; another key is derived from it for this alone.
    public init(_ master: CryptoKey) {
        let material = SymmetricKey(data: master.encoded())
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: material, info: Array("hikae ledger source 1".utf8), outputByteCount: 32)
    }

    /// The digest of a source by its parts: organisation, system and source, or a host and its paths.
    public func digest(_ parts: [String]) -> SourceDigest {
        var writer = CanonicalWriter(domain: "hikae source 1")
        writer.put(count: parts.count)
        for part in parts { writer.put(part) }
        let code = HMAC<SHA256>.authenticationCode(for: writer.bytes, using: key)
        return Array(code).withUnsafeBytes { SourceDigest($0) }
    }
}

// A proposal's canonical bytes: one proposal has one form, and what is decoded encodes to the same bytes.

public import HikaeCore

extension Proposal {
    private static let domain: StaticString = "hikae proposal 1"

    /// The canonical bytes.
    public func encoded() -> [UInt8] {
        var writer = CanonicalWriter(domain: Self.domain)
        writer.put(vault.book)
        writer.put(vault.repository)
        writer.put(count: snapshots.count)
        for snapshot in snapshots {
            writer.put(snapshot.id)
            writer.put(snapshot.label)
        }
        writer.put(packs)
        writer.put(indexes)
        writer.put(parity)
        writer.put(newIndexes)
        writer.put(reason)
        writer.put(proposer)
        writer.put(nonce)
        writer.put(vaultTime)
        return writer.bytes
    }

    /// Reads canonical bytes. Throws `.protocolViolation` for anything else, `.limit` for what is too large.
    public init(decoding bytes: [UInt8]) throws(HikaeError) {
        guard bytes.count <= Limits.bytes else {
            throw HikaeError(.limit, "the proposal has \(bytes.count) bytes where \(Limits.bytes) are the most")
        }
        var reader = try CanonicalReader(bytes, domain: Self.domain, of: "proposal")
        let book = try reader.identifier(BookKind.self)
        let repository = try reader.identifier(FileNameKind.self)
        let snapshots = try Self.snapshots(&reader)
        let packs: [FileID] = try reader.identifiers(atMost: Limits.files)
        let indexes: [FileID] = try reader.identifiers(atMost: Limits.files)
        let parity: [FileID] = try reader.identifiers(atMost: Limits.files)
        let newIndexes: [FileID] = try reader.identifiers(atMost: Limits.files)
        let reason = try reader.text(atMost: Limits.reason)
        let proposer = try reader.text(atMost: Limits.label)
        let nonce = try reader.field(atMost: 16)
        let vaultTime = try reader.number()
        try reader.finish()
        self.init(
            vault: VaultIdentity(book: book, repository: repository), snapshots: snapshots, packs: packs,
            indexes: indexes, parity: parity, newIndexes: newIndexes, reason: reason, proposer: proposer,
            nonce: nonce, vaultTime: vaultTime)
        try check(reader)
    }

    private static func snapshots(_ reader: inout CanonicalReader) throws(HikaeError) -> [Snapshot] {
        let count = try reader.count(atMost: Limits.files)
        var snapshots: [Snapshot] = []
        for _ in 0..<count {
            let id = try reader.identifier(FileNameKind.self)
            if let last = snapshots.last, last.id >= id { throw reader.fault("its snapshots are not in order") }
            snapshots.append(Snapshot(id: id, label: try reader.text(atMost: Limits.label)))
        }
        return snapshots
    }

    private func check(_ reader: CanonicalReader) throws(HikaeError) {
        guard nonce.count == 16 else { throw reader.fault("its nonce has not 16 bytes") }
        guard fileCount > 0 else { throw reader.fault("it removes nothing") }
        guard Set(indexes).isDisjoint(with: newIndexes) else {
            throw reader.fault("an index file is to go and to stay")
        }
        guard !reason.isEmpty, !proposer.isEmpty else { throw reader.fault("it does not say why, or by whom") }
    }
}

// What somebody wants to remove from a vault, file by file, and why. Its bytes are what people sign the hash of.

import Crypto
public import HikaeCore

/// A proposal to remove files. A value: once made it never changes, and any change makes another proposal.
public struct Proposal: Sendable, Equatable {
    /// A snapshot that is to go, with what the proposer says it is. Nobody needs to believe the label: who approves
    /// looks at the snapshot itself.
    public struct Snapshot: Sendable, Equatable {
        /// The snapshot's file.
        public var id: FileID
        /// Its source and time in words: "shop/site 2026-11-01 03:00".
        public var label: String

        /// A snapshot and what it is told to be.
        public init(id: FileID, label: String) { (self.id, self.label) = (id, label) }
    }

    /// The bounds of what is taken from a stranger.
    public enum Limits {
        /// Files of one kind in one proposal.
        public static let files = 250_000
        /// Bytes of a reason.
        public static let reason = 4000
        /// Bytes of a snapshot's label and of a proposer's name.
        public static let label = 400
        /// Bytes of a whole proposal.
        public static let bytes = 16 << 20
    }

    /// Which vault it is about.
    public var vault: VaultIdentity
    /// In the order of their IDs.
    public var snapshots: [Snapshot]
    /// In rising order, as the two lists after it.
    public var packs: [FileID]
    /// Index files that name packs that go.
    public var indexes: [FileID]
    /// Parity of packs that go.
    public var parity: [FileID]
    /// Index files that are there already and say what of the removed ones stays true.
    public var newIndexes: [FileID]
    /// Why, in the proposer's words.
    public var reason: String
    /// Who proposes it, as told.
    public var proposer: String
    /// 16 random bytes.
    public var nonce: [UInt8]
    /// The vault's own time when it was made, in seconds.
    public var vaultTime: UInt64

    /// A proposal; lists are put in order.
    public init(
        vault: VaultIdentity, snapshots: [Snapshot], packs: [FileID], indexes: [FileID], parity: [FileID],
        newIndexes: [FileID], reason: String, proposer: String, nonce: [UInt8], vaultTime: UInt64
    ) {
        self.vault = vault
        self.snapshots = snapshots.sorted { $0.id < $1.id }
        (self.packs, self.indexes) = (packs.sorted(), indexes.sorted())
        (self.parity, self.newIndexes) = (parity.sorted(), newIndexes.sorted())
        (self.reason, self.proposer, self.nonce, self.vaultTime) = (reason, proposer, nonce, vaultTime)
    }

    /// The name: SHA-256 of the canonical bytes.
    public var id: ProposalID { Self.id(of: encoded()) }

    /// The name of a proposal with these canonical bytes.
    public static func id(of bytes: [UInt8]) -> ProposalID {
        Array(SHA256.hash(data: bytes)).withUnsafeBytes { ProposalID($0) }
    }

    /// Files that go, all kinds together.
    public var fileCount: Int { snapshots.count + packs.count + indexes.count + parity.count }
}

// Reading back what a capture recorded: its facts, and the content that the next one is compared with.

import HikaeArchive
public import HikaeCore
public import HikaeDestination
import HikaeFormat
public import HikaeGuard
public import HikaeRepository

/// Reads captures of an open repository whose index is loaded.
public struct CaptureReading: Sendable {
    /// No record is larger.
    private static let limit = 64 << 20

    private let repository: Repository

    public init(_ repository: Repository) { self.repository = repository }

    /// The record of a capture. Throws `.notFound` when the snapshot has none, `.damaged` when it cannot be used.
    public func record(_ entry: CaptureEntry) throws(HikaeError) -> CaptureRecord {
        try CaptureRecord(decoding: bytes(CaptureRecord.fileName, of: entry.snapshot))
    }

    /// The record of a decision.
    public func record(_ entry: DecisionEntry) throws(HikaeError) -> Decision {
        try Decision(decoding: bytes(Decision.fileName, of: entry.snapshot))
    }

    /// The content of a capture: what stands at `/system/source`.
    public func content(_ entry: CaptureEntry) throws(HikaeError) -> SnapshotContent {
        try SnapshotContent(
            repository, root: entry.snapshot.snapshot.tree,
            path: [Array(entry.name.system.utf8), Array(entry.name.source.utf8)])
    }

    private func bytes(_ name: String, of snapshot: NamedSnapshot) throws(HikaeError) -> [UInt8] {
        let folder = try SnapshotContent(
            repository, root: snapshot.snapshot.tree, path: [Array(ArchiveSeal.folder.utf8)])
        guard let node = try folder.nodes()?.first(where: { $0.name == Array(name.utf8) }) else {
            throw HikaeError(.notFound, "the snapshot \(snapshot.id.short) has no record \(name)")
        }
        return try folder.bytes(of: node, limit: Self.limit)
    }
}

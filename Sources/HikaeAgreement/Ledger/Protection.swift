// What must stay whatever was signed. Decided from the ledger and from what is there, by the vault's own time: the
// vault cannot read snapshots, and does not need to.

public import HikaeCore

/// Why a vault will not carry out a proposal, or not now.
public enum RemovalObstacle: Sendable, Equatable {
    /// The newest good capture of its source.
    case lastGood(FileID)
    /// The newest good capture of its source that is older than the delay: what a flood of new captures cannot displace.
    case lastGoodBeforeDelay(FileID)
    /// It says nothing of itself, and it is among the newest or younger than the delay.
    case unknownSnapshot(FileID)
    /// A snapshot that stays needs a pack that would go.
    case neededPack(FileID, by: FileID)
    /// It stays, packs would go, and nobody has said which of them it needs.
    case unregistered(FileID)
    /// No index would be left while packs are.
    case noIndexLeft
    /// A file that the proposal counts on is not there.
    case missing(String)

    /// The reason as a sentence.
    public var reason: String {
        switch self {
        case .lastGood(let id): "the snapshot \(id.short) is the last good capture of its source"
        case .lastGoodBeforeDelay(let id):
            "the snapshot \(id.short) is the last good capture of its source that is older than the delay"
        case .unknownSnapshot(let id): "the snapshot \(id.short) is among the newest, and no capture has registered it"
        case .neededPack(let pack, let snapshot):
            "the snapshot \(snapshot.short), which stays, needs the pack \(pack.short)"
        case .unregistered(let id):
            "the snapshot \(id.short) stays, and nobody has said which packs it needs"
        case .noIndexLeft: "no index would be left"
        case .missing(let file): "there is no \(file)"
        }
    }
}

/// What is there, as far as it matters for a removal.
public struct VaultContents: Sendable {
    /// Every snapshot's file.
    public var snapshots: Set<FileID>
    /// Every index file.
    public var indexes: Set<FileID>
    /// Whether a pack is there that the proposal does not name.
    public var hasOtherPacks: Bool

    /// Contents of these.
    public init(snapshots: Set<FileID>, indexes: Set<FileID>, hasOtherPacks: Bool) {
        (self.snapshots, self.indexes, self.hasOtherPacks) = (snapshots, indexes, hasOtherPacks)
    }
}

extension AgreementState {
    /// Unregistered snapshots that stay at least, the newest.
    public static let keptUnregistered = 16

    /// Of the snapshots there, those that must stay, each with its reason.
    public func protected(among existing: Set<FileID>, at now: UInt64) -> [FileID: RemovalObstacle] {
        let delay = max(rule(at: now)?.delay ?? AgreementRule.usualDelay, 1)
        var protected: [FileID: RemovalObstacle] = [:]
        let words = LedgerDecisions(ledger) { _ in true }
        let settledWords = LedgerDecisions(ledger) { Self.age($0.time, now) >= delay }
        let captures = existing.compactMap { ledger[$0] }.filter { [.good, .suspect].contains($0.record.verdict) }
        for captures in Dictionary(grouping: captures, by: \.record.source).values {
            let ordered = captures.sorted { $0.number < $1.number }
            let old = ordered.filter { Self.age($0.time, now) >= delay }
            var settled = settledWords.views.compactMap { view in old.last(where: view) }
            // Where none is old enough, the first that there was.
            if settled.isEmpty, let first = ordered.first(where: { $0.record.verdict == .good }) { settled = [first] }
            for capture in settled {
                protected[capture.record.snapshot] = .lastGoodBeforeDelay(capture.record.snapshot)
            }
            for view in words.views {
                guard let last = ordered.last(where: view)?.record.snapshot else { continue }
                protected[last] = .lastGood(last)
            }
        }
        let unknown = existing.filter { ledger[$0] == nil }
        // What was never seen came last of all.
        let ordered = unknown.sorted { left, right in
            let (a, b) = (sightings[left], sightings[right])
            return (a?.number ?? .max, a?.place ?? 0, left) > (b?.number ?? .max, b?.place ?? 0, right)
        }
        for (place, id) in ordered.enumerated() {
            let age = sightings[id].map { Self.age($0.time, now) } ?? 0
            if place < Self.keptUnregistered || age < delay { protected[id] = .unknownSnapshot(id) }
        }
        return protected
    }

    /// What hinders a proposal's removal now. Empty: nothing.
    ///
    /// - Parameters:
    ///   - packs: the packs that a registered snapshot needs.
    public func obstacles(
        to proposal: Proposal, contents: VaultContents, at now: UInt64,
        packs needs: (FileID) throws(HikaeError) -> [FileID]
    ) throws(HikaeError) -> [RemovalObstacle] {
        var found: [RemovalObstacle] = []
        let protected = protected(among: contents.snapshots, at: now)
        for snapshot in proposal.snapshots {
            if let obstacle = protected[snapshot.id] { found.append(obstacle) }
        }
        let leaving = Set(proposal.snapshots.map(\.id))
        let goingPacks = Set(proposal.packs)
        for id in contents.snapshots.subtracting(leaving).sorted() where found.count < 100 && !goingPacks.isEmpty {
            if ledger[id] == nil {
                found.append(.unregistered(id))
            } else if let pack = try needs(id).first(where: goingPacks.contains) {
                found.append(.neededPack(pack, by: id))
            }
        }
        for id in proposal.newIndexes where !contents.indexes.contains(id) {
            found.append(.missing("index \(id.hex)"))
        }
        if !proposal.indexes.isEmpty, contents.hasOtherPacks,
            contents.indexes.subtracting(proposal.indexes).isEmpty
        {
            found.append(.noIndexLeft)
        }
        return found
    }

    /// Never negative: a record of time that goes back makes things younger.
    private static func age(_ then: UInt64, _ now: UInt64) -> UInt64 { now > then ? now - then : 0 }
}

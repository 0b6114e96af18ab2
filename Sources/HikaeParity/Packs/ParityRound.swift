// Parity beside the packs of a repository: made where it is missing, removed where its pack has gone, used where a pack
// is damaged. restic knows nothing of these files.

public import HikaeCore
import HikaeFormat
public import HikaeRepository
import HikaeStore

/// Looks after the parity of one repository.
public struct ParityRound: Sendable {
    /// What a round did.
    public struct Summary: Sendable, Equatable {
        public var packs = 0
        /// Parity that was missing, of another share, or cut off.
        public var made = 0
        /// Parity whose pack has gone.
        public var removed = 0
        /// Bytes of parity that were written.
        public var bytes: UInt64 = 0
        /// Packs that were damaged before parity could be made.
        public var rotten: [FileID] = []

        public init() {}
    }

    private let repository: Repository
    private let cancellation: Cancellation?

    public init(_ repository: Repository, cancellation: Cancellation? = nil) {
        (self.repository, self.cancellation) = (repository, cancellation)
    }

    /// Makes the parity that is missing, and anew what has another share than this; removes what has outlived its pack.
    /// The repository must be locked.
    ///
    /// - Parameter removesStale: only under an exclusive lock, or parity of packs that others add meanwhile may go too.
    ///
    /// Throws `.unsupported` for a store that keeps nothing that restic does not know.
    public func bring(
        share: Double, removesStale: Bool = true, progress: Progress? = nil
    ) throws(HikaeError) -> Summary {
        let store = repository.store
        let packs = try store.list(.pack)
        let there = Dictionary(
            try store.list(.parity).map { ($0.id, $0.size) }, uniquingKeysWith: { first, _ in first })
        var summary = Summary()
        summary.packs = packs.count
        let missing = Self.lacking(packs, there, share: share)
        try make(missing, share: share, progress, &summary)
        if removesStale { summary.removed = try remove(Set(there.keys).subtracting(packs.map(\.id))) }
        try store.flush()
        return summary
    }

    /// Brings parity after packs that were written and removed: removes what has outlived its pack, makes what is missing.
    /// The repository must be locked exclusively.
    ///
    /// - Parameter share: nil: the share of the parity that is there; where there is none, none is made.
    public func follow(share: Double?, progress: Progress? = nil) throws(HikaeError) -> Summary {
        if let share { return try bring(share: share, progress: progress) }
        let store = repository.store
        let there = try store.list(.parity)
        guard !there.isEmpty else { return Summary() }
        let packs = try store.list(.pack)
        var summary = Summary()
        summary.packs = packs.count
        let known = Set(there.map(\.id))
        let bare = packs.filter { !known.contains($0.id) && $0.size > 0 && $0.size <= PackParity.largestPack }.map(\.id)
        if !bare.isEmpty, let share = try usualShare(there) {
            try make(bare.sorted(), share: share, progress, &summary)
        }
        summary.removed = try remove(known.subtracting(packs.map(\.id)))
        try store.flush()
        return summary
    }

    /// How many packs lack parity of a share, of how many there are. Reads lists only.
    ///
    /// Throws `.unsupported` for a store that keeps nothing that restic does not know.
    public func missing(share: Double) throws(HikaeError) -> (missing: Int, packs: Int) {
        let packs = try repository.store.list(.pack)
        let there = Dictionary(
            try repository.store.list(.parity).map { ($0.id, $0.size) }, uniquingKeysWith: { first, _ in first })
        return (Self.lacking(packs, there, share: share).count, packs.count)
    }

    /// The packs that have no parity of the share.
    private static func lacking(
        _ packs: [StoredFileInfo], _ there: [FileID: UInt64], share: Double
    ) -> [FileID] {
        packs.filter { pack in
            let wanted = PackParity.bytes(ofPack: pack.size, share: share)
            // A pack that is empty or too large for parity: the latter goes without.
            return wanted.map { $0 != there[pack.id] } ?? (pack.size == 0)
        }.map(\.id).sorted()
    }

    /// The share that the largest whole parity tells: small ones are rounded up to a block. Nil when none is whole.
    private func usualShare(_ there: [StoredFileInfo]) throws(HikaeError) -> Double? {
        for info in there.sorted(by: { $0.size > $1.size }).prefix(3) {
            try cancellation?.check()
            let bytes = try repository.store.load(StoredFile(.parity, info.id))
            if let parity = try? PackParity(decoding: bytes, of: info.id) { return parity.share }
        }
        return nil
    }

    private func make(
        _ missing: [FileID], share: Double, _ progress: Progress?, _ summary: inout Summary
    ) throws(HikaeError) {
        let store = repository.store
        progress?.begin(phase: "making parity", files: missing.count)
        for id in missing {
            try cancellation?.check()
            let bytes = try store.load(StoredFile(.pack, id))
            if Digest.fileID(bytes) == id {
                let parity = try PackParity(bytes, pack: id, share: share).encoded
                try store.save(StoredFile(.parity, id), parity)
                summary.made += 1
                summary.bytes += UInt64(parity.count)
            } else {
                summary.rotten.append(id)
            }
            progress?.add(files: 1)
        }
    }

    private func remove(_ ids: Set<FileID>) throws(HikaeError) -> Int {
        for id in ids.sorted() {
            try cancellation?.check()
            try repository.store.remove(StoredFile(.parity, id))
        }
        return ids.count
    }

    /// Of some packs those whose parity is damaged. Reads it; those that have none are none.
    public func damaged(among packs: [FileID]) throws(HikaeError) -> [FileID] {
        let there: Set<FileID>
        do throws(HikaeError) {
            there = try Set(repository.store.list(.parity).map(\.id))
        } catch {
            guard error.code == .unsupported else { throw error }
            return []
        }
        var damaged: [FileID] = []
        for id in packs where there.contains(id) {
            try cancellation?.check()
            do throws(HikaeError) {
                if !PackParity.isWhole(try repository.store.load(StoredFile(.parity, id)), of: id) {
                    damaged.append(id)
                }
            } catch {
                guard error.code == .damaged || error.code == .inputOutput else { throw error }
                damaged.append(id)
            }
        }
        return damaged
    }

    /// Makes the parity of a pack anew: of the same share, or of `usual` when it does not tell any more. Whether it could
    /// be: it is made of whole packs only.
    public func renew(_ pack: FileID, usual: Double) throws(HikaeError) -> Bool {
        var share = usual
        do throws(HikaeError) {
            let old = try repository.store.load(StoredFile(.parity, pack))
            if let parity = try? PackParity(decoding: old, of: pack) { share = parity.share }
        } catch {
            guard [.notFound, .damaged, .inputOutput].contains(error.code) else { throw error }
        }
        let bytes = try repository.store.load(StoredFile(.pack, pack))
        guard Digest.fileID(bytes) == pack else { return false }
        try repository.store.save(StoredFile(.parity, pack), try PackParity(bytes, pack: pack, share: share).encoded)
        try repository.store.flush()
        return true
    }

    /// A damaged pack as it was, by its parity; nil where it has none or too much is damaged.
    public func mended(_ pack: FileID) throws(HikaeError) -> [UInt8]? {
        let parity: PackParity
        do throws(HikaeError) {
            parity = try PackParity(decoding: try repository.store.load(StoredFile(.parity, pack)), of: pack)
        } catch {
            guard [.notFound, .damaged, .unsupported].contains(error.code) else { throw error }
            return nil
        }
        var left: [UInt8] = []
        do throws(HikaeError) {
            left = try repository.store.load(StoredFile(.pack, pack))
        } catch {
            // Gone, or cut: what is not there counts as damaged.
            guard error.code == .notFound || error.code == .damaged else { throw error }
        }
        do throws(HikaeError) {
            return try parity.mend(left)
        } catch {
            guard error.code == .damaged else { throw error }
            return nil
        }
    }
}

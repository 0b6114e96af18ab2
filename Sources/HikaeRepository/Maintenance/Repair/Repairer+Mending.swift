// Mending packs from elsewhere. Unlike a repair it gives nothing up: a pack goes only when every blob that it held stands
// in others, durable and indexed; a pack of which something is found nowhere stays as it is.

public import HikaeCore
public import HikaeFormat
import HikaeStore

/// What mending did.
public struct PackMendSummary: Sendable {
    /// Packs whose content stands in others now, and that are gone.
    public var mended: [FileID] = []
    /// Packs whose content stands in others, and that stay, damaged: the store lets nobody remove them.
    public var outlived: [FileID] = []
    /// Blobs that came from elsewhere.
    public var rescued = 0
    /// Packs that stay, with the blobs that were found nowhere.
    public var lost: [FileID: [BlobID]] = [:]
    /// Why packs could not be read, where that is no damage.
    public var failures: [FileID: HikaeError] = [:]

    public init() {}
}

extension Repairer {
    /// Where blobs are asked for: the plaintext, nil where nobody has it.
    public typealias Rescue = (BlobID, BlobType) throws(HikaeError) -> [UInt8]?

    /// One pack while it is mended.
    private struct Patient {
        let pack: FileID
        let blobs: [PackedBlob]
        /// Blobs of it that stand in other packs already.
        var safe: Set<BlobID> = []
        var lost: [BlobID] = []
    }

    /// Moves what damaged or missing packs hold to new packs, taking from elsewhere what is not whole in them.
    ///
    /// What can be rescued of a pack that must stay is saved as well, so that as much as possible can be restored. What
    /// stands whole in other packs is not saved again: made again and again, this adds nothing.
    /// - Throws: `.damaged` when an index file cannot be read; then nothing has changed.
    public func mendPacks(_ ids: [FileID], rescue: Rescue) throws(HikaeError) -> PackMendSummary {
        try repository.loadIndexAnew(progress: progress)
        let index = repository.index
        let damaged = Set(ids)
        let known = try index.blobs(of: damaged, PackTable(index))
        let sizes = Dictionary(
            try repository.store.list(.pack).map { ($0.id, $0.size) }, uniquingKeysWith: { first, _ in first })
        var summary = PackMendSummary()
        var options = BlobWriter.Options()
        options.storesKnownBlobs = true
        progress?.begin(phase: "mending packs", files: ids.count)
        try BlobWriter.session(repository, options: options) { saver throws(HikaeError) in
            for pack in damaged.sorted() {
                try cancellation?.check()
                guard let blobs = known[pack] else { continue }
                var patient = Patient(pack: pack, blobs: try places(pack, blobs, size: sizes[pack]))
                try findElsewhere(&patient, damaged)
                try find(&patient, rescue, saver, &summary)
                if patient.lost.isEmpty, summary.failures[pack] == nil { try move(&patient, saver, &summary) }
                if !patient.lost.isEmpty {
                    summary.lost[pack] = patient.lost.sorted()
                } else if summary.failures[pack] == nil {
                    summary.mended.append(pack)
                }
                progress?.add(files: 1)
            }
        }
        // New index files beside old ones that nobody may remove would only pile up, run after run.
        if !summary.mended.isEmpty, try !mayRemovePacks() {
            (summary.outlived, summary.mended) = (summary.mended, [])
        }
        try drop(Set(summary.mended), sizes)
        return summary
    }

    /// Whether the store removes packs for us: asked of one that is not there, so that nothing hangs on the answer.
    private func mayRemovePacks() throws(HikaeError) -> Bool {
        do throws(HikaeError) {
            try repository.store.remove(StoredFile(.pack, Digest.fileID(SecureRandom.bytes(32))))
            return true
        } catch {
            switch error.code {
            case .notFound: return true
            case .refused, .permission, .accessDenied, .unsupported: return false
            default: throw error
            }
        }
    }

    /// Takes packs out of the repository whose content stands in others.
    private func drop(_ packs: Set<FileID>, _ sizes: [FileID: UInt64]) throws(HikaeError) {
        if !packs.isEmpty {
            try IndexRewriter(repository: repository, progress: progress, cancellation: cancellation)
                .rewrite(dropping: packs)
            for id in packs.sorted() where sizes[id] != nil { try repository.removeFile(.pack, id) }
        }
        try repository.store.flush()
        try repository.loadIndex()
    }

    /// What the index knows of a pack, and its header where that can be read.
    private func places(_ pack: FileID, _ known: [PackedBlob], size: UInt64?) throws(HikaeError) -> [PackedBlob] {
        guard let size else { return known }
        do throws(HikaeError) {
            return known + (try header(of: pack, size: size)).filter { !known.contains($0) }
        } catch {
            if error.code == .cancelled { throw error }
            return known
        }
    }

    /// Finds the blobs that stand, whole, in packs that nothing is wrong with: what a mending before this one saved.
    private func findElsewhere(_ patient: inout Patient, _ damaged: Set<FileID>) throws(HikaeError) {
        let index = repository.index
        var streamer = PackStreamer(repository)
        for blob in patient.blobs where !patient.safe.contains(blob.id) {
            for copy in index.copies(blob.id, blob.type) where !damaged.contains(copy.pack) {
                try cancellation?.check()
                let there = PackedBlob(
                    id: blob.id, type: blob.type, offset: copy.offset, length: copy.length,
                    uncompressedLength: copy.uncompressedLength)
                var isWhole = false
                try streamer.stream(copy.pack, [there]) { _, result in if case .success = result { isWhole = true } }
                guard isWhole else { continue }
                patient.safe.insert(blob.id)
                break
            }
        }
    }

    /// Looks for each blob that is not whole in the pack: in this repository, then elsewhere.
    private func find(
        _ patient: inout Patient, _ rescue: Rescue, _ saver: BlobSaver, _ summary: inout PackMendSummary
    ) throws(HikaeError) {
        var missing: [PackedBlob] = []
        var failure: HikaeError?
        var streamer = PackStreamer(repository)
        let wanted = patient.blobs.filter { !patient.safe.contains($0.id) }
        try streamer.stream(patient.pack, wanted) { blob, result throws(HikaeError) in
            guard case .failure(let error) = result else { return }
            if error.code == .cancelled { throw error }
            // A bad sector is as good as damage here: nothing goes before its content stands elsewhere. What says
            // nothing of the bytes (a server that is away) is left for another day.
            if error.isLoss || error.code == .notFound || error.code == .inputOutput {
                missing.append(blob)
            } else {
                failure = failure ?? error
            }
        }
        if let failure { summary.failures[patient.pack] = failure }
        for blob in missing where !patient.safe.contains(blob.id) {
            try cancellation?.check()
            if try own(blob) != nil { continue }
            guard let bytes = try rescue(blob.id, blob.type), Digest.blobID(bytes) == blob.id else {
                patient.lost.append(blob.id)
                continue
            }
            if try save(bytes, blob, saver) { summary.rescued += 1 }
            patient.safe.insert(blob.id)
        }
    }

    /// Saves everything that a pack holds and that does not stand in other packs yet.
    private func move(
        _ patient: inout Patient, _ saver: BlobSaver, _ summary: inout PackMendSummary
    ) throws(HikaeError) {
        var streamer = PackStreamer(repository)
        var lost: [BlobID] = []
        let wanted = patient.blobs.filter { !patient.safe.contains($0.id) }
        try streamer.stream(patient.pack, wanted) { blob, result throws(HikaeError) in
            switch result {
            case .success(let opened): _ = try saver.save(sealed: opened.sealed, blob)
            case .failure:
                if let bytes = try own(blob) { _ = try save(bytes, blob, saver) } else { lost.append(blob.id) }
            }
        }
        patient.lost += lost
    }

    /// The blob from any place in this repository; nil where none is whole.
    private func own(_ blob: PackedBlob) throws(HikaeError) -> [UInt8]? {
        do throws(HikaeError) {
            return try repository.blob(blob.id, blob.type)
        } catch {
            if error.code == .cancelled { throw error }
            return nil
        }
    }

    private func save(_ bytes: [UInt8], _ blob: PackedBlob, _ saver: BlobSaver) throws(HikaeError) -> Bool {
        try bytes.withBytes { content throws(HikaeError) in try saver.save(content, blob.type, id: blob.id).isNew }
    }
}

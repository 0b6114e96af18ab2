// Repairing packs: what is whole in a damaged pack moves to a new one, and the damaged one goes.

public import HikaeCore
public import HikaeFormat
import HikaeStore

extension Repairer {
    /// Saves the whole blobs of damaged packs into new packs and takes the damaged ones out of the repository.
    ///
    /// - Parameter keepCopy: handed the bytes of each pack before anything changes; what it throws ends the repair.
    /// - Parameter rescue: asked for each blob that is not whole: its plaintext from elsewhere, nil where nobody has it.
    /// - Throws: `.damaged` when an index file cannot be read: repair the index first. The error of a pack that could not
    ///   be read but may be whole; then no pack is gone.
    public func repairPacks(
        _ ids: [FileID], keepCopy: ((FileID, [UInt8]) throws(HikaeError) -> Void)? = nil,
        rescue: ((BlobID, BlobType) throws(HikaeError) -> [UInt8]?)? = nil
    ) throws(HikaeError) -> PackRepairSummary {
        let packs = Set(ids)
        guard !packs.isEmpty else { throw HikaeError(.usage, "no packs were named to repair") }
        try repository.loadIndexAnew(progress: progress)
        var summary = PackRepairSummary()
        let index = repository.index
        let table = PackTable(index)
        let known = try index.blobs(of: packs, table)
        let sizes = Dictionary(
            try repository.store.list(.pack).map { ($0.id, $0.size) }, uniquingKeysWith: { first, _ in first })
        for id in packs where sizes[id] == nil && known[id] == nil {
            throw HikaeError(.notFound, "there is no pack \(id.hex)", hint: "`hikae check --read-data` names them.")
        }
        if let keepCopy, !options.dryRun {
            for id in packs.sorted() where sizes[id] != nil { try copy(id, to: keepCopy) }
        }
        try salvage(packs.sorted(), known, sizes, index, rescue, &summary)
        summary.removed = packs.sorted()
        guard !options.dryRun else { return summary }
        try IndexRewriter(repository: repository, progress: progress, cancellation: cancellation)
            .rewrite(dropping: { packs.contains($0) })
        for id in packs.sorted() where sizes[id] != nil {
            try cancellation?.check()
            try repository.removeFile(.pack, id)
        }
        try repository.store.flush()
        try repository.loadIndex()
        return summary
    }

    private func copy(
        _ id: FileID, to keepCopy: (FileID, [UInt8]) throws(HikaeError) -> Void
    ) throws(HikaeError) {
        let bytes: [UInt8]
        do throws(HikaeError) {
            bytes = try repository.store.load(StoredFile(.pack, id))
        } catch {
            throw unread(id, error)
        }
        try keepCopy(id, bytes)
    }

    /// A pack that cannot be read may be whole, and is the only place where what it holds is.
    private func unread(_ id: FileID, _ error: HikaeError) -> HikaeError {
        HikaeError(
            error.code, "pack \(id.hex) could not be read, and stays: \(error.message)",
            hint: "Nothing was removed. If its disk is failing, put what can still be read of the pack in its place, "
                + "for example with ddrescue, and repair it then.", isRetryable: error.isRetryable)
    }

    private func salvage(
        _ packs: [FileID], _ known: [FileID: [PackedBlob]], _ sizes: [FileID: UInt64], _ index: BlobIndex,
        _ rescue: ((BlobID, BlobType) throws(HikaeError) -> [UInt8]?)?, _ summary: inout PackRepairSummary
    ) throws(HikaeError) {
        var options = BlobWriter.Options()
        options.storesKnownBlobs = true
        options.isDryRun = self.options.dryRun
        var failed: Set<BlobID> = []
        var saved: Set<BlobID> = []
        progress?.begin(phase: "salvaging intact data", files: packs.count)
        try BlobWriter.session(repository, options: options) { saver throws(HikaeError) in
            var streamer = PackStreamer(repository)
            for pack in packs {
                try cancellation?.check()
                let blobs = try blobsToTry(pack, known[pack] ?? [], size: sizes[pack])
                try streamer.stream(pack, blobs) { blob, result throws(HikaeError) in
                    switch result {
                    case .success(let opened):
                        if try saver.save(sealed: opened.sealed, blob).isNew { summary.saved += 1 }
                        saved.insert(blob.id)
                    case .failure(let error):
                        // Only a pack that is gone altogether can have nothing in it.
                        guard error.isLoss || (error.code == .notFound && sizes[pack] == nil) else {
                            throw unread(pack, error)
                        }
                        note("failed to load blob \(blob.id.hex): \(error.message)")
                        // What another gives must be what the name says, whoever gives it.
                        if let rescue, let bytes = try rescue(blob.id, blob.type), Digest.blobID(bytes) == blob.id {
                            let isNew = try bytes.withBytes { content throws(HikaeError) in
                                try saver.save(content, blob.type, id: blob.id).isNew
                            }
                            if isNew { summary.rescued += 1 }
                            saved.insert(blob.id)
                        } else {
                            failed.insert(blob.id)
                        }
                    }
                }
                progress?.add(files: 1)
            }
        }
        let damaged = Set(packs)
        summary.lost = failed.subtracting(saved).filter { id in
            !(index.copies(id, .data) + index.copies(id, .tree)).contains { !damaged.contains($0.pack) }
        }.sorted()
    }

    /// Every place in a pack where a blob may stand: by the index, and by the header where that can be read.
    private func blobsToTry(
        _ pack: FileID, _ known: [PackedBlob], size: UInt64?
    ) throws(HikaeError) -> [PackedBlob] {
        guard let size else { return known }
        let header: [PackedBlob]
        do throws(HikaeError) {
            header = try self.header(of: pack, size: size)
        } catch {
            guard error.isLoss else { throw unread(pack, error) }
            if known.isEmpty {
                note("no blobs found for pack \(pack.hex): its header is damaged and no index knows it")
            }
            return known
        }
        var blobs = known
        for blob in header where !known.contains(blob) { blobs.append(blob) }
        return blobs
    }
}

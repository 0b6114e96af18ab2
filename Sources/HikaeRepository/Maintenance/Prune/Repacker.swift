// Writes chosen blobs into new packs, of the same repository or another. Verifies every blob before it writes it.

import HikaeCore
import HikaeFormat
import Synchronization

/// Copies blobs from packs into new packs, and indexes those.
struct Repacker: Sendable {
    let source: Repository
    let destination: Repository
    let threads: Int
    let progress: Progress?
    let cancellation: Cancellation?
    /// Whether many blobs will have to be compressed, which wants a saver a thread.
    let compressesAnew: Bool

    init(
        from source: Repository, to destination: Repository, threads: Int, progress: Progress?,
        cancellation: Cancellation?, compressesAnew: Bool = false
    ) {
        self.source = source
        self.destination = destination
        self.threads = threads
        self.progress = progress
        self.cancellation = cancellation
        self.compressesAnew = compressesAnew
    }

    /// Copies; on return the new packs and the index that names them are durable.
    ///
    /// A blob that is damaged where the extract has it is taken from another copy.
    /// - Returns: blobs written and their bytes in the new packs.
    /// - Throws: `.damaged` when a blob has no whole copy. Nothing of the old packs is touched in any case.
    @discardableResult
    func copy(_ extracts: [PackExtract], index: BlobIndex) throws(HikaeError) -> (blobs: Int, bytes: Int) {
        let isSame = source === destination
        var options = BlobWriter.Options()
        options.storesKnownBlobs = isSame
        let writer = try BlobWriter(destination, options: options)
        let queue = BoundedQueue<PackExtract>(capacity: extracts.count)
        for extract in extracts { queue.push(extract) }
        queue.close()
        let failure = FirstError()
        let count = min(threads, extracts.count)
        // Blobs that keep their seal are only moved: one saver does, and one half-filled pack is all the memory.
        let savers = (0..<(isSame && !compressesAnew ? 1 : count)).map { _ in Monitor(writer.makeSaver()) }
        runThreads(count) { [self] thread in
            var streamer = PackStreamer(source)
            while failure.value == nil, let extract = queue.pop() {
                do throws(HikaeError) {
                    try cancellation?.check()
                    try copy(extract, index, &streamer, savers[thread % savers.count], keepsSeal: isSame)
                } catch {
                    failure.set(error)
                }
                progress?.add(files: 1)
            }
        }
        for saver in savers { saver.withLock { $0.close() } }
        if let error = failure.value {
            writer.abandon()
            throw error
        }
        try writer.finish()
        let statistics = writer.statistics
        return (
            statistics.dataBlobs.load(ordering: .relaxed) + statistics.treeBlobs.load(ordering: .relaxed),
            statistics.dataBytesStored.load(ordering: .relaxed) + statistics.treeBytesStored.load(ordering: .relaxed)
        )
    }

    private func copy(
        _ extract: PackExtract, _ index: BlobIndex, _ streamer: inout PackStreamer, _ saver: Monitor<BlobSaver>,
        keepsSeal: Bool
    ) throws(HikaeError) {
        try streamer.stream(extract.pack, extract.blobs(in: index)) { blob, result throws(HikaeError) in
            var outcome: Swift.Result<Void, HikaeError> = .success(())
            saver.withLock { saver in
                do throws(HikaeError) {
                    try save(blob, result, saver, keepsSeal: keepsSeal)
                } catch {
                    outcome = .failure(error)
                }
            }
            try outcome.get()
        }
    }

    private func save(
        _ blob: PackedBlob, _ result: Swift.Result<OpenedBlob, HikaeError>, _ saver: BlobSaver, keepsSeal: Bool
    ) throws(HikaeError) {
        switch result {
        case .success(let opened):
            // What is compressed as it would be again need not be sealed again either.
            if keepsSeal, blob.isCompressed || !saver.compresses(blob.type) {
                _ = try saver.save(sealed: opened.sealed, blob)
            } else if let compressed = opened.compressed, saver.acceptsCompressed {
                try compressed.withBytes { buffer throws(HikaeError) in _ = try saver.save(compressed: buffer, blob) }
            } else {
                try save(opened.plaintext, blob, saver)
            }
        case .failure(let error):
            guard let bytes = try? source.blob(blob.id, blob.type) else { throw error }
            try save(bytes, blob, saver)
        }
    }

    private func save(_ plaintext: [UInt8], _ blob: PackedBlob, _ saver: BlobSaver) throws(HikaeError) {
        try plaintext.withBytes { buffer throws(HikaeError) in
            _ = try saver.save(buffer, blob.type, id: blob.id)
        }
    }
}

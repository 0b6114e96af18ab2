// Reads chosen blobs of one pack in few, large reads and opens them. Hands out only what its hash proves.

import HikaeCore
import HikaeFormat
import HikaeStore

/// A blob that was opened and verified. Valid only while it is handed out.
struct OpenedBlob {
    let plaintext: [UInt8]
    /// As it stands in its pack.
    let sealed: UnsafeRawBufferPointer
    /// Unsealed but still compressed; nil when it is not compressed.
    let compressed: [UInt8]?
}

/// Reads packs with buffers that are used again. One thread at a time; make one a thread.
struct PackStreamer {
    /// Bytes read at once, unless one blob alone is larger.
    static let runBytes: UInt64 = 4 << 20
    /// Bytes between two wanted blobs that are read along rather than read around.
    static let gapBytes: UInt64 = 128 << 10

    private let store: any ObjectStore
    private var opener: BlobOpener
    private var sealed: [UInt8] = []
    private var plaintext: [UInt8] = []

    init(_ repository: Repository) {
        store = repository.store
        opener = BlobOpener(repository)
    }

    /// Opens `blobs` of `pack`, in the order of their offsets.
    ///
    /// - Parameter each: told each blob and what it was opened to, or what is wrong with it.
    /// - Throws: what `each` throws. A pack that cannot be read is reported blob by blob.
    mutating func stream(
        _ pack: FileID, _ blobs: [PackedBlob],
        each: (PackedBlob, Swift.Result<OpenedBlob, HikaeError>) throws(HikaeError) -> Void
    ) throws(HikaeError) {
        guard !blobs.isEmpty else { return }
        let sorted = blobs.sorted { $0.offset < $1.offset }
        let file = StoredFile(.pack, pack)
        let size: UInt64
        do throws(HikaeError) {
            size = try store.size(file)
        } catch {
            for blob in sorted { try each(blob, .failure(error)) }
            return
        }
        var start = 0
        while start < sorted.count {
            let end = runEnd(sorted, from: start, size: size)
            try read(file, sorted[start..<end], size: size, each: each)
            start = end
        }
    }

    /// The end of the run of blobs that begins at `start`.
    private func runEnd(_ blobs: [PackedBlob], from start: Int, size: UInt64) -> Int {
        let first = UInt64(blobs[start].offset)
        var reached = first + UInt64(blobs[start].length)
        var end = start + 1
        while end < blobs.count, reached <= size {
            let next = UInt64(blobs[end].offset)
            let nextEnd = next + UInt64(blobs[end].length)
            guard next <= reached + Self.gapBytes, nextEnd <= size, max(reached, nextEnd) - first <= Self.runBytes
            else { break }
            reached = max(reached, nextEnd)
            end += 1
        }
        return end
    }

    private mutating func read(
        _ file: StoredFile, _ run: ArraySlice<PackedBlob>, size: UInt64,
        each: (PackedBlob, Swift.Result<OpenedBlob, HikaeError>) throws(HikaeError) -> Void
    ) throws(HikaeError) {
        guard let first = run.first else { return }
        let start = UInt64(first.offset)
        let end = run.reduce(start) { max($0, UInt64($1.offset) + UInt64($1.length)) }
        guard end <= size else {
            let error = HikaeError(
                .damaged, "\(file.description) ends at \(size), before the end of the blob \(first.id.short)")
            for blob in run { try each(blob, .failure(error)) }
            return
        }
        let count = Int(end - start)
        if sealed.count < count { sealed = [UInt8](repeating: 0, count: count) }
        let store = store
        do throws(HikaeError) {
            try sealed.withMutableBytes { bytes throws(HikaeError) in
                try store.read(file, at: start, into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<count]))
            }
        } catch {
            // One bad sector must not take its neighbours along.
            if run.count > 1 {
                for index in run.indices { try read(file, run[index...index], size: size, each: each) }
            } else {
                try each(first, .failure(error))
            }
            return
        }
        for blob in run {
            let offset = Int(UInt64(blob.offset) - start)
            // Taken out for the call: the opener writes to one buffer while it reads the other.
            let bytes = sealed
            try bytes.withBytes { bytes throws(HikaeError) in
                let part = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + Int(blob.length)])
                do throws(HikaeError) {
                    try opener.open(part, blob, into: &plaintext)
                } catch {
                    try each(blob, .failure(error))
                    return
                }
                let compressed = blob.isCompressed ? opener.opened : nil
                try each(
                    blob, .success(OpenedBlob(plaintext: plaintext, sealed: part, compressed: compressed)))
            }
        }
    }
}

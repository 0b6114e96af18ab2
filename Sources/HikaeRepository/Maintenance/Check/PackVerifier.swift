// Reads one pack from end to end and compares it with its name, its header and the index. Reports, repairs nothing.

import HikaeCore
import HikaeFormat
import HikaeStore

/// What is wrong with one pack.
struct PackVerdict {
    /// Faults of the pack as a whole, with the kind they are reported as.
    var faults: [(CheckFinding.Kind, String)] = []
    /// Blobs whose bytes are not what they must be.
    var damaged: [(PackedBlob, HikaeError)] = []
    /// Whether the header could be read, so that every blob was looked at.
    var hasHeader = true
    var bytesRead: UInt64 = 0

    var isSound: Bool { faults.isEmpty && damaged.isEmpty }
}

/// Verifies packs with buffers that are used again. One thread at a time; make one a thread.
struct PackVerifier {
    /// Bytes read and hashed at once, unless one blob alone is larger.
    static let runBytes = 2 << 20

    private let repository: Repository
    private let index: BlobIndex
    private let cancellation: Cancellation?
    private var opener: BlobOpener
    private var buffer: [UInt8] = []
    private var plaintext: [UInt8] = []

    init(_ repository: Repository, cancellation: Cancellation?) {
        self.repository = repository
        self.cancellation = cancellation
        index = repository.index
        opener = BlobOpener(repository)
    }

    /// Verifies the pack `id` of `size` bytes, of which the index knows `indexed` blobs.
    ///
    /// A pack that fails is read once more, to tell a bad reading from bad bytes.
    mutating func verify(_ id: FileID, size: UInt64, indexed: UInt32) throws(HikaeError) -> PackVerdict {
        let first = try attempt(id, size: size, indexed: indexed)
        if first.isSound { return first }
        var second = try attempt(id, size: size, indexed: indexed)
        if second.isSound {
            let message = "read wrongly once and rightly the second time: the disk, the memory or the network is faulty"
            second.faults.append((.packUnreadable, message))
        }
        return second
    }

    private mutating func attempt(_ id: FileID, size: UInt64, indexed: UInt32) throws(HikaeError) -> PackVerdict {
        try cancellation?.check()
        var verdict = PackVerdict()
        let file = StoredFile(.pack, id)
        let store = repository.store
        var header: [PackedBlob]?
        do throws(HikaeError) {
            header = try PackHeader.read(size: size, key: repository.key) { offset, length throws(HikaeError) in
                try store.load(file, range: offset..<offset + UInt64(length))
            }
        } catch {
            verdict.hasHeader = false
            verdict.faults.append((.packHeader, "the header cannot be read: \(error.message)"))
        }
        do throws(HikaeError) {
            let hash = try readAll(file, size: size, blobs: header ?? [], &verdict)
            if hash != id { verdict.faults.append((.packDamaged, "the bytes have the hash \(hash.hex)")) }
        } catch {
            if error.code == .cancelled { throw error }
            verdict.faults.append((.packUnreadable, "it cannot be read: \(error.message)"))
            verdict.hasHeader = false
        }
        if let header { compare(header, id, indexed, &verdict) }
        return verdict
    }

    /// Reads the whole file, opens the blobs on the way, returns the file's hash.
    private mutating func readAll(
        _ file: StoredFile, size: UInt64, blobs: [PackedBlob], _ verdict: inout PackVerdict
    ) throws(HikaeError) -> FileID {
        var hasher = FileHasher()
        var position: UInt64 = 0
        var next = 0
        while position < size {
            var count = 0
            let firstBlob = next
            while next < blobs.count, count == 0 || count + Int(blobs[next].length) <= Self.runBytes {
                count += Int(blobs[next].length)
                next += 1
            }
            if next == firstBlob { count = Int(min(UInt64(Self.runBytes), size - position)) }
            try read(file, at: position, count: count)
            buffer.withUnsafeBytes { hasher.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            openBlobs(blobs[firstBlob..<next], base: position, &verdict)
            position += UInt64(count)
            verdict.bytesRead += UInt64(count)
        }
        return hasher.finish()
    }

    private mutating func read(_ file: StoredFile, at position: UInt64, count: Int) throws(HikaeError) {
        if buffer.count < count { buffer = [UInt8](repeating: 0, count: max(count, Self.runBytes)) }
        let store = repository.store
        try buffer.withMutableBytes { bytes throws(HikaeError) in
            try store.read(file, at: position, into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<count]))
        }
    }

    private mutating func openBlobs(_ blobs: ArraySlice<PackedBlob>, base: UInt64, _ verdict: inout PackVerdict) {
        for blob in blobs {
            let start = Int(UInt64(blob.offset) - base)
            do throws(HikaeError) {
                try buffer.withBytes { bytes throws(HikaeError) in
                    let sealed = UnsafeRawBufferPointer(rebasing: bytes[start..<start + Int(blob.length)])
                    try opener.open(sealed, blob, into: &plaintext)
                }
            } catch {
                verdict.damaged.append((blob, error))
            }
        }
    }

    private func compare(_ header: [PackedBlob], _ id: FileID, _ indexed: UInt32, _ verdict: inout PackVerdict) {
        var known = 0
        var unknown: [BlobID] = []
        for blob in header {
            let copies = index.copies(blob.id, blob.type)
            let isKnown = copies.contains {
                $0.pack == id && $0.offset == blob.offset && $0.length == blob.length
                    && $0.uncompressedLength == blob.uncompressedLength
            }
            if isKnown { known += 1 } else { unknown.append(blob.id) }
        }
        if !unknown.isEmpty {
            let names = unknown.prefix(3).map(\.short).joined(separator: ", ")
            verdict.faults.append(
                (.packHeader, "\(unknown.count) of its blobs are not in the index or stand elsewhere: \(names)"))
        }
        if known < Int(indexed) {
            verdict.faults.append((.packHeader, "the index has \(Int(indexed) - known) blobs that it does not hold"))
        }
    }
}

// A pack being filled in memory: sealed blobs one behind the other, then the header.

import HikaeCore
import HikaeFormat

/// A pack that is complete and named, not stored yet.
struct FinishedPack: Sendable {
    let id: FileID
    private(set) var bytes: [UInt8]
    let blobs: [PackedBlob]

    /// Gives the pack's memory away, emptied, to be used again.
    mutating func takeBuffer() -> [UInt8] {
        var buffer: [UInt8] = []
        swap(&buffer, &bytes)
        buffer.removeAll(keepingCapacity: true)
        return buffer
    }
}

/// A pack being filled. One thread at a time.
struct PackBuilder: Sendable {
    private(set) var bytes: [UInt8]
    private(set) var blobs: [PackedBlob] = []

    init() { bytes = [] }

    /// A builder that writes into `buffer`, which is empty and whose capacity is kept. Room for `capacity`
    /// bytes is taken at once: growing step by step would copy, and touch, as much again.
    init(buffer: consuming [UInt8], capacity: Int) {
        bytes = buffer
        // Asked only when needed: an array that two still hold would be allocated anew.
        if bytes.capacity < capacity { bytes.reserveCapacity(capacity) }
    }

    var isEmpty: Bool { blobs.isEmpty }

    /// Bytes of the pack if it were closed now, near enough.
    var size: Int {
        let header = blobs.count * PackHeader.compressedEntrySize + CryptoKey.overhead + 4
        return bytes.count + header
    }

    /// Whether another blob would make the header longer than readers accept.
    var isHeaderFull: Bool { !Self.headerFits(blobs.count + 1) }

    /// Whether a pack of so many blobs has a header that readers accept.
    static func headerFits(_ blobCount: Int) -> Bool {
        blobCount * PackHeader.compressedEntrySize + CryptoKey.overhead <= PackHeader.maximumSealedLength
    }

    /// Seals `stored` and appends it as a blob. Returns its length in the pack.
    mutating func add(
        _ id: BlobID, _ type: BlobType, stored: UnsafeRawBufferPointer, uncompressedLength: Int, key: CryptoKey
    ) -> Int {
        let offset = bytes.count
        key.seal(stored, appendingTo: &bytes)
        let length = bytes.count - offset
        blobs.append(
            PackedBlob(
                id: id, type: type, offset: UInt32(offset), length: UInt32(length),
                uncompressedLength: UInt32(uncompressedLength)))
        return length
    }

    /// Appends a blob as it is sealed already, with this repository's key.
    mutating func add(sealed: UnsafeRawBufferPointer, _ blob: PackedBlob) {
        blobs.append(
            PackedBlob(
                id: blob.id, type: blob.type, offset: UInt32(bytes.count), length: UInt32(sealed.count),
                uncompressedLength: blob.uncompressedLength))
        bytes.append(contentsOf: sealed)
    }

    /// Takes over all blobs of another builder, as they are sealed.
    mutating func absorb(_ other: PackBuilder) {
        let shift = UInt32(bytes.count)
        bytes.append(contentsOf: other.bytes)
        for blob in other.blobs {
            blobs.append(
                PackedBlob(
                    id: blob.id, type: blob.type, offset: blob.offset + shift, length: blob.length,
                    uncompressedLength: blob.uncompressedLength))
        }
    }

    /// Appends the sealed header and its length, and names the pack by the hash of all of it.
    consuming func finish(key: CryptoKey) -> FinishedPack {
        let start = bytes.count
        let header = PackHeader.encode(blobs)
        header.withUnsafeBytes { key.seal($0, appendingTo: &bytes) }
        let length = UInt32(bytes.count - start)
        withUnsafeBytes(of: length.littleEndian) { bytes.append(contentsOf: $0) }
        return FinishedPack(id: bytes.withUnsafeBytes { Digest.fileID($0) }, bytes: bytes, blobs: blobs)
    }
}

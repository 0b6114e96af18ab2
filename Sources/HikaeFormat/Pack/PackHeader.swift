// The header at a pack's end: which blobs the pack holds. Trusts no number in it before it is checked.

public import HikaeCore

/// The codec of pack headers. A pack is `blob || … || blob || sealed header || length of the sealed header (u32 LE)`.
public enum PackHeader {
    /// Bytes of an entry for an uncompressed blob.
    public static let plainEntrySize = 37
    /// Bytes of an entry for a compressed blob.
    public static let compressedEntrySize = 41
    /// Bytes that a header takes beside its entries: the sealing and the length field.
    public static let entryOverhead = CryptoKey.overhead + lengthFieldSize
    /// Bytes of the length field at the pack's very end.
    public static let lengthFieldSize = 4
    /// The longest sealed header that restic reads.
    public static let maximumSealedLength = 16 * 1024 * 1024
    /// Entries that fit into the first read of a pack's end.
    private static let eagerEntries = 15

    /// Bytes of one entry.
    public static func entrySize(_ blob: PackedBlob) -> Int {
        blob.isCompressed ? compressedEntrySize : plainEntrySize
    }

    /// Bytes that the header of these blobs takes at the pack's end, sealed, length field included.
    public static func sealedSize(_ blobs: [PackedBlob]) -> Int {
        blobs.reduce(entryOverhead) { $0 + entrySize($1) }
    }

    /// The header's plaintext. The blobs must stand in the order of their offsets, without gaps.
    public static func encode(_ blobs: [PackedBlob]) -> [UInt8] {
        var header: [UInt8] = []
        header.reserveCapacity(blobs.count * compressedEntrySize)
        for blob in blobs {
            header.append(blob.type.rawValue | (blob.isCompressed ? 2 : 0))
            append(blob.length, to: &header)
            if blob.isCompressed { append(blob.uncompressedLength, to: &header) }
            blob.id.withUnsafeBytes { header.append(contentsOf: $0) }
        }
        return header
    }

    /// The blobs that a header's plaintext lists, their offsets counted up from 0.
    ///
    /// Throws `.damaged` for unknown types, a cut entry, a length too short to be sealed, or more than 4 GiB in all.
    public static func decode(_ plaintext: [UInt8]) throws(HikaeError) -> [PackedBlob] {
        var blobs: [PackedBlob] = []
        blobs.reserveCapacity(plaintext.count / plainEntrySize)
        var offset: UInt32 = 0
        var position = 0
        while position < plaintext.count {
            let kind = plaintext[position]
            guard kind < 4, let type = BlobType(rawValue: kind & 1) else {
                throw HikaeError(.damaged, "the pack header is damaged: blob type \(kind) is not known")
            }
            let size = kind & 2 == 0 ? plainEntrySize : compressedEntrySize
            guard plaintext.count - position >= size else {
                throw HikaeError(.damaged, "the pack header is damaged: its last entry is cut short")
            }
            let length = word(plaintext, position + 1)
            guard length >= CryptoKey.overhead else {
                throw HikaeError(.damaged, "the pack header is damaged: a blob of \(length) bytes is no sealed blob")
            }
            let id = plaintext.withUnsafeBytes {
                BlobID(UnsafeRawBufferPointer(rebasing: $0[(position + size - 32)..<position + size]))
            }
            blobs.append(
                PackedBlob(
                    id: id, type: type, offset: offset, length: length,
                    uncompressedLength: kind & 2 == 0 ? 0 : word(plaintext, position + 5)))
            let (next, overflow) = offset.addingReportingOverflow(length)
            guard !overflow else {
                throw HikaeError(.damaged, "the pack header is damaged: its blobs are longer than 4 GiB in all")
            }
            offset = next
            position += size
        }
        return blobs
    }

    /// The sealed header's length that the last bytes of a pack name.
    ///
    /// - Parameters:
    ///   - tail: at least the last four bytes.
    ///   - size: the whole pack's size.
    ///
    /// Throws `.damaged` when it fits neither the pack nor the limits.
    public static func sealedLength(tail: [UInt8], size: UInt64) throws(HikaeError) -> Int {
        guard tail.count >= lengthFieldSize else { throw HikaeError(.damaged, "the pack is too short") }
        let length = Int(word(tail, tail.count - lengthFieldSize))
        guard length >= CryptoKey.overhead, length <= maximumSealedLength,
            UInt64(length + lengthFieldSize) <= size
        else { throw HikaeError(.damaged, "the pack is damaged: \(length) bytes of header cannot be") }
        return length
    }

    /// Reads the header of a pack of `size` bytes through `load` (offset, length), in one or two reads.
    ///
    /// Throws what `load` throws, and `.damaged` also when the blobs do not cover the pack exactly.
    public static func read(
        size: UInt64, key: CryptoKey, load: (UInt64, Int) throws(HikaeError) -> [UInt8]
    ) throws(HikaeError) -> [PackedBlob] {
        guard size >= UInt64(plainEntrySize + entryOverhead + CryptoKey.overhead) else {
            throw HikaeError(.damaged, "the pack is too short: \(size) bytes")
        }
        let eager = Int(min(size, UInt64(eagerEntries * compressedEntrySize + entryOverhead)))
        var tail = try load(size - UInt64(eager), eager)
        guard tail.count == eager else { throw HikaeError(.damaged, "the pack is shorter than its size") }
        let length = try sealedLength(tail: tail, size: size)
        if length + lengthFieldSize > eager {
            tail = try load(size - UInt64(length + lengthFieldSize), length + lengthFieldSize)
            guard tail.count == length + lengthFieldSize else {
                throw HikaeError(.damaged, "the pack is shorter than its size")
            }
        }
        let end = tail.count - lengthFieldSize
        let blobs = try decode(try key.open(Array(tail[(end - length)..<end])))
        let covered = blobs.reduce(UInt64(length + lengthFieldSize)) { $0 + UInt64($1.length) }
        guard !blobs.isEmpty, covered == size else {
            throw HikaeError(
                .damaged, "the pack is damaged: its header accounts for \(covered) bytes, but it has \(size)")
        }
        return blobs
    }

    private static func append(_ value: UInt32, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// The little-endian word at `index`, which the caller has checked to lie within.
    private static func word(_ bytes: [UInt8], _ index: Int) -> UInt32 {
        UInt32(bytes[index]) | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2]) << 16
            | UInt32(bytes[index + 3]) << 24
    }
}

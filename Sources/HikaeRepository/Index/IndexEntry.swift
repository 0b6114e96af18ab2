// One row of the sorted index: fixed size, no references. The layout is that of the cache file.

public import HikaeCore
public import HikaeFormat

/// Where a blob stands. The pack is given by its ID.
public struct BlobLocation: Sendable, Equatable {
    public let pack: FileID
    public let type: BlobType
    /// Bytes from the pack's start.
    public let offset: UInt32
    /// Bytes of the sealed blob in the pack.
    public let length: UInt32
    /// Bytes before compression, or 0 when stored uncompressed.
    public let uncompressedLength: UInt32

    /// Bytes of the blob's plaintext.
    public var plaintextLength: Int {
        uncompressedLength != 0 ? Int(uncompressedLength) : max(0, Int(length) - CryptoKey.overhead)
    }

    public init(pack: FileID, type: BlobType, offset: UInt32, length: UInt32, uncompressedLength: UInt32) {
        self.pack = pack
        self.type = type
        self.offset = offset
        self.length = length
        self.uncompressedLength = uncompressedLength
    }
}

/// 48 bytes: the blob's ID, the number of its pack with the type in the top bit, offset and lengths.
struct IndexEntry: Sendable {
    var id: BlobID
    var packAndType: UInt32
    var offset: UInt32
    var length: UInt32
    var uncompressedLength: UInt32

    static let treeBit: UInt32 = 1 << 31

    init(_ blob: PackedBlob, pack: UInt32) {
        id = blob.id
        packAndType = pack | (blob.type == .tree ? Self.treeBit : 0)
        offset = blob.offset
        length = blob.length
        uncompressedLength = blob.uncompressedLength
    }

    /// Reads an entry as `SegmentOutput` writes it: 48 bytes, aligned to 4.
    init(at address: UnsafeRawPointer) {
        id = BlobID(UnsafeRawBufferPointer(start: address, count: 32))
        packAndType = address.load(fromByteOffset: 32, as: UInt32.self)
        offset = address.load(fromByteOffset: 36, as: UInt32.self)
        length = address.load(fromByteOffset: 40, as: UInt32.self)
        uncompressedLength = address.load(fromByteOffset: 44, as: UInt32.self)
    }

    var pack: UInt32 { packAndType & ~Self.treeBit }
    var type: BlobType { packAndType & Self.treeBit != 0 ? .tree : .data }

    var blob: PackedBlob {
        PackedBlob(id: id, type: type, offset: offset, length: length, uncompressedLength: uncompressedLength)
    }

    /// By ID, then type, so that every copy of one blob stands together.
    static func precedes(_ left: IndexEntry, _ right: IndexEntry) -> Bool {
        if left.id.w0 != right.id.w0 { return left.id.w0 < right.id.w0 }
        if left.id != right.id { return left.id < right.id }
        return left.packAndType & treeBit < right.packAndType & treeBit
    }
}

// A blob as a pack holds it.

public import HikaeCore

/// What a blob is.
public enum BlobType: UInt8, Sendable, CaseIterable {
    /// A piece of a file.
    case data = 0
    /// A directory's list of nodes.
    case tree = 1
}

/// A blob's place in a pack.
public struct PackedBlob: Sendable, Equatable {
    /// SHA-256 of the plaintext.
    public var id: BlobID
    /// Whether it is a piece of a file or a tree.
    public var type: BlobType
    /// Bytes from the pack's start.
    public var offset: UInt32
    /// Bytes as stored: compressed and sealed.
    public var length: UInt32
    /// Bytes of the plaintext, or 0 when it is stored uncompressed.
    public var uncompressedLength: UInt32

    /// A blob at this place.
    @inlinable
    public init(id: BlobID, type: BlobType, offset: UInt32, length: UInt32, uncompressedLength: UInt32) {
        (self.id, self.type, self.offset) = (id, type, offset)
        (self.length, self.uncompressedLength) = (length, uncompressedLength)
    }

    /// Whether the blob is stored compressed.
    @inlinable
    public var isCompressed: Bool { uncompressedLength != 0 }

    /// Bytes of the plaintext.
    @inlinable
    public var plaintextLength: Int {
        isCompressed ? Int(uncompressedLength) : max(Int(length) - CryptoKey.overhead, 0)
    }
}

// Reading single blobs: range, seal, compression, hash. Nothing unverified is ever handed out.

public import HikaeCore
public import HikaeFormat
import HikaeStore

/// Opens sealed blobs with buffers that are used again. One thread at a time; make one a thread.
public struct BlobOpener {
    private let key: CryptoKey
    private let decompressor = Decompressor()
    /// What the last compressed blob was before it was decompressed.
    private(set) var opened: [UInt8] = []

    public init(_ repository: Repository) { key = repository.key }

    /// Opens, decompresses and verifies one sealed blob; `plaintext` is replaced.
    ///
    /// Throws `.damaged`, naming the blob, when the bytes are not what the ID promises.
    public mutating func open(_ sealed: UnsafeRawBufferPointer, _ blob: PackedBlob, into plaintext: inout [UInt8])
        throws(HikaeError)
    {
        do throws(HikaeError) {
            if blob.uncompressedLength == 0 {
                try key.open(sealed, into: &plaintext)
            } else {
                try key.open(sealed, into: &opened)
                let size = Int(blob.uncompressedLength)
                let decompressor = decompressor
                try opened.withBytes { bytes throws(HikaeError) in
                    try decompressor.decompress(bytes, size: size, into: &plaintext)
                }
            }
        } catch {
            throw HikaeError(.damaged, "the blob \(blob.id.short) is damaged: \(error.message)")
        }
        guard plaintext.withUnsafeBytes({ Digest.blobID($0) }) == blob.id else {
            throw HikaeError(.damaged, "the blob \(blob.id.short) does not have the bytes that its ID promises")
        }
    }
}

extension Repository {
    /// The plaintext of a blob, verified. Every copy is tried before giving up.
    ///
    /// Throws `.notFound` when the index has no such blob, `.damaged` when no copy is whole. When a copy could merely not
    /// be read it throws that error: the blob may not be lost.
    public func blob(_ id: BlobID, _ type: BlobType) throws(HikaeError) -> [UInt8] {
        var opener = BlobOpener(self)
        return try blob(id, type, with: &opener)
    }

    /// As `blob(_:_:)`, with an opener whose buffers are used again.
    public func blob(_ id: BlobID, _ type: BlobType, with opener: inout BlobOpener) throws(HikaeError) -> [UInt8] {
        let index = index
        guard let first = index.lookup(id, type) else {
            throw HikaeError(
                .notFound, "the index has no \(type == .tree ? "tree" : "data") blob \(id.short)",
                hint: "Run `hikae check`, then `hikae repair index`.")
        }
        do throws(HikaeError) {
            return try load(first, id, with: &opener)
        } catch {
            var failure = error
            for other in index.copies(id, type) where other != first {
                do throws(HikaeError) {
                    return try load(other, id, with: &opener)
                } catch {
                    if failure.code == .damaged || failure.code == .notFound { failure = error }
                }
            }
            throw failure
        }
    }

    private func load(_ location: BlobLocation, _ id: BlobID, with opener: inout BlobOpener) throws(HikaeError)
        -> [UInt8]
    {
        // Trees are read again and again, and stand in packs of their own: worth a copy here, if the store is far off.
        if location.type == .tree { fileCache?.noteTreePacks(CollectionOfOne(location.pack)) }
        let start = UInt64(location.offset)
        let sealed = try store.load(StoredFile(.pack, location.pack), range: start..<start + UInt64(location.length))
        let blob = PackedBlob(
            id: id, type: location.type, offset: location.offset, length: location.length,
            uncompressedLength: location.uncompressedLength)
        var plaintext: [UInt8] = []
        do throws(HikaeError) {
            try sealed.withBytes { bytes throws(HikaeError) in
                try opener.open(bytes, blob, into: &plaintext)
            }
        } catch {
            throw HikaeError(error.code, "\(error.message) (pack \(location.pack.short))", hint: error.hint)
        }
        return plaintext
    }

    /// A tree, decoded.
    public func tree(_ id: BlobID) throws(HikaeError) -> Tree {
        if let composed = composedTree(id) { return composed }
        let json = try blob(id, .tree)
        do throws(HikaeError) {
            return try Tree(decoding: json)
        } catch {
            throw HikaeError(.damaged, "the tree \(id.short) is damaged: \(error.message)")
        }
    }
}

// One thread's way into the repository: hash, known?, compress, seal, pack. No lock but one look-up a blob.

public import HikaeCore
public import HikaeFormat

/// What became of a blob.
public struct SavedBlob: Sendable, Equatable {
    public let id: BlobID
    /// Whether this call stored it.
    public let isNew: Bool
    /// Bytes it takes in its pack, or 0 when it was not stored.
    public let storedBytes: Int
}

/// Saves blobs for one thread. Not safe to share; `close` hands over what is not full yet.
public final class BlobSaver {
    /// Bytes of the largest blob: with its seal, and the pack before it, its place must fit 32 bits.
    private static let maximumBlob = Int(UInt32.max) - (256 << 20)

    private let writer: BlobWriter
    private let key: CryptoKey
    private let packSize: Int
    private let canCompress: Bool
    private let compressesData: Bool
    private let compressor: Compressor
    private var index: BlobIndex
    private var generation = 0
    private var compressed: [UInt8] = []
    private var data: PackBuilder
    private var trees: PackBuilder

    init(_ writer: BlobWriter) {
        self.writer = writer
        let repository = writer.repository
        key = repository.key
        packSize = repository.options.packSize
        canCompress = repository.config.version >= 2
        compressesData = repository.options.compression != .off
        // Trees are compressed whatever the mode says: they shrink to a fraction.
        compressor = Compressor(mode: compressesData ? repository.options.compression : .auto)
        index = repository.index
        data = PackBuilder()
        trees = PackBuilder()
    }

    /// Stores `plaintext` unless it is known. Throws what storing, here or on the way, ran into.
    public func save(_ plaintext: UnsafeRawBufferPointer, _ type: BlobType) throws(HikaeError) -> SavedBlob {
        try save(plaintext, type, id: Digest.blobID(plaintext))
    }

    /// As `save(_:_:)` for plaintext whose ID the caller has verified.
    public func save(_ plaintext: UnsafeRawBufferPointer, _ type: BlobType, id: BlobID) throws(HikaeError)
        -> SavedBlob
    {
        guard plaintext.count <= Self.maximumBlob else {
            throw HikaeError(
                .limit,
                "a blob of \(plaintext.count) bytes is more than the format can hold: a directory with so many entries "
                    + "cannot be saved")
        }
        guard undertakes(id, type) else { return SavedBlob(id: id, isNew: false, storedBytes: 0) }
        var stored = 0
        if compress(plaintext, type) {
            stored = compressed.withUnsafeBytes { add(id, type, $0, uncompressedLength: plaintext.count) }
        } else {
            stored = add(id, type, plaintext, uncompressedLength: 0)
        }
        writer.statistics.count(tree: type == .tree, plaintext: plaintext.count, stored: stored)
        try handOverFull(type)
        return SavedBlob(id: id, isNew: true, storedBytes: stored)
    }

    /// Stores a blob as it stands sealed in another pack of this repository: neither compressed nor sealed anew.
    ///
    /// The caller has opened it and verified its ID.
    func save(sealed: UnsafeRawBufferPointer, _ blob: PackedBlob) throws(HikaeError) -> SavedBlob {
        guard undertakes(blob.id, blob.type) else { return SavedBlob(id: blob.id, isNew: false, storedBytes: 0) }
        if blob.type == .data { data.add(sealed: sealed, blob) } else { trees.add(sealed: sealed, blob) }
        writer.statistics.count(tree: blob.type == .tree, plaintext: blob.plaintextLength, stored: sealed.count)
        try handOverFull(blob.type)
        return SavedBlob(id: blob.id, isNew: true, storedBytes: sealed.count)
    }

    /// Stores a blob that is compressed already, as another repository has it.
    ///
    /// The caller has verified that it decompresses to the blob's plaintext.
    func save(compressed: UnsafeRawBufferPointer, _ blob: PackedBlob) throws(HikaeError) -> SavedBlob {
        guard undertakes(blob.id, blob.type) else { return SavedBlob(id: blob.id, isNew: false, storedBytes: 0) }
        let length = Int(blob.uncompressedLength)
        let stored = add(blob.id, blob.type, compressed, uncompressedLength: length)
        writer.statistics.count(tree: blob.type == .tree, plaintext: length, stored: stored)
        try handOverFull(blob.type)
        return SavedBlob(id: blob.id, isNew: true, storedBytes: stored)
    }

    /// Whether this call is the one to store the blob: false when it is known, or another thread stores it.
    private func undertakes(_ id: BlobID, _ type: BlobType) -> Bool {
        if !writer.options.storesKnownBlobs, index.contains(id, type) { return false }
        return writer.claim(id, type, &index, &generation)
    }

    /// Puts the blob's frame into `compressed`, if it is to be stored as one.
    private func compress(_ plaintext: UnsafeRawBufferPointer, _ type: BlobType) -> Bool {
        guard canCompress, !plaintext.isEmpty else { return false }
        if type == .tree {
            // Always, even where it gains nothing: restic's prune takes an uncompressed tree in version 2 for a relic
            // of version 1, and rewrites its pack.
            compressor.frame(plaintext, into: &compressed)
            return true
        }
        return compressesData && compressor.compress(plaintext, into: &compressed) != nil
    }

    /// Whether a blob that is compressed somehow need not be compressed again: nobody asked for more than the usual.
    var acceptsCompressed: Bool { canCompress && compressesData && [.auto, .fastest].contains(compressor.mode) }

    /// Whether `save` would try to compress a blob of this type.
    func compresses(_ type: BlobType) -> Bool { canCompress && (type == .tree || compressesData) }

    private func handOverFull(_ type: BlobType) throws(HikaeError) {
        if type == .data, data.size >= packSize || data.isHeaderFull {
            try writer.store(exchange(&data))
        } else if type == .tree, trees.size >= packSize || trees.isHeaderFull {
            try writer.store(exchange(&trees))
        }
    }

    /// Hands over the packs that are not full. Nothing may be saved afterwards.
    public func close() {
        if !data.isEmpty { writer.keepLeftover(data) }
        if !trees.isEmpty { writer.keepLeftover(trees) }
        data = PackBuilder()
        trees = PackBuilder()
    }

    private func add(_ id: BlobID, _ type: BlobType, _ stored: UnsafeRawBufferPointer, uncompressedLength: Int) -> Int {
        if type == .data, data.isEmpty { data = writer.emptyBuilder() }
        return type == .data
            ? data.add(id, type, stored: stored, uncompressedLength: uncompressedLength, key: key)
            : trees.add(id, type, stored: stored, uncompressedLength: uncompressedLength, key: key)
    }

    private func exchange(_ builder: inout PackBuilder) -> PackBuilder {
        let full = builder
        builder = PackBuilder()
        return full
    }
}

// A damaged pack as it was, byte for byte: what is whole in it stays, what is not is sealed again from another copy of the
// same blobs, under the nonce that still stands in the pack. The pack's name, the hash of its bytes, proves it. So no index
// changes, and a server that lets nobody remove or replace anything takes it: it is what was there.

public import HikaeCore
public import HikaeFormat
import HikaeStore

extension Repository {
    /// A blob as it may have stood in a pack before it was sealed: compressed as it is here, or not. Empty where nothing
    /// whole is here.
    public func unsealed(_ id: BlobID, _ type: BlobType) throws(HikaeError) -> [[UInt8]] {
        var streamer = PackStreamer(self)
        var found: [[UInt8]] = []
        for copy in index.copies(id, type) where found.isEmpty {
            let blob = PackedBlob(
                id: id, type: type, offset: copy.offset, length: copy.length,
                uncompressedLength: copy.uncompressedLength)
            try streamer.stream(copy.pack, [blob]) { _, result throws(HikaeError) in
                switch result {
                case .success(let opened): found = [opened.compressed, opened.plaintext].compactMap { $0 }
                case .failure(let error): if error.code == .cancelled { throw error }
                }
            }
        }
        return found
    }
}

extension Repairer {
    /// The damaged pack as it was; nil where that cannot be made: it is cut off, a nonce is damaged, nobody has a blob, or
    /// it was compressed otherwise.
    ///
    /// - Parameter rescue: asked for each blob that is not whole in the pack: what `Repository.unsealed` of another
    ///   repository gives.
    public func rebuilt(
        _ pack: FileID, rescue: (BlobID, BlobType) throws(HikaeError) -> [[UInt8]]
    ) throws(HikaeError) -> [UInt8]? {
        try repository.loadIndex()
        let index = repository.index
        let blobs = try index.blobs(of: [pack], PackTable(index))[pack] ?? []
        let end = blobs.reduce(0) { $0 + Int($1.length) }
        guard let last = blobs.last, Int(last.offset) + Int(last.length) == end else { return nil }
        var bytes: [UInt8]
        do throws(HikaeError) {
            bytes = try repository.store.load(StoredFile(.pack, pack))
        } catch {
            guard error.isLoss || error.code == .notFound || error.code == .inputOutput else { throw error }
            return nil
        }
        guard bytes.count == end + PackHeader.sealedSize(blobs) else { return nil }
        var opener = BlobOpener(repository)
        var plaintext: [UInt8] = []
        for blob in blobs {
            try cancellation?.check()
            let place = Int(blob.offset)..<Int(blob.offset) + Int(blob.length)
            let isWhole = bytes.withUnsafeBytes { all in
                (try? opener.open(UnsafeRawBufferPointer(rebasing: all[place]), blob, into: &plaintext)) != nil
            }
            if isWhole { continue }
            guard let sealed = resealed(blob, like: bytes[place], try rescue(blob.id, blob.type)) else { return nil }
            bytes.replaceSubrange(place, with: sealed)
        }
        if Digest.fileID(bytes) == pack { return bytes }
        // The header, too: what it says, the index knows.
        let header = PackHeader.encode(blobs)
        let place = end..<bytes.count - PackHeader.lengthFieldSize
        var sealed: [UInt8] = []
        guard header.withUnsafeBytes({ repository.key.reseal($0, like: bytes[place], appendingTo: &sealed) }) else {
            return nil
        }
        let length = UInt32(sealed.count)
        withUnsafeBytes(of: length.littleEndian) { sealed.append(contentsOf: $0) }
        bytes.replaceSubrange(end..<bytes.count, with: sealed)
        return Digest.fileID(bytes) == pack ? bytes : nil
    }

    /// The blob as it was sealed: of the forms given, and of this repository's own compression of it, the one that fits.
    private func resealed(_ blob: PackedBlob, like damaged: ArraySlice<UInt8>, _ forms: [[UInt8]]) -> [UInt8]? {
        guard let plaintext = forms.last, Digest.blobID(plaintext) == blob.id else { return nil }
        var candidates = forms
        if blob.isCompressed {
            candidates.removeLast()
            var frame: [UInt8] = []
            plaintext.withUnsafeBytes { Compressor(mode: repository.options.compression).frame($0, into: &frame) }
            candidates.append(frame)
        } else {
            candidates = [plaintext]
        }
        var opener = BlobOpener(repository)
        var opened: [UInt8] = []
        let fitting = candidates.compactMap { candidate -> [UInt8]? in
            var sealed: [UInt8] = []
            let fits = candidate.withUnsafeBytes { repository.key.reseal($0, like: damaged, appendingTo: &sealed) }
            let isRight = fits && sealed.withUnsafeBytes { (try? opener.open($0, blob, into: &opened)) != nil }
            return isRight ? sealed : nil
        }
        // Of several frames of one length the tag that still stands in the pack tells the right one.
        return fitting.first { $0.suffix(16) == damaged.suffix(16) } ?? fitting.first
    }
}

// restic's index files, read in one pass: nothing is kept but the pack at hand.

public import HikaeCore

extension IndexCodec {
    /// Reads an index, also one of restic's first format, which was a bare list of packs.
    ///
    /// Calls `supersedes` for each index that this one replaces, `pack` for each pack, then `blob` for each of its
    /// blobs. What was reported before an error is of no account.
    ///
    /// Throws `.damaged` for what is no index, and for numbers beyond 32 bits or blobs that no pack can hold.
    public static func decode(
        _ json: UnsafeRawBufferPointer,
        supersedes: (FileID) throws(HikaeError) -> Void,
        pack: (FileID) throws(HikaeError) -> Void,
        blob: (FileID, PackedBlob) throws(HikaeError) -> Void
    ) throws(HikaeError) {
        var reader = JSONReader(json, of: "index")
        if try reader.peek() == UInt8(ascii: "[") {
            try readPacks(&reader, pack, blob)
        } else {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                if try reader.takeNull() { continue }
                if key.is("packs") {
                    try readPacks(&reader, pack, blob)
                } else if key.is("supersedes") {
                    try reader.beginArray()
                    while try reader.nextElement() { try supersedes(try reader.identifier()) }
                } else {
                    try reader.skip()
                }
            }
        }
        try reader.finish()
    }

    /// Reads an index from an array of bytes.
    public static func decode(
        _ json: [UInt8],
        supersedes: (FileID) throws(HikaeError) -> Void = { _ in },
        pack: (FileID) throws(HikaeError) -> Void = { _ in },
        blob: (FileID, PackedBlob) throws(HikaeError) -> Void
    ) throws(HikaeError) {
        try json.withBytes { bytes throws(HikaeError) in
            try decode(bytes, supersedes: supersedes, pack: pack, blob: blob)
        }
    }

    private static func readPacks(
        _ reader: inout JSONReader, _ pack: (FileID) throws(HikaeError) -> Void,
        _ blob: (FileID, PackedBlob) throws(HikaeError) -> Void
    ) throws(HikaeError) {
        try reader.beginArray()
        while try reader.nextElement() {
            try reader.beginObject()
            var id: FileID?
            // Where a list of blobs stands that came before the pack's ID: read once the ID is known.
            var early: JSONReader?
            while let key = try reader.nextKey() {
                if try reader.takeNull() { continue }
                if key.is("id") {
                    let named: FileID = try reader.identifier()
                    guard id == nil else { throw reader.fault("a pack with two IDs") }
                    id = named
                    try pack(named)
                } else if key.is("blobs") {
                    if let id {
                        try readBlobs(&reader, id, blob)
                    } else {
                        early = reader
                        try reader.skip()
                    }
                } else {
                    try reader.skip()
                }
            }
            guard let id else { throw reader.fault("a pack without an ID") }
            if var early { try readBlobs(&early, id, blob) }
        }
    }

    private static func readBlobs(
        _ reader: inout JSONReader, _ pack: FileID, _ report: (FileID, PackedBlob) throws(HikaeError) -> Void
    ) throws(HikaeError) {
        try reader.beginArray()
        while try reader.nextElement() {
            try report(pack, try readBlob(&reader))
        }
    }

    @inline(__always)
    private static func readBlob(_ reader: inout JSONReader) throws(HikaeError) -> PackedBlob {
        var id: BlobID?
        var type: BlobType?
        var (offset, length, uncompressed): (UInt32, UInt32, UInt32) = (0, 0, 0)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if try reader.takeNull() { continue }
            if key.is("id") {
                id = try reader.identifier()
            } else if key.is("type") {
                type = try readType(&reader)
            } else if key.is("offset") {
                offset = try reader.unsigned32()
            } else if key.is("length") {
                length = try reader.unsigned32()
            } else if key.is("uncompressed_length") {
                uncompressed = try reader.unsigned32()
            } else {
                try reader.skip()
            }
        }
        guard let id, let type else { throw reader.fault("a blob without an ID or a type") }
        guard length >= CryptoKey.overhead, !offset.addingReportingOverflow(length).overflow else {
            throw reader.fault("a blob that no pack can hold")
        }
        return PackedBlob(id: id, type: type, offset: offset, length: length, uncompressedLength: uncompressed)
    }

    @inline(__always)
    private static func readType(_ reader: inout JSONReader) throws(HikaeError) -> BlobType {
        try reader.expect("\"", "no blob type where one must be")
        let span = try reader.scanString()
        let word = JSONKey(start: reader.pointer(span.start), count: span.end - span.start)
        if word.is("data") { return .data }
        if word.is("tree") { return .tree }
        throw reader.fault("an unknown blob type")
    }
}

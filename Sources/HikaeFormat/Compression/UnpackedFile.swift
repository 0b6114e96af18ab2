// The plaintext of index, snapshot and lock files: JSON, in version 2 compressed behind a byte that says so.

public import HikaeCore

/// The encoding of files that are not packs.
public enum UnpackedFile {
    /// The byte before compressed JSON.
    private static let compressed: UInt8 = 2
    /// The longest JSON that is read.
    public static let maximumSize = 1 << 30

    /// The plaintext to seal, for a repository of this version.
    public static func encode(_ json: [UInt8], version: Int, compressor: Compressor) -> [UInt8] {
        guard version >= 2 else { return json }
        var plaintext = [compressed]
        json.withUnsafeBytes { compressor.appendFrame($0, to: &plaintext) }
        return plaintext
    }

    /// The JSON that an unsealed plaintext holds, as either version writes it.
    ///
    /// Throws `.damaged`, `.unsupported` for an encoding that is not known, `.limit` beyond `maximumSize`.
    public static func decode(_ plaintext: [UInt8]) throws(HikaeError) -> [UInt8] {
        try decode(plaintext, limit: maximumSize)
    }

    /// The same with another limit than `maximumSize`.
    static func decode(_ plaintext: [UInt8], limit: Int) throws(HikaeError) -> [UInt8] {
        guard let first = plaintext.first else { throw HikaeError(.damaged, "the file is empty") }
        if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") { return plaintext }
        guard first == compressed else {
            throw HikaeError(.unsupported, "the file's encoding \(first) is not known")
        }
        var json: [UInt8] = []
        try plaintext.withBytes { bytes throws(HikaeError) in
            try Decompressor().stream(
                UnsafeRawBufferPointer(rebasing: bytes[1...]), limit: limit, into: &json)
        }
        return json
    }
}

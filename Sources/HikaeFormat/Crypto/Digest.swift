// SHA-256, the source of every identifier.

import Crypto
public import HikaeCore

/// SHA-256 of bytes as typed identifiers.
public enum Digest {
    /// The name of a blob: the SHA-256 of its plaintext.
    public static func blobID(_ plaintext: UnsafeRawBufferPointer) -> BlobID { identifier(plaintext) }

    /// The name of a blob: the SHA-256 of its plaintext.
    public static func blobID(_ plaintext: [UInt8]) -> BlobID { plaintext.withUnsafeBytes { identifier($0) } }

    /// The name of a file of the repository: the SHA-256 of its bytes as stored.
    public static func fileID(_ stored: UnsafeRawBufferPointer) -> FileID { identifier(stored) }

    /// The name of a file of the repository: the SHA-256 of its bytes as stored.
    public static func fileID(_ stored: [UInt8]) -> FileID { stored.withUnsafeBytes { identifier($0) } }

    private static func identifier<Kind>(_ bytes: UnsafeRawBufferPointer) -> Identifier<Kind> {
        var hasher = SHA256()
        hasher.update(bufferPointer: bytes)
        return hasher.finalize().withUnsafeBytes { Identifier($0) }
    }
}

/// SHA-256 over pieces, for a file that is too big for memory.
public struct FileHasher: Sendable {
    private var hasher = SHA256()

    /// A hasher that was fed nothing.
    public init() {}

    /// Takes the next bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) { hasher.update(bufferPointer: bytes) }

    /// Takes the next bytes.
    public mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { hasher.update(bufferPointer: $0) }
    }

    /// The name of what was fed so far.
    public func finish() -> FileID { hasher.finalize().withUnsafeBytes { Identifier($0) } }
}

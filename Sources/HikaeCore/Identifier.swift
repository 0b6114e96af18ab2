// The 32-byte names of restic's format: SHA-256 of what they name. Distinct kinds are distinct types.

/// A 32-byte identifier (a SHA-256), typed by what it names. Four words, no heap, ordered as its hex text is.
public struct Identifier<Kind>: Hashable, Comparable, Sendable {
    /// The bytes as four big-endian words, most significant first, so that word order is byte order.
    public let w0, w1, w2, w3: UInt64

    @inlinable
    public init(words w0: UInt64, _ w1: UInt64, _ w2: UInt64, _ w3: UInt64) {
        (self.w0, self.w1, self.w2, self.w3) = (w0, w1, w2, w3)
    }

    /// Reads 32 bytes at `bytes`; traps when there are fewer.
    @inlinable
    public init(_ bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count >= 32)
        w0 = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
        w1 = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        w2 = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
        w3 = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
    }

    /// Nil unless `bytes` are exactly 32.
    @inlinable
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self = bytes.withUnsafeBytes { Self($0) }
    }

    /// Nil unless `hex` is 64 hexadecimal digits (ASCII).
    public init?(hex: UnsafeRawBufferPointer) {
        guard hex.count == 64 else { return nil }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        for index in 0..<64 {
            guard let digit = Hex.value(hex[index]) else { return nil }
            switch index >> 4 {
            case 0: words.0 = words.0 << 4 | UInt64(digit)
            case 1: words.1 = words.1 << 4 | UInt64(digit)
            case 2: words.2 = words.2 << 4 | UInt64(digit)
            default: words.3 = words.3 << 4 | UInt64(digit)
            }
        }
        (w0, w1, w2, w3) = words
    }

    /// Nil unless `hex` is 64 hexadecimal digits.
    public init?(hex: String) {
        var text = hex
        guard let id = text.withUTF8({ Self(hex: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = id
    }

    /// 64 lower-case hexadecimal digits.
    public var hex: String {
        withUnsafeBytes { bytes in Hex.encode(bytes) }
    }

    /// The first eight digits, as people are shown it.
    public var short: String { String(hex.prefix(8)) }

    /// The 32 bytes.
    public var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

    /// Calls `body` with the 32 bytes, valid during the call only.
    @inlinable
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        var words = (w0.bigEndian, w1.bigEndian, w2.bigEndian, w3.bigEndian)
        return try Swift.withUnsafeBytes(of: &words, body)
    }

    /// The same bytes as another kind of identifier: for the border where a hash becomes a name.
    @inlinable
    public func cast<Other>(to: Identifier<Other>.Type = Identifier<Other>.self) -> Identifier<Other> {
        Identifier<Other>(words: w0, w1, w2, w3)
    }

    @inlinable
    public static func == (left: Self, right: Self) -> Bool {
        left.w0 == right.w0 && left.w1 == right.w1 && left.w2 == right.w2 && left.w3 == right.w3
    }

    @inlinable
    public static func < (left: Self, right: Self) -> Bool {
        if left.w0 != right.w0 { return left.w0 < right.w0 }
        if left.w1 != right.w1 { return left.w1 < right.w1 }
        if left.w2 != right.w2 { return left.w2 < right.w2 }
        return left.w3 < right.w3
    }

    /// The bytes are a hash already, so one word of them serves.
    @inlinable
    public func hash(into hasher: inout Hasher) {
        hasher.combine(w0)
    }
}

extension Identifier: CustomStringConvertible {
    public var description: String { hex }
}

/// What a blob is named by: the SHA-256 of its plaintext.
public enum BlobKind {}
/// What any file of a repository is named by: the SHA-256 of its bytes as stored.
public enum FileNameKind {}

/// SHA-256 of a blob's plaintext. A tree is named by the ID of its blob.
public typealias BlobID = Identifier<BlobKind>
/// Name of a file in the repository: a pack, index, snapshot, key or lock.
public typealias FileID = Identifier<FileNameKind>

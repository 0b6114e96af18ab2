// The one question every chunker answers: where does the chunk that begins here end?

/// Either chunker. Dispatches once per chunk, never per byte.
public enum Chunker: Sendable {
    /// For repositories that Hikae made.
    case gear(GearChunker)
    /// For repositories that restic made.
    case rabin(RabinChunker)

    /// The bounds of the chunks this chunker cuts.
    public var limits: ChunkLimits {
        switch self {
        case .gear(let chunker): chunker.limits
        case .rabin(let chunker): chunker.limits
        }
    }

    /// The length of the chunk that starts at `bytes[0]`.
    ///
    /// - Parameters:
    ///   - bytes: What is there from the chunk's start on; more than `limits.maximum` does no harm.
    ///   - isEnd: Whether nothing follows `bytes`.
    ///   - scanned: How many bytes of `bytes` an earlier call was given without finding a cut; they are not read again.
    /// - Returns: A length from 1 to `bytes.count`, or nil: more input is needed, or there is none at all.
    public func nextCut(_ bytes: UnsafeRawBufferPointer, isEnd: Bool, scanned: Int = 0) -> Int? {
        switch self {
        case .gear(let chunker): chunker.nextCut(bytes, isEnd: isEnd, scanned: scanned)
        case .rabin(let chunker): chunker.nextCut(bytes, isEnd: isEnd, scanned: scanned)
        }
    }
}

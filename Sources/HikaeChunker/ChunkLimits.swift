// How short and how long a chunk may be. Both chunkers and whoever fills their buffers share these figures.

/// Bounds of a chunk's length, in bytes.
public struct ChunkLimits: Sendable, Hashable {
    /// No chunk is shorter, save the last of a file.
    public let minimum: Int
    /// No chunk is longer; a buffer of this many bytes always holds a whole chunk.
    public let maximum: Int

    /// Traps unless `64 <= minimum <= maximum`: a cut is decided by the 64 bytes before it.
    public init(minimum: Int, maximum: Int) {
        precondition(minimum >= Self.window && maximum >= minimum)
        (self.minimum, self.maximum) = (minimum, maximum)
    }

    /// Bytes that decide whether a cut lies behind them.
    static let window = 64

    /// restic's: 512 KiB to 8 MiB.
    public static let standard = ChunkLimits(minimum: 512 << 10, maximum: 8 << 20)
}

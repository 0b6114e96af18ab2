// What the user may set about prune: how much waste to tolerate and how much to rewrite.

public import HikaeCore

/// How much unused data may stay in the repository after a prune.
public enum UnusedLimit: Sendable, Equatable {
    /// Of the repository's size after the prune; 0 up to, but not, 100.
    case percent(Double)
    case bytes(UInt64)
    case unlimited

    /// Reads `5%`, `200M` or `unlimited`, as restic's `--max-unused`.
    public init(_ text: String) throws(HikaeError) {
        let trimmed = String(text.trimmedOfSpaces)
        if trimmed == "unlimited" {
            self = .unlimited
        } else if trimmed.hasSuffix("%") {
            guard let value = Double(trimmed.dropLast()), value.isFinite else {
                throw HikaeError(.usage, "invalid percentage \"\(text)\" passed for --max-unused")
            }
            guard value >= 0 else { throw HikaeError(.usage, "percentage for --max-unused must be positive") }
            guard value < 100 else { throw HikaeError(.usage, "percentage for --max-unused must be below 100%") }
            self = .percent(value)
        } else if let size = ByteCount(trimmed) {
            self = .bytes(size.bytes)
        } else {
            throw HikaeError(
                .usage, "invalid number of bytes \"\(text)\" for --max-unused",
                hint: "Give a size like 500M, a share like 5%, or \"unlimited\".")
        }
    }

    /// The unused bytes tolerated beside `used` bytes that are needed.
    func bytes(beside used: UInt64) -> UInt64 {
        switch self {
        case .unlimited: return .max
        case .bytes(let bytes): return bytes
        case .percent(let percent):
            let limit = percent / (100 - percent) * Double(used)
            return limit >= 18_000_000_000_000_000_000 ? .max : UInt64(limit)
        }
    }
}

/// How a prune is to go about it. The defaults are restic's; pack size and compression are the repository's
/// (`OpenOptions`).
public struct PruneOptions: Sendable {
    public var maxUnused = UnusedLimit.percent(5)
    /// Rewrite no more than this many bytes of packs; nil: no limit.
    public var maxRepackBytes: UInt64?
    /// Rewrite only packs that hold trees.
    public var repackCacheableOnly = false
    /// Rewrite packs below 80 % of the pack size.
    public var repackSmall = false
    /// Rewrite packs with data that is not compressed.
    public var repackUncompressed = false
    /// Threads that rewrite and walk.
    public var threads = processorCount()

    public init() {}
}

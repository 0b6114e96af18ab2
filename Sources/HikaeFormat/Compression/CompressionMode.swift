// How hard to compress.

/// The choices of `--compression`, restic's words.
public enum CompressionMode: String, Sendable, CaseIterable {
    /// Blobs of files are stored as they are.
    case off
    /// About restic's default ratio.
    case auto
    /// The smallest that is bearable.
    case max
    /// As fast as can be.
    case fastest
    /// Between `auto` and `max`.
    case better

    /// libzstd's level. `auto` was measured to give restic's ratio: see Benchmarks.
    var level: Int32 {
        switch self {
        case .off, .fastest: 1
        case .auto: 1
        case .better: 6
        case .max: 12
        }
    }
}

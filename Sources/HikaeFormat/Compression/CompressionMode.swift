// How hard to compress.

/// The choices of `--compression`, restic's words.
public enum CompressionMode: String, Sendable, CaseIterable {
    /// Blobs of files are stored as they are.
    case off
    /// Fast, at a ratio near restic's default on mixed data.
    case auto
    /// The smallest that is bearable.
    case max
    /// As fast as can be.
    case fastest
    /// Between `auto` and `max`.
    case better

    /// libzstd's level. With that of `auto`, the benchmark's mixed data take about 1 % more than restic's, text alone
    /// about 8 %; level 2 saves some of that for more of a first backup's processor time.
    var level: Int32 {
        switch self {
        case .off, .fastest, .auto: 1
        case .better: 6
        case .max: 12
        }
    }
}

// What changed between two trees: items added, removed and changed, and the blobs behind them.

public import HikaeCore
import HikaeFormat

/// One difference.
public struct DifferenceChange: Sendable, Equatable {
    /// From the root, beginning with `/`; a directory's ends in `/`. Any bytes.
    public let pathBytes: [UInt8]
    /// `+` added, `-` removed, or one or more of `T` type, `M` content, `U` metadata.
    public let modifier: String

    /// The path for people; what is no UTF-8 is replaced.
    public var path: String { String(decoding: pathBytes, as: UTF8.self) }
}

/// The figures of a comparison.
public struct DifferenceStatistics: Sendable, Equatable {
    /// What one side has and the other has not.
    public struct Side: Sendable, Equatable {
        public var files = 0
        public var dirs = 0
        public var others = 0
        public var dataBlobs = 0
        public var treeBlobs = 0
        /// Plaintext bytes of those blobs.
        public var bytes: UInt64 = 0

        mutating func count(_ node: Node) {
            switch node.kind {
            case .file: files += 1
            case .dir: dirs += 1
            default: others += 1
            }
        }
    }

    public var changedFiles = 0
    public var added = Side()
    public var removed = Side()
}

/// Compares trees. The repository's index is loaded; a lock that is not exclusive is held.
public struct SnapshotDifference: Sendable {
    private let repository: Repository
    private let showsMetadata: Bool
    private let cancellation: Cancellation?
    private let report: @Sendable (HikaeError) -> Void

    /// - Parameters:
    ///   - showsMetadata: whether changes of metadata alone are reported.
    ///   - report: told of trees below the roots that cannot be read.
    public init(
        repository: Repository, showsMetadata: Bool = false, cancellation: Cancellation? = nil,
        report: @escaping @Sendable (HikaeError) -> Void = { _ in }
    ) {
        self.repository = repository
        self.showsMetadata = showsMetadata
        self.cancellation = cancellation
        self.report = report
    }

    /// Compares the tree `old` with the tree `new`; `change` is told each difference, in the order of paths.
    public func compare(
        _ old: BlobID, _ new: BlobID, change: (DifferenceChange) -> Void
    ) throws(HikaeError) -> DifferenceStatistics {
        var comparison = TreeComparison(repository, showsMetadata: showsMetadata, cancellation: cancellation)
        try comparison.run(old, new, change: change, report: report)
        return try comparison.finish(report: report)
    }
}

// Goes through a snapshot's content and what stands at the destination, side by side.

import HikaeCore
import HikaeDestination
import HikaeFormat

/// A walk over content and destination. One thread.
struct TargetWalk {
    /// A node, where it belongs, and what is there.
    struct Item {
        var node: Node
        /// The path at the destination.
        var path: [UInt8]
        var entry: RemoteEntry?
        var relation: TargetRelation
    }

    /// Whether the walk goes into a directory, and whether it looks what is there.
    enum Descent {
        case skip
        case compare
        /// It was just made, or will be: nothing is in it.
        case allMissing
    }

    let content: SnapshotContent
    let connection: SFTPConnection
    let cancellation: Cancellation
    /// Told of entries at the destination that cannot be read.
    let report: (HikaeError) -> Void
    /// Entries that stand beside those of the snapshot.
    private(set) var extra: UInt64 = 0
    /// Names of files that an earlier, broken run has left; each is passed to `leftover`.
    var leftover: (([UInt8]) -> Void)?

    /// Listings under way ahead of the walk.
    private static let ahead = 16

    init(
        _ content: SnapshotContent, _ connection: SFTPConnection, _ cancellation: Cancellation,
        report: @escaping (HikaeError) -> Void
    ) {
        self.content = content
        self.connection = connection
        self.cancellation = cancellation
        self.report = report
    }

    /// Calls `visit` for every node, a directory before what is in it.
    mutating func run(root: [UInt8], exists: Bool, _ visit: (Item) throws(HikaeError) -> Descent) throws(HikaeError) {
        try walk(content.tree, root, exists ? nil : [:], listing: nil, visit)
    }

    /// - Parameter known: what is in the directory; nil when it is to be listed.
    private mutating func walk(
        _ tree: BlobID, _ path: [UInt8], _ known: [[UInt8]: RemoteEntry]?, listing: DirectoryListing?,
        _ visit: (Item) throws(HikaeError) -> Descent
    ) throws(HikaeError) {
        try cancellation.check()
        let nodes = try content.nodes(of: tree)
        let there = if let known { known } else { try list(path, listing) }
        let isKnown = Set(nodes.map(\.name))
        for name in there.keys where !isKnown.contains(name) {
            if PartName.isOne(name), let leftover {
                leftover(RemotePath.child(of: path, name))
            } else {
                extra += 1
            }
        }
        var inner: [(node: Node, path: [UInt8], descent: Descent)] = []
        for node in nodes {
            let whole = RemotePath.child(of: path, node.name)
            let entry = there[node.name]
            let descent = try visit(
                Item(node: node, path: whole, entry: entry, relation: TargetRelation(node, entry)))
            if node.subtree != nil { inner.append((node, whole, descent)) }
        }
        var listings: [Int: DirectoryListing] = [:]
        var begun = 0
        for (number, (node, whole, descent)) in inner.enumerated() {
            while begun < inner.count, begun < number + Self.ahead {
                if case .compare = inner[begun].descent, let channel = connection.liveChannel {
                    let listing = DirectoryListing(ListingMachine(path: inner[begun].path))
                    listing.start(on: channel)
                    listings[begun] = listing
                }
                begun += 1
            }
            guard let subtree = node.subtree else { continue }
            switch descent {
            case .skip: continue
            case .compare:
                try walk(subtree, whole, nil, listing: listings.removeValue(forKey: number), visit)
            case .allMissing: try walk(subtree, whole, [:], listing: nil, visit)
            }
        }
    }

    private func list(_ path: [UInt8], _ begun: DirectoryListing?) throws(HikaeError) -> [[UInt8]: RemoteEntry] {
        var outcome: DirectoryListing.Outcome?
        if let begun {
            do throws(HikaeError) {
                outcome = try begun.wait()
            } catch {
                guard error.isRetryable else { throw error }
            }
        }
        let found = if let outcome { outcome } else { try connection.list(path) }
        for problem in found.problems { report(problem) }
        return Dictionary(found.entries.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }
}

/// Names of files that are being written.
struct PartName {
    private static let start = Array(".hikae-part.".utf8)
    private static let digits = 16

    private let run = UInt64.random(in: 0...UInt64.max)
    private var count = 0

    /// A name that nothing else has.
    mutating func next() -> [UInt8] {
        count += 1
        let random = (0..<8).map { UInt8(truncatingIfNeeded: run >> UInt64(8 * $0)) }
        return Self.start + Array("\(Hex.encode(random)).\(count)".utf8)
    }

    /// Whether a file of this name is one that a run has left.
    static func isOne(_ name: [UInt8]) -> Bool {
        guard name.starts(with: start), name.count > start.count + digits + 1 else { return false }
        let rest = name[start.count...]
        return rest.prefix(digits).allSatisfy { Hex.value($0) != nil }
            && rest.dropFirst(digits).first == UInt8(ascii: ".")
            && rest.dropFirst(digits + 1).allSatisfy { (0x30...0x39).contains($0) }
    }
}

// Snapshots as captures and decisions make them, without any repository.

import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeTesting

@testable import HikaeGuard

/// Builds lists of snapshots.
struct Histories {
    static let shop = SourceName(organisation: "さくら商店", system: "shop", source: "site")
    static let mail = SourceName(organisation: "さくら商店", system: "mail", source: "info")

    private(set) var snapshots: [NamedSnapshot] = []
    private var serial: UInt64 = 0
    private var runs: [SourceName: UInt64] = [:]

    /// Adds a capture and returns its name.
    @discardableResult
    mutating func capture(
        _ verdict: Verdict, of name: SourceName = Histories.shop, at seconds: Int64
    ) -> String {
        serial += 1
        runs[name, default: 0] += 1
        let digits = String(serial, radix: 16)
        let capture = String(repeating: "0", count: 16 - digits.count) + digits
        add(
            at: seconds, host: name.organisation, paths: ["/\(name.system)/\(name.source)"],
            tags: CaptureTags.capture(capture, of: name, verdict: verdict, run: runs[name] ?? 0))
        return capture
    }

    mutating func decide(
        _ word: Decision.Word, on capture: String, of name: SourceName = Histories.shop, at seconds: Int64
    ) {
        serial += 1
        add(
            at: seconds, host: name.organisation, paths: [CaptureTags.decisionPath],
            tags: CaptureTags.decision(word, on: capture, of: name))
    }

    private mutating func add(at seconds: Int64, host: String, paths: [String], tags: [String]) {
        var snapshot = Snapshot(
            time: Timestamp(seconds: seconds), tree: BlobID(words: serial, 0, 0, 0), paths: paths)
        snapshot.hostname = host
        snapshot.tags = tags
        snapshots.append(NamedSnapshot(id: FileID(words: serial &* 0x9E37_79B9, 1, 2, serial), snapshot: snapshot))
    }

    mutating func remove(_ ids: Set<FileID>) { snapshots.removeAll { ids.contains($0.id) } }

    func history(_ name: SourceName = Histories.shop) -> SourceHistory { SourceHistory.of(name, in: snapshots) }
}

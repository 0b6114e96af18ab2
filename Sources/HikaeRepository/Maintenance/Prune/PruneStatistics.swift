// The figures of a prune, and restic's table of them.

import HikaeCore

/// What a prune found and will do.
public struct PruneStatistics: Sendable, Equatable {
    /// A number of blobs and the bytes they take in packs.
    public struct Amount: Sendable, Equatable {
        public var blobs: UInt64
        public var bytes: UInt64

        public init(blobs: UInt64 = 0, bytes: UInt64 = 0) { (self.blobs, self.bytes) = (blobs, bytes) }

        mutating func add(blobs: some BinaryInteger, bytes: some BinaryInteger) {
            self.blobs += UInt64(blobs)
            self.bytes += UInt64(bytes)
        }

        mutating func subtract(blobs: some BinaryInteger, bytes: some BinaryInteger) {
            self.blobs -= UInt64(blobs)
            self.bytes -= UInt64(bytes)
        }
    }

    /// Blobs that a snapshot needs, each counted once.
    public var used = Amount()
    /// Further copies of those.
    public var duplicate = Amount()
    /// Blobs that no snapshot needs.
    public var unused = Amount()
    /// In packs that go as a whole.
    public var removed = Amount()
    /// In packs that are rewritten.
    public var repacked = Amount()
    /// Of those, what is not written again.
    public var repackRemoved = Amount()
    /// Bytes of packs that no index knows.
    public var unreferencedBytes: UInt64 = 0

    public var usedPacks: UInt64 = 0
    public var partlyUsedPacks: UInt64 = 0
    public var unusedPacks: UInt64 = 0
    public var unreferencedPacks: UInt64 = 0
    public var keptPacks: UInt64 = 0
    public var repackedPacks: UInt64 = 0
    public var removedPacks: UInt64 = 0

    public init() {}

    /// All that is there now.
    public var total: Amount {
        Amount(
            blobs: used.blobs + unused.blobs + duplicate.blobs,
            bytes: used.bytes + duplicate.bytes + unused.bytes + unreferencedBytes)
    }
    /// All that goes.
    public var pruned: Amount {
        Amount(
            blobs: removed.blobs + repackRemoved.blobs, bytes: removed.bytes + repackRemoved.bytes + unreferencedBytes)
    }
    /// All that stays.
    public var remaining: Amount {
        Amount(blobs: total.blobs - pruned.blobs, bytes: total.bytes - pruned.bytes)
    }
    /// Bytes in known packs that no snapshot needs, further copies among them.
    public var unusedBytes: UInt64 { duplicate.bytes + unused.bytes }
    /// The same, after the prune.
    public var unusedBytesAfter: UInt64 { unusedBytes - removed.bytes - repackRemoved.bytes }
}

extension PruneStatistics {
    /// The table as restic prints it with `--verbose`.
    public var lines: [String] {
        var lines = ["", row("used:", used)]
        if duplicate.blobs > 0 { lines.append(row("duplicates:", duplicate)) }
        lines.append(row("unused:", unused))
        if unreferencedBytes > 0 { lines.append("unreferenced:                    \(size(unreferencedBytes))") }
        lines.append(row("total:", total))
        lines.append("unused size: \(percent(unusedBytes, total.bytes)) of total size")
        lines += summaryLines
        lines.append("totally used packs: \(padded(usedPacks))")
        lines.append("partly used packs:  \(padded(partlyUsedPacks))")
        lines.append("unused packs:       \(padded(unusedPacks))")
        lines.append("")
        lines.append("to keep:      \(padded(keptPacks)) packs")
        lines.append("to repack:    \(padded(repackedPacks)) packs")
        lines.append("to delete:    \(padded(removedPacks)) packs")
        if unreferencedPacks > 0 { lines.append("to delete:    \(padded(unreferencedPacks)) unreferenced packs") }
        return lines
    }

    /// The part of the table that restic always prints.
    public var summaryLines: [String] {
        let deleted = Amount(blobs: removed.blobs, bytes: removed.bytes + unreferencedBytes)
        let share = percent(unusedBytesAfter, remaining.bytes)
        return [
            "", row("to repack:", repacked), row("this removes:", repackRemoved), row("to delete:", deleted),
            row("total prune:", pruned), row("remaining:", remaining),
            "unused size after prune: \(size(unusedBytesAfter)) (\(share) of remaining size)", "",
        ]
    }

    private func row(_ title: String, _ amount: Amount) -> String {
        title + String(repeating: " ", count: max(1, 14 - title.utf8.count))
            + "\(padded(amount.blobs)) blobs / \(size(amount.bytes))"
    }

    private func padded(_ number: UInt64) -> String {
        let text = String(number)
        return String(repeating: " ", count: max(0, 10 - text.utf8.count)) + text
    }

    private func size(_ bytes: UInt64) -> String { ByteCount(bytes).display }

    private func percent(_ part: UInt64, _ whole: UInt64) -> String {
        guard whole > 0 else { return "" }
        let hundredths = UInt64(min(100, 100 * Double(part) / Double(whole)) * 100 + 0.5)
        let fraction = hundredths % 100
        return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)%"
    }
}

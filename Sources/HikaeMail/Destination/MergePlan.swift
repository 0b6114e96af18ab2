// Which messages of a snapshot a mailbox has already. Decides; reads nothing itself.

import HikaeCore
import HikaeFormat

/// Compares a snapshot's messages with a mailbox's.
///
/// A message counts as there when the mailbox has one of the same size and the same Message-ID. Where that is not
/// enough, because there is no Message-ID or several messages share it, the SHA-256 of the bytes decides; so it does
/// where the same Message-ID is there with another size, because servers tell sizes that are not true. A message that
/// the snapshot has twice must be there twice.
struct MergePlan: Sendable {
    private struct Key: Hashable {
        var size: UInt64
        var messageID: [UInt8]?
    }

    /// For each message of the snapshot the message that it is in the mailbox, or nil for one that is missing.
    private(set) var matches: [UInt32?]

    /// Compares. The closures are called only for messages that size alone does not settle.
    ///
    /// - Parameters:
    ///   - byBytes: whether the bytes decide in any case.
    ///   - messageID: of a message of the snapshot, by its number.
    ///   - digest: of a message of the snapshot, by its number.
    ///   - digests: of messages of the mailbox, by their UIDs.
    init(
        sizes: [UInt64], existing: [ExistingMessage], byBytes: Bool = false,
        messageID: (Int) throws(HikaeError) -> [UInt8]?, digest: (Int) throws(HikaeError) -> BlobID,
        digests: ([ExistingMessage]) throws(HikaeError) -> [UInt32: BlobID]
    ) throws(HikaeError) {
        matches = Array(repeating: nil, count: sizes.count)
        guard !existing.isEmpty else { return }
        let known = Set(existing.map(\.size))
        var ours: [Key: [Int]] = [:]
        for (number, size) in sizes.enumerated() where known.contains(size) {
            ours[Key(size: size, messageID: try messageID(number)), default: []].append(number)
        }
        var theirs: [Key: [ExistingMessage]] = [:]
        for message in existing {
            theirs[Key(size: message.size, messageID: message.messageID), default: []].append(message)
        }
        var unclear: [(ours: [Int], theirs: [ExistingMessage])] = []
        for (key, numbers) in ours {
            guard let candidates = theirs[key] else { continue }
            if !byBytes, key.messageID != nil, numbers.count == 1, candidates.count == 1 {
                matches[numbers[0]] = candidates[0].uid
            } else {
                unclear.append((numbers, candidates))
            }
        }
        try settle(unclear, digest, digests)
        // Those of the mailbox that are none of ours so far, by Message-ID alone.
        let taken = Set(matches.compactMap { $0 })
        var others: [[UInt8]: [ExistingMessage]] = [:]
        for message in existing where !taken.contains(message.uid) {
            if let name = message.messageID { others[name, default: []].append(message) }
        }
        guard !others.isEmpty else { return }
        var doubtful: [[UInt8]: [Int]] = [:]
        for number in sizes.indices where matches[number] == nil {
            if let name = try messageID(number), let candidates = others[name],
                candidates.contains(where: { $0.size != sizes[number] })
            {
                doubtful[name, default: []].append(number)
            }
        }
        try settle(doubtful.map { (ours: $0.value, theirs: others[$0.key] ?? []) }, digest, digests)
    }

    /// Compares by bytes.
    private mutating func settle(
        _ unclear: [(ours: [Int], theirs: [ExistingMessage])], _ digest: (Int) throws(HikaeError) -> BlobID,
        _ digests: ([ExistingMessage]) throws(HikaeError) -> [UInt32: BlobID]
    ) throws(HikaeError) {
        guard !unclear.isEmpty else { return }
        let found = try digests(unclear.flatMap(\.theirs).sorted { $0.uid < $1.uid })
        for (numbers, candidates) in unclear {
            var left: [BlobID: [UInt32]] = [:]
            for candidate in candidates.reversed() {
                if let digest = found[candidate.uid] { left[digest, default: []].append(candidate.uid) }
            }
            for number in numbers.sorted() {
                let own = try digest(number)
                matches[number] = left[own]?.popLast()
            }
        }
    }
}

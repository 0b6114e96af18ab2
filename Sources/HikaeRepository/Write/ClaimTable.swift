// The blobs that this run has undertaken to store, so that each is stored once. Flat memory, no object a blob.

import HikaeCore

/// A set of blob IDs by open addressing: 32 bytes a slot, at most two thirds full.
struct ClaimTable: Sendable {
    private var slots: [BlobID]
    private(set) var count = 0
    private static let empty = BlobID(words: 0, 0, 0, 0)

    init() { slots = Array(repeating: Self.empty, count: 1024) }

    /// Adds an ID; false when it is there already.
    mutating func insert(_ id: BlobID) -> Bool {
        if count * 3 >= slots.count * 2 { grow() }
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: id.w1) & mask
        while slots[slot] != Self.empty {
            if slots[slot] == id { return false }
            slot = (slot + 1) & mask
        }
        slots[slot] = id
        count += 1
        return true
    }

    /// Keeps only the IDs for which `isKept` holds.
    mutating func filter(_ isKept: (BlobID) -> Bool) {
        var kept = ClaimTable()
        for id in slots where id != Self.empty && isKept(id) { _ = kept.insert(id) }
        self = kept
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: Self.empty, count: old.count * 2)
        count = 0
        for id in old where id != Self.empty { _ = insert(id) }
    }
}

// One bit per stored blob, set from many threads. What keeps surveys of large repositories small: 1.25 MB for ten
// million blobs.

import Synchronization

/// A fixed number of bits, all clear at first. Setting and reading may be done from any thread at once.
///
/// `@unchecked Sendable` and the unsafe pointer are sound because the memory is allocated in `init`, freed only in
/// `deinit`, never moved, and every access to it is an atomic operation on a word within `wordCount`.
final class AtomicBitset: @unchecked Sendable {
    let count: Int
    private let words: UnsafeMutablePointer<Atomic<UInt64>>
    private let wordCount: Int

    init(count: Int) {
        self.count = count
        wordCount = (count + 63) / 64
        words = .allocate(capacity: max(1, wordCount))
        for word in 0..<wordCount { (words + word).initialize(to: Atomic(0)) }
    }

    deinit {
        words.deinitialize(count: wordCount)
        words.deallocate()
    }

    /// Sets a bit; whether it was clear before.
    @discardableResult
    func insert(_ position: Int) -> Bool {
        precondition(position >= 0 && position < count)
        let mask = UInt64(1) << UInt64(position & 63)
        if words[position >> 6].load(ordering: .relaxed) & mask != 0 { return false }
        return words[position >> 6].bitwiseOr(mask, ordering: .relaxed).oldValue & mask == 0
    }

    func contains(_ position: Int) -> Bool {
        precondition(position >= 0 && position < count)
        return words[position >> 6].load(ordering: .relaxed) & (1 << UInt64(position & 63)) != 0
    }

    /// How many bits are set.
    var populationCount: Int {
        (0..<wordCount).reduce(0) { $0 + words[$1].load(ordering: .relaxed).nonzeroBitCount }
    }
}

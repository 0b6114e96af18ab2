// Content-defined chunking by a gear hash, its table derived from a secret of the repository.
// Owns where chunks of a Hikae-made repository end. A change here moves every cut: old data would be stored anew.

internal import Crypto

/// A FastCDC-like chunker: a gear hash over the last 64 bytes, no look at the first 512 KiB of a chunk, and normalised
/// chunking (cuts rarer before 1 MiB, more frequent behind it). Chunks are 1.05 MiB in the mean.
///
/// The gear table is keyed, so that chunk lengths tell an observer of the repository nothing about its files.
public struct GearChunker: Sendable {
    /// The bounds of the chunks.
    public let limits: ChunkLimits
    /// Position in a chunk from which on cuts are more frequent.
    let normal: Int
    /// A cut lies where the hash is below this: before `normal`, and from there on. The hash's high bits depend on
    /// the most bytes, so a comparison serves as a mask on them would.
    let rareBelow, frequentBelow: UInt64
    /// 256 words.
    let table: [UInt64]

    /// A chunker whose cuts depend on `secret`: 32 bytes, traps on any other count.
    public init(secret: [UInt8]) {
        precondition(secret.count == 32)
        self.init(secret: secret, limits: .standard, normal: 1 << 20, rareBits: 20, frequentBits: 18)
    }

    init(secret: [UInt8], limits: ChunkLimits, normal: Int, rareBits: Int, frequentBits: Int) {
        precondition((limits.minimum...limits.maximum).contains(normal))
        self.limits = limits
        self.normal = normal
        rareBelow = 1 << UInt64(64 - rareBits)
        frequentBelow = 1 << UInt64(64 - frequentBits)
        table = Self.table(secret: secret)
    }

    /// 256 words: SHA-256(secret || counter), the counter a byte from 0 to 63, each digest four little-endian words.
    static func table(secret: [UInt8]) -> [UInt64] {
        var table: [UInt64] = []
        table.reserveCapacity(256)
        for counter in UInt8(0)..<64 {
            var hash = SHA256()
            hash.update(data: secret)
            hash.update(data: [counter])
            hash.finalize().withUnsafeBytes { digest in
                for word in 0..<4 {
                    table.append(UInt64(littleEndian: digest.loadUnaligned(fromByteOffset: word * 8, as: UInt64.self)))
                }
            }
        }
        return table
    }

    /// The length of the chunk that starts at `bytes[0]`; see ``Chunker/nextCut(_:isEnd:scanned:)``.
    public func nextCut(_ bytes: UnsafeRawBufferPointer, isEnd: Bool, scanned: Int = 0) -> Int? {
        let end = min(bytes.count, limits.maximum)
        if let base = bytes.baseAddress, end >= limits.minimum {
            let start = max(limits.minimum, min(scanned, end) + 1)
            if let cut = cut(base, from: start, through: end) { return cut }
        }
        if end == limits.maximum { return end }
        return isEnd && end > 0 ? end : nil
    }

    /// The first cut at `first` to `last`, both at least 64.
    private func cut(_ base: UnsafeRawPointer, from first: Int, through last: Int) -> Int? {
        // `base` is valid for `last` bytes for the length of the call, and the table has 256 entries, indexed by bytes.
        table.withUnsafeBufferPointer { table -> Int? in
            guard let gear = table.baseAddress, first <= last else { return nil }
            let bytes = base.assumingMemoryBound(to: UInt8.self)
            // The hash after byte n-1 decides on a cut at n; 63 bytes before the first such byte fill the window.
            var hash: UInt64 = 0
            for index in first - ChunkLimits.window..<first - 1 { hash = hash &<< 1 &+ gear[Int(bytes[index])] }
            var position = first - 1
            if first < normal {
                if let cut = Self.scan(bytes, gear, &hash, &position, min(normal - 1, last), rareBelow) { return cut }
            }
            return Self.scan(bytes, gear, &hash, &position, last, frequentBelow)
        }
    }

    /// Rolls `hash` over `bytes[position..<end]` until it falls below `limit`; the cut lies behind that byte.
    @inline(__always)
    private static func scan(
        _ bytes: UnsafePointer<UInt8>, _ gear: UnsafePointer<UInt64>, _ hash: inout UInt64, _ position: inout Int,
        _ end: Int, _ limit: UInt64
    ) -> Int? {
        var at = position
        var rolling = hash
        while at &+ 8 <= end {
            // Unrolled by hand: the loop's own arithmetic would cost a third of the speed.
            rolling = rolling &<< 1 &+ gear[Int(bytes[at])]
            if rolling < limit { return at &+ 1 }
            rolling = rolling &<< 1 &+ gear[Int(bytes[at &+ 1])]
            if rolling < limit { return at &+ 2 }
            rolling = rolling &<< 1 &+ gear[Int(bytes[at &+ 2])]
            if rolling < limit { return at &+ 3 }
            rolling = rolling &<< 1 &+ gear[Int(bytes[at &+ 3])]
            if rolling < limit { return at &+ 4 }
            rolling = rolling &<< 1 &+ gear[Int(bytes[at &+ 4])]
            if rolling < limit { return at &+ 5 }
            rolling = rolling &<< 1 &+ gear[Int(bytes[at &+ 5])]
            if rolling < limit { return at &+ 6 }
            rolling = rolling &<< 1 &+ gear[Int(bytes[at &+ 6])]
            if rolling < limit { return at &+ 7 }
            rolling = rolling &<< 1 &+ gear[Int(bytes[at &+ 7])]
            if rolling < limit { return at &+ 8 }
            at &+= 8
        }
        while at < end {
            rolling = rolling &<< 1 &+ gear[Int(bytes[at])]
            at &+= 1
            if rolling < limit { return at }
        }
        hash = rolling
        position = at
        return nil
    }
}

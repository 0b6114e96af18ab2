// restic's chunker: cuts where the Rabin fingerprint of the last 64 bytes ends in 20 zero bits. Owns where chunks of a
// restic-made repository end. A change here that moves a cut breaks deduplication with restic.

public import HikaeCore

/// Cuts exactly where restic's chunker cuts with the same polynomial: window 64 bytes, chunks of 512 KiB to 8 MiB.
public struct RabinChunker: Sendable {
    /// Degree of the polynomials that restic makes and takes.
    static let degree = 53

    /// The bounds of the chunks.
    public let limits: ChunkLimits
    /// A cut lies where these bits of the fingerprint are zero.
    let mask: UInt64
    /// 256 words that reduce the byte above the polynomial's degree, then 256 words that take out the oldest byte.
    let tables: [UInt64]

    /// A chunker for a repository whose config names `polynomial`.
    ///
    /// Throws `.damaged` unless it is irreducible and of degree 53: no restic made it, and cuts would be poor.
    public init(polynomial: UInt64) throws(HikaeError) {
        try self.init(polynomial: polynomial, limits: .standard, averageBits: 20)
    }

    init(polynomial bits: UInt64, limits: ChunkLimits, averageBits: Int) throws(HikaeError) {
        let polynomial = Polynomial(bits)
        guard Self.isUsable(bits) else {
            throw HikaeError(
                .damaged, "the chunker polynomial 0x\(String(bits, radix: 16)) is not irreducible of degree 53")
        }
        self.limits = limits
        mask = 1 << UInt64(averageBits) - 1
        tables = Self.tables(polynomial)
    }

    /// Whether restic could have made this polynomial: degree 53, irreducible.
    public static func isUsable(_ polynomial: UInt64) -> Bool {
        Polynomial(polynomial).degree == degree && Polynomial(polynomial).isIrreducible
    }

    /// A random polynomial for a new repository, from the system's randomness.
    public static func randomIrreducible() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return randomIrreducible(using: &generator)
    }

    /// A random polynomial from `generator`. One candidate in about 27 is irreducible.
    public static func randomIrreducible(using generator: inout some RandomNumberGenerator) -> UInt64 {
        while true {
            // Degree 53 exactly, and not divisible by x.
            let candidate = generator.next() & (1 << 53 - 1) | 1 << 53 | 1
            if Polynomial(candidate).isIrreducible { return candidate }
        }
    }

    /// The length of the chunk that starts at `bytes[0]`; see ``Chunker/nextCut(_:isEnd:scanned:)``.
    public func nextCut(_ bytes: UnsafeRawBufferPointer, isEnd: Bool, scanned: Int = 0) -> Int? {
        let end = min(bytes.count, limits.maximum)
        if let base = bytes.baseAddress, end >= limits.minimum {
            let start = max(limits.minimum, min(scanned, end) + 1)
            if let cut = RabinScan.cut(base, tables, mask, from: start, through: end) { return cut }
        }
        if end == limits.maximum { return end }
        return isEnd && end > 0 ? end : nil
    }

    /// Both tables. With `f` the fingerprint and `p` the polynomial, appending a byte to a window of 64 is
    /// `f' = (f << 8 | new) ^ reduce[f >> 45] ^ leave[oldest]`: all is linear, so that what the oldest byte has become
    /// 64 steps later is one word to take out.
    private static func tables(_ polynomial: Polynomial) -> [UInt64] {
        var tables = [UInt64](repeating: 0, count: 512)
        for byte in 0..<256 {
            let high = Polynomial(UInt64(byte) << UInt64(degree))
            tables[byte] = high.remainder(dividingBy: polynomial).bits | high.bits
        }
        for byte in 0..<256 {
            var print = UInt64(byte)
            for _ in 0..<ChunkLimits.window {
                print = print << 8 ^ tables[Int(print >> UInt64(degree - 8))]
            }
            tables[256 + byte] = print
        }
        return tables
    }
}

// Poly1305 (D. J. Bernstein, "The Poly1305-AES message-authentication code") on 64-bit words.

/// A Poly1305 authenticator under way. Feed whole blocks first; only the last piece may be no multiple of 16 bytes.
struct Poly1305 {
    // The key's r, masked, and the accumulator h < 2^130 in three words.
    private let r0, r1: UInt64
    private var h0: UInt64 = 0
    private var h1: UInt64 = 0
    private var h2: UInt64 = 0

    /// The parts of r that the paper has cleared: top four bits of each fourth byte, bottom two of the bytes after.
    static let mask: (UInt64, UInt64) = (0x0FFF_FFFC_0FFF_FFFF, 0x0FFF_FFFC_0FFF_FFFC)

    /// - Parameter r: the key's r as two little-endian words; it is masked here.
    init(r: (UInt64, UInt64)) {
        r0 = r.0 & Self.mask.0
        r1 = r.1 & Self.mask.1
    }

    /// Takes the next bytes. A piece that is no multiple of 16 bytes must be the last.
    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        // Locals: the compiler keeps them in registers, fields of an inout self it may not.
        var (h0, h1, h2) = (h0, h1, h2)
        let (r0, r1) = (r0, r1)
        let s1 = r1 &+ r1 >> 2
        let whole = bytes.count & ~15
        var offset = 0
        while offset < whole {
            let low = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            let high = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset &+ 8, as: UInt64.self))
            Self.step(&h0, &h1, &h2, low, high, 1, r0, r1, s1)
            offset &+= 16
        }
        if offset < bytes.count {
            var tail: (UInt64, UInt64) = (0, 0)
            withUnsafeMutableBytes(of: &tail) { block in
                block.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset...]))
                block[bytes.count - offset] = 1
            }
            Self.step(&h0, &h1, &h2, UInt64(littleEndian: tail.0), UInt64(littleEndian: tail.1), 0, r0, r1, s1)
        }
        (self.h0, self.h1, self.h2) = (h0, h1, h2)
    }

    /// h = (h + block) * r, partly reduced modulo 2^130 - 5.
    ///
    /// r1 is a multiple of four, so r1 * 2^128 = (r1 / 4) * 2^130 = 5 * (r1 / 4) = s1: all products stay whole.
    @inline(__always)
    private static func step(
        _ h0: inout UInt64, _ h1: inout UInt64, _ h2: inout UInt64, _ low: UInt64, _ high: UInt64, _ top: UInt64,
        _ r0: UInt64, _ r1: UInt64, _ s1: UInt64
    ) {
        // On 128 bits, because the compiler makes add-with-carry of it; with explicit carries it runs half as fast.
        let (sum, isOver) = wide(h1, h0).addingReportingOverflow(wide(high, low))
        h0 = UInt64(truncatingIfNeeded: sum)
        h1 = UInt64(truncatingIfNeeded: sum >> 64)
        h2 = h2 &+ top &+ (isOver ? 1 : 0)

        // h2 is at most 7 and r0, s1 are below 2^61, so what is multiplied by it fits one word.
        let d0 = product(h0, r0) &+ product(h1, s1)
        let d1 = product(h0, r1) &+ product(h1, r0) &+ UInt128(truncatingIfNeeded: h2 &* s1) &+ (d0 >> 64)
        let d2 = h2 &* r0 &+ UInt64(truncatingIfNeeded: d1 >> 64)

        // What lies above 2^130 comes back times five.
        let above = (d2 & ~3) &+ d2 >> 2
        let rest = wide(UInt64(truncatingIfNeeded: d1), UInt64(truncatingIfNeeded: d0))
        let (reduced, hasCarry) = rest.addingReportingOverflow(UInt128(truncatingIfNeeded: above))
        h0 = UInt64(truncatingIfNeeded: reduced)
        h1 = UInt64(truncatingIfNeeded: reduced >> 64)
        h2 = (d2 & 3) &+ (hasCarry ? 1 : 0)
    }

    @inline(__always)
    private static func wide(_ high: UInt64, _ low: UInt64) -> UInt128 {
        UInt128(truncatingIfNeeded: high) << 64 | UInt128(truncatingIfNeeded: low)
    }

    @inline(__always)
    private static func product(_ left: UInt64, _ right: UInt64) -> UInt128 {
        UInt128(truncatingIfNeeded: left) &* UInt128(truncatingIfNeeded: right)
    }

    /// The authenticator: h modulo 2^130 - 5, plus `s`, modulo 2^128, as two little-endian words.
    func finish(adding s: (UInt64, UInt64)) -> (UInt64, UInt64) {
        // h - (2^130 - 5) = h + 5 - 2^130: taken, without a branch, when it is not negative.
        let (g0, carry0) = h0.addingReportingOverflow(5)
        let (g1, carry1) = h1.addingReportingOverflow(carry0 ? 1 : 0)
        let g2 = h2 &+ (carry1 ? 1 : 0)
        let take = 0 &- (g2 >> 2)
        let low = h0 & ~take | g0 & take
        let high = h1 & ~take | g1 & take
        let (sum, carry) = low.addingReportingOverflow(s.0)
        return (sum, high &+ s.1 &+ (carry ? 1 : 0))
    }
}

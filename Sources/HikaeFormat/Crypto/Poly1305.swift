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
        var carry: Bool
        var carried: Bool
        (h0, carry) = h0.addingReportingOverflow(low)
        (h1, carried) = h1.addingReportingOverflow(high)
        var extra: UInt64 = carried ? 1 : 0
        (h1, carried) = h1.addingReportingOverflow(carry ? 1 : 0)
        extra &+= carried ? 1 : 0
        h2 = h2 &+ extra &+ top

        // d0 = h0*r0 + h1*s1;  d1 = h0*r1 + h1*r0 + h2*s1;  d2 = h2*r0. h2 is at most 7: its products fit one word.
        let a = h0.multipliedFullWidth(by: r0)
        let b = h1.multipliedFullWidth(by: s1)
        let c = h0.multipliedFullWidth(by: r1)
        let d = h1.multipliedFullWidth(by: r0)
        var (d0, d0High) = (a.low, a.high)
        (d0, carry) = d0.addingReportingOverflow(b.low)
        d0High = d0High &+ b.high &+ (carry ? 1 : 0)
        var (d1, d1High) = (c.low, c.high)
        (d1, carry) = d1.addingReportingOverflow(d.low)
        d1High = d1High &+ d.high &+ (carry ? 1 : 0)
        (d1, carry) = d1.addingReportingOverflow(h2 &* s1)
        d1High = d1High &+ (carry ? 1 : 0)
        var d2 = h2 &* r0
        (d1, carry) = d1.addingReportingOverflow(d0High)
        d1High = d1High &+ (carry ? 1 : 0)
        d2 = d2 &+ d1High

        // What lies above 2^130 comes back times five.
        let above = (d2 & ~3) &+ d2 >> 2
        h2 = d2 & 3
        (h0, carry) = d0.addingReportingOverflow(above)
        (h1, carry) = d1.addingReportingOverflow(carry ? 1 : 0)
        h2 = h2 &+ (carry ? 1 : 0)
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

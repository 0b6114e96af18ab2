// Polynomials over GF(2) of degree up to 63, a bit a coefficient: only what choosing and using one for a Rabin
// fingerprint takes. Nothing here is fast, nothing here is called per byte.

/// A polynomial over the field of two elements; bit n is the coefficient of x^n.
struct Polynomial: Hashable, Sendable {
    var bits: UInt64

    init(_ bits: UInt64) { self.bits = bits }

    /// -1 for zero.
    var degree: Int { 63 - bits.leadingZeroBitCount }

    /// The remainder of division by `divisor`, which is not zero.
    func remainder(dividingBy divisor: Polynomial) -> Polynomial {
        precondition(divisor.bits != 0)
        var rest = self
        while rest.degree >= divisor.degree {
            rest.bits ^= divisor.bits << UInt64(rest.degree - divisor.degree)
        }
        return rest
    }

    /// The product reduced by `modulus`, whose degree is 1 to 63.
    func multiplied(by other: Polynomial, modulo modulus: Polynomial) -> Polynomial {
        var product: UInt64 = 0
        var shifted = remainder(dividingBy: modulus).bits
        var rest = other.bits
        let top = UInt64(1) << UInt64(modulus.degree - 1)
        while rest != 0 {
            if rest & 1 == 1 { product ^= shifted }
            let overflows = shifted & top != 0
            shifted <<= 1
            if overflows { shifted ^= modulus.bits }
            rest >>= 1
        }
        return Polynomial(product)
    }

    /// The greatest common divisor, by Euclid.
    func greatestCommonDivisor(with other: Polynomial) -> Polynomial {
        var (a, b) = (self, other)
        while b.bits != 0 { (a, b) = (b, a.remainder(dividingBy: b)) }
        return a
    }

    /// Whether no two polynomials of lower degree have this as their product (Ben-Or's test): it shares no factor with
    /// x^(2^i) - x, the product of all irreducible polynomials whose degree divides i, for i up to half its degree.
    var isIrreducible: Bool {
        guard degree >= 1 else { return false }
        guard degree >= 2 else { return true }
        var power = Polynomial(2)
        for _ in 1...degree / 2 {
            power = power.multiplied(by: power, modulo: self)
            let difference = Polynomial(power.bits ^ 2)
            if greatestCommonDivisor(with: difference).bits != 1 { return false }
        }
        return true
    }
}

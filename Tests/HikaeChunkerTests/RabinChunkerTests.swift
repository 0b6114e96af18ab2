// restic's cuts, cut for cut. The expected figures were printed by restic's own chunker library (github.com/restic/chunker).

import HikaeCore
import HikaeTesting
import Testing

@testable import HikaeChunker

@Suite("A Rabin chunker")
struct RabinChunkerTests {
    static let polynomial: UInt64 = 0x3DA3_358B_4DC1_73
    static let other: UInt64 = 0x2482_734C_ACCA_49

    /// 32 MiB that the figures below were made from.
    static let sample: [UInt8] = {
        var generator = SeededGenerator(seed: 23)
        return generator.bytes(32 << 20)
    }()

    @Test("cuts where restic's chunker cuts")
    func cutsAsRestic() throws {
        let chunker = try RabinChunker(polynomial: Self.polynomial)
        #expect(
            chunkLengths(Self.sample, .rabin(chunker)) == [
                1_153_221, 1_368_292, 1_032_272, 574_085, 580_863, 707_335, 688_668, 1_545_561, 2_359_577, 1_935_291,
                1_312_011, 856_912, 2_825_299, 1_587_105, 985_416, 2_788_974, 1_843_812, 879_005, 734_761, 984_735,
                2_171_465, 673_834, 3_965_938,
            ])
    }

    @Test("cuts where restic's chunker cuts with another repository's polynomial")
    func cutsAsResticElsewhere() throws {
        let chunker = try RabinChunker(polynomial: Self.other)
        #expect(
            chunkLengths(Self.sample, .rabin(chunker)) == [
                7_045_834, 2_275_894, 1_413_841, 2_503_569, 1_702_392, 1_698_017, 1_249_504, 610_487, 4_227_003,
                689_214, 3_000_923, 591_808, 1_663_578, 1_777_214, 2_372_914, 732_240,
            ])
    }

    @Test("cuts where restic's chunker cuts when cuts are frequent")
    func cutsAsResticOften() throws {
        let first = try RabinChunker(polynomial: Self.polynomial, limits: .standard, averageBits: 16)
        #expect(
            chunkLengths(Self.sample, .rabin(first)).prefix(12) == [
                580_010, 573_211, 524_914, 544_935, 571_383, 668_347, 531_691, 609_894, 556_747, 556_904, 665_463,
                577_420,
            ])
        let second = try RabinChunker(polynomial: Self.other, limits: .standard, averageBits: 16)
        #expect(
            chunkLengths(Self.sample, .rabin(second)).prefix(12) == [
                563_707, 562_433, 789_313, 627_477, 607_593, 565_270, 555_064, 574_630, 628_272, 605_976, 603_745,
                542_433,
            ])
    }

    @Test("cuts zeros at the minimum, also when they end on a multiple of it")
    func cutsZeros() throws {
        let chunker = try RabinChunker(polynomial: Self.polynomial)
        let zeros = [UInt8](repeating: 0, count: 4 * 512 << 10)
        #expect(chunkLengths(zeros, .rabin(chunker)) == [Int](repeating: 512 << 10, count: 4))
    }

    @Test("agrees with the definition of the fingerprint at every position, whatever the bytes and limits")
    func agreesWithDefinition() throws {
        var generator = SeededGenerator()
        for round in 0..<12 {
            let polynomial = RabinChunker.randomIrreducible(using: &generator)
            let minimum = 64 + Int.random(in: 0...300, using: &generator)
            let limits = ChunkLimits(minimum: minimum, maximum: minimum + 60_000)
            let bits = 4 + round
            let chunker = try RabinChunker(polynomial: polynomial, limits: limits, averageBits: bits)
            var bytes = generator.bytes(150_000)
            // A stretch with few values, and one of zeros, where cuts are dense.
            for index in 30_000..<50_000 { bytes[index] &= 1 }
            for index in 70_000..<71_000 { bytes[index] = 0 }
            let expected = lengthsByDefinition(bytes, Polynomial(polynomial), limits, mask: 1 << UInt64(bits) - 1)
            #expect(chunkLengths(bytes, .rabin(chunker)) == expected, "round \(round), minimum \(minimum)")
        }
    }

    @Test("refuses a polynomial that restic could not have made", arguments: [0, 1, 0x37C3_D1A2_F0B8_A1, 1 << 53, 7])
    func refusesPolynomials(_ polynomial: UInt64) {
        #expect(throws: HikaeError.self) { try RabinChunker(polynomial: polynomial) }
    }

    /// Chunk lengths straight from the definition: long division of each window, no table, no rolling.
    private func lengthsByDefinition(
        _ bytes: [UInt8], _ polynomial: Polynomial, _ limits: ChunkLimits, mask: UInt64
    ) -> [Int] {
        var lengths: [Int] = []
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count - start, limits.maximum)
            var length = end
            for candidate in stride(from: limits.minimum, through: end, by: 1) {
                var print: UInt64 = 0
                for byte in bytes[start + candidate - 64..<start + candidate] {
                    print = Polynomial(print << 8 | UInt64(byte)).remainder(dividingBy: polynomial).bits
                }
                if print & mask == 0 {
                    length = candidate
                    break
                }
            }
            lengths.append(length)
            start += length
        }
        return lengths
    }
}

@Suite("Polynomials")
struct PolynomialTests {
    @Test(
        "made by restic are irreducible",
        arguments: [
            0x3DA3_358B_4DC1_73, 0x2482_734C_ACCA_49, 0x37B4_6795_2727_E5, 0x3169_9659_40DE_29, 0x205B_78C3_942C_E3,
            0x2D12_A7A1_3BF6_63,
        ])
    func irreducible(_ bits: UInt64) {
        #expect(Polynomial(bits).isIrreducible)
        #expect(RabinChunker.isUsable(bits))
    }

    @Test("of low degree are irreducible exactly when no product makes them")
    func irreducibleByTrial() {
        var reducible = Set<UInt64>()
        for a in UInt64(2)..<256 {
            for b in UInt64(2)..<256 {
                var product: UInt64 = 0
                for bit in UInt64(0)..<8 where b >> bit & 1 == 1 { product ^= a << bit }
                reducible.insert(product)
            }
        }
        for bits in UInt64(2)..<256 { #expect(Polynomial(bits).isIrreducible != reducible.contains(bits), "\(bits)") }
        #expect(!Polynomial(0).isIrreducible)
        #expect(!Polynomial(1).isIrreducible)
    }

    @Test("with a factor are reducible, also at full degree")
    func productsAreReducible() {
        var generator = SeededGenerator()
        for _ in 0..<50 {
            let factor = generator.next() & 0xFFFF | 1 << 16
            let other = generator.next() & (1 << 37 - 1) | 1 << 37
            var product: UInt64 = 0
            for bit in UInt64(0)..<17 where factor >> bit & 1 == 1 { product ^= other << bit }
            #expect(Polynomial(product).degree == 53)
            #expect(!Polynomial(product).isIrreducible)
            #expect(!RabinChunker.isUsable(product))
        }
    }

    @Test("made at random are irreducible, of degree 53, and differ")
    func random() {
        let made = (0..<8).map { _ in RabinChunker.randomIrreducible() }
        #expect(Set(made).count == 8)
        for bits in made {
            #expect(Polynomial(bits).degree == 53)
            #expect(RabinChunker.isUsable(bits))
        }
    }

    @Test("multiply and divide consistently")
    func arithmetic() {
        var generator = SeededGenerator()
        let modulus = Polynomial(RabinChunkerTests.polynomial)
        for _ in 0..<200 {
            let a = Polynomial(generator.next() >> 11).remainder(dividingBy: modulus)
            let b = Polynomial(generator.next() >> 11).remainder(dividingBy: modulus)
            let c = Polynomial(generator.next() >> 11).remainder(dividingBy: modulus)
            let left = a.multiplied(by: Polynomial(b.bits ^ c.bits), modulo: modulus)
            let right = a.multiplied(by: b, modulo: modulus).bits ^ a.multiplied(by: c, modulo: modulus).bits
            #expect(left.bits == right)
            #expect(a.multiplied(by: b, modulo: modulus) == b.multiplied(by: a, modulo: modulus))
            #expect(a.multiplied(by: Polynomial(1), modulo: modulus) == a)
        }
    }
}

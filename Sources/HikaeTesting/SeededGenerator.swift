// Randomness that can be repeated. A property test that fails says which seed to set.

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// SplitMix64: small, fast, good enough for test data, the same on every machine.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    /// What it was begun with.
    public let seed: UInt64
    private var state: UInt64

    /// Begins with `seed`.
    public init(seed: UInt64) { (self.seed, state) = (seed, seed) }

    /// Begins with `HIKAE_TEST_SEED` if that is set, else with a random seed; prints it beside the test's name.
    public init(for test: String = #function) {
        let given = getenv("HIKAE_TEST_SEED").flatMap { UInt64(String(cString: $0)) }
        self.init(seed: given ?? UInt64.random(in: 0...UInt64.max))
        print("\(test): HIKAE_TEST_SEED=\(seed)")
    }

    /// The next 64 random bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// `count` random bytes.
    public mutating func bytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            var index = 0
            while index < count {
                var word = next()
                for _ in 0..<min(8, count - index) {
                    buffer[index] = UInt8(truncatingIfNeeded: word)
                    word >>= 8
                    index += 1
                }
            }
            initialized = count
        }
    }
}

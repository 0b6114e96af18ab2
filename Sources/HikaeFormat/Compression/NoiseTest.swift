// Tells photographs, archives and ciphertext from what can be compressed, at a glance.

/// A test for bytes that no compressor shortens, from a sample.
enum NoiseTest {
    /// Shorter input is compressed without asking: it costs little.
    private static let minimum = 128 << 10
    private static let places = 32
    private static let placeSize = 256

    /// Whether the sampled bytes are spread as evenly as chance would spread them.
    ///
    /// Of `n` evenly spread bytes, the squares of the 256 counts add up to about `n + n² / 256`. Compressed formats
    /// lie within a few per cent of that; text, programs, tables and raw sound or pictures lie at several times it.
    static func looksLikeNoise(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count >= minimum else { return false }
        return withUnsafeTemporaryAllocation(of: UInt16.self, capacity: 256) { counts in
            counts.initialize(repeating: 0)
            let step = (bytes.count - placeSize) / (places - 1)
            for place in 0..<places {
                for offset in place * step..<place * step + placeSize { counts[Int(bytes[offset])] += 1 }
            }
            let sample = places * placeSize
            let squares = counts.reduce(0) { $0 + Int($1) * Int($1) }
            return squares < (sample + sample * sample / 256) * 104 / 100
        }
    }
}

// What looks like noise is what no compressor shortens, and nothing else.

import HikaeTesting
import Testing

@testable import HikaeFormat

struct NoiseTests {
    private func looksLikeNoise(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { NoiseTest.looksLikeNoise($0) } }

    @Test func noiseIsToldFromTextTablesAndSound() {
        var generator = SeededGenerator()
        for _ in 0..<50 {
            let size = Int.random(in: 128 << 10...1 << 20, using: &generator)
            let noise = generator.bytes(size)
            #expect(looksLikeNoise(noise))
            let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
            #expect(!looksLikeNoise(noise.map { letters[Int($0) & 63] }), "base64 can be shortened")
            #expect(!looksLikeNoise(noise.map { $0 & 0x7F }), "a bit that never changes can be saved")
            // 16-bit samples: the low byte is noise, the high byte is near zero.
            #expect(
                !looksLikeNoise(noise.enumerated().map { $0.offset.isMultiple(of: 2) ? $0.element : $0.element & 7 }))
            #expect(!looksLikeNoise([UInt8](repeating: 0, count: size)))
        }
    }

    @Test func shortInputIsNeverTakenForNoise() {
        var generator = SeededGenerator()
        #expect(!looksLikeNoise(generator.bytes((128 << 10) - 1)))
        #expect(!looksLikeNoise([]))
    }
}

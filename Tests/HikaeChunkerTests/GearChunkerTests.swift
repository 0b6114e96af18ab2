// The chunker of Hikae's own repositories: its cuts are part of the format, so they are held fast here.

import HikaeTesting
import Testing

@testable import HikaeChunker

@Suite("A gear chunker")
struct GearChunkerTests {
    @Test("cuts elsewhere under another secret")
    func secrets() {
        let sample = RabinChunkerTests.sample
        var secret = [UInt8](repeating: 0, count: 32)
        let first = ends(sample, GearChunker(secret: secret))
        secret[31] = 1
        let second = ends(sample, GearChunker(secret: secret))
        // The end of the input is the one end they share.
        #expect(first.intersection(second) == [sample.count])
    }

    @Test("agrees with the definition at every position, whatever the bytes and limits")
    func agreesWithDefinition() {
        var generator = SeededGenerator()
        for round in 0..<40 {
            let minimum = 64 + Int.random(in: 0...200, using: &generator)
            let normal = minimum + Int.random(in: 0...2000, using: &generator)
            let limits = ChunkLimits(minimum: minimum, maximum: normal + Int.random(in: 0...3000, using: &generator))
            let frequent = Int.random(in: 4...12, using: &generator)
            let chunker = GearChunker(
                secret: generator.bytes(32), limits: limits, normal: normal, rareBits: frequent + 2,
                frequentBits: frequent)
            let bytes = generator.bytes(60_000)
            #expect(chunkLengths(bytes, .gear(chunker)) == lengthsByDefinition(bytes, chunker), "round \(round)")
        }
    }

    @Test("derives its table from the secret by SHA-256, and never otherwise")
    func table() {
        let table = GearChunker.table(secret: [UInt8](repeating: 0x42, count: 32))
        #expect(table.count == 256)
        #expect(Set(table).count == 256)
        // By another program: the first word of SHA-256("B" * 32 || 0), the last of SHA-256("B" * 32 || 63).
        #expect(table.first == 0x7039_EDBE_08C9_9EB5)
        #expect(table.last == 0x4AB2_07F1_9D27_418B)
    }

    private func ends(_ bytes: [UInt8], _ chunker: GearChunker) -> Set<Int> {
        var end = 0
        return Set(
            chunkLengths(bytes, .gear(chunker)).map { length in
                end += length
                return end
            })
    }

    /// Chunk lengths straight from the definition: each position's hash summed anew over its 64 bytes.
    private func lengthsByDefinition(_ bytes: [UInt8], _ chunker: GearChunker) -> [Int] {
        var lengths: [Int] = []
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count - start, chunker.limits.maximum)
            let cut = (chunker.limits.minimum..<max(end, chunker.limits.minimum)).first { length in
                var hash: UInt64 = 0
                for distance in 0..<64 {
                    hash &+= chunker.table[Int(bytes[start + length - 1 - distance])] << UInt64(distance)
                }
                return hash < (length < chunker.normal ? chunker.rareBelow : chunker.frequentBelow)
            }
            lengths.append(cut ?? end)
            start += cut ?? end
        }
        return lengths
    }
}

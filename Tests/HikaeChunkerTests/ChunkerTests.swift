// What holds of both chunkers.

import HikaeTesting
import Testing

@testable import HikaeChunker

@Suite("A chunker")
struct ChunkerTests {
    static let chunkers: [Chunker] = {
        guard let rabin = try? RabinChunker(polynomial: RabinChunkerTests.polynomial) else { return [] }
        return [.gear(GearChunker(secret: Array(0..<32))), .rabin(rabin)]
    }()
    static let minimum = ChunkLimits.standard.minimum
    static let maximum = ChunkLimits.standard.maximum

    @Test("comes in two kinds")
    func kinds() { #expect(Self.chunkers.count == 2) }

    @Test("cuts the same bytes the same way, into all there are", arguments: chunkers)
    func determinism(_ chunker: Chunker) {
        let sample = RabinChunkerTests.sample
        let lengths = chunkLengths(sample, chunker)
        #expect(lengths == chunkLengths(sample, chunker))
        #expect(lengths.reduce(0, +) == sample.count)
        for length in lengths.dropLast() { #expect((Self.minimum...Self.maximum).contains(length)) }
        #expect(lengths.last.map { $0 <= Self.maximum } == true)
    }

    @Test("keeps its bounds to the byte", arguments: chunkers)
    func bounds(_ chunker: Chunker) {
        // All bytes alike and no cut in them: what is left are the bounds.
        let byte = (0...255).first { byte in
            nextCut([UInt8](repeating: UInt8(byte), count: Self.minimum + 200), chunker, isEnd: false) == nil
        }
        guard let byte else { return #expect(Bool(false), "some byte is never cut at") }
        let same = [UInt8](repeating: UInt8(byte), count: Self.maximum + 1)
        for count in [1, Self.minimum - 1, Self.minimum, Self.minimum + 1, Self.maximum - 1] {
            #expect(nextCut(Array(same[..<count]), chunker, isEnd: true) == count, "\(count) at the end")
            #expect(nextCut(Array(same[..<count]), chunker, isEnd: false) == nil, "\(count) before the end")
        }
        for count in [Self.maximum, Self.maximum + 1] {
            #expect(nextCut(Array(same[..<count]), chunker, isEnd: true) == Self.maximum)
            #expect(nextCut(Array(same[..<count]), chunker, isEnd: false) == Self.maximum)
        }
        #expect(nextCut([], chunker, isEnd: true) == nil)
        #expect(nextCut([], chunker, isEnd: false) == nil)
    }

    @Test("finds a cut as soon as its bytes are there, and not before", arguments: chunkers)
    func earliest(_ chunker: Chunker) {
        let sample = Array(RabinChunkerTests.sample[..<Self.maximum])
        guard let cut = nextCut(sample, chunker, isEnd: false), cut < Self.maximum else {
            return #expect(Bool(false), "the sample has a cut")
        }
        #expect(nextCut(Array(sample[..<cut]), chunker, isEnd: false) == cut)
        #expect(nextCut(Array(sample[..<(cut + 1)]), chunker, isEnd: false) == cut)
        #expect(nextCut(Array(sample[..<(cut - 1)]), chunker, isEnd: false) == nil)
        #expect(nextCut(Array(sample[..<(cut - 1)]), chunker, isEnd: true) == cut - 1)
    }

    @Test("told what it has scanned already, cuts as if it had seen all at once", arguments: chunkers)
    func resumes(_ chunker: Chunker) {
        var generator = SeededGenerator()
        let sample = RabinChunkerTests.sample
        var start = 0
        for expected in chunkLengths(sample, chunker).prefix(12) {
            var given = 0
            var found: Int?
            while found == nil, start + given < sample.count {
                let scanned = given
                given = min(given + Int.random(in: 1...700_000, using: &generator), sample.count - start)
                found = nextCut(
                    Array(sample[start..<start + given]), chunker, isEnd: start + given == sample.count,
                    scanned: scanned)
            }
            #expect(found == expected)
            start += expected
        }
    }

    @Test("cuts most chunks as before when a byte is put in front", arguments: chunkers)
    func shifts(_ chunker: Chunker) {
        let sample = RabinChunkerTests.sample
        let before = Set(chunks(sample, chunker))
        let after = chunks([0x5A] + sample, chunker)
        let kept = after.count { before.contains($0) }
        #expect(kept * 10 >= after.count * 7, "\(kept) of \(after.count) chunks are the same")
    }

    @Test("cuts chunks of the mean length it promises", arguments: chunkers)
    func mean(_ chunker: Chunker) {
        var generator = SeededGenerator(seed: 99)
        let bytes = generator.bytes(128 << 20)
        let lengths = chunkLengths(bytes, chunker)
        let mean = Double(bytes.count) / Double(lengths.count) / Double(1 << 20)
        switch chunker {
        case .gear: #expect((0.95...1.15).contains(mean), "\(mean) MiB")
        case .rabin: #expect((1.2...1.8).contains(mean), "\(mean) MiB")
        }
    }
}

// Any blocks may be lost, as many as there are of parity; one more is told, never guessed.

import HikaeCore
import HikaeTesting
import Testing

@testable import HikaeParity

@Suite("Reed-Solomon by libisal")
struct ReedSolomonTests {
    @Test(
        "Every choice of as many lost blocks as there is parity comes back",
        arguments: [(1, 1, 1), (2, 1, 7), (4, 3, 64), (17, 5, 100), (200, 10, 33), (200, 55, 16)])
    func mends(_ data: Int, _ parity: Int, _ length: Int) throws {
        var random = SeededGenerator(seed: UInt64(data * 1000 + parity))
        let code = ReedSolomon(try ParityShape(data: data, parity: parity))
        let blocks = (0..<(data * length)).map { _ in UInt8.random(in: 0...255, using: &random) }
        let whole = blocks + code.parity(blocks, length: length)
        for _ in 0..<40 {
            let lost = Set(Array(0..<(data + parity)).shuffled(using: &random).prefix(parity))
            var damaged = whole
            for block in lost { for byte in 0..<length { damaged[block * length + byte] ^= 0x5A } }
            try code.mend(&damaged, lost: lost, length: length)
            #expect(Array(damaged.prefix(data * length)) == blocks)
        }
    }

    @Test("One lost block more than there is parity is damage that cannot be mended")
    func refuses() throws {
        let code = ReedSolomon(try ParityShape(data: 4, parity: 2))
        var blocks = [UInt8](repeating: 1, count: 6 * 8)
        let error = #expect(throws: HikaeError.self) { try code.mend(&blocks, lost: [0, 1, 2], length: 8) }
        #expect(error?.code == .damaged)
    }

    @Test("Shapes that the field has no room for are refused", arguments: [(0, 1), (201, 1), (200, 56), (1, 0)])
    func shapes(_ data: Int, _ parity: Int) {
        #expect(throws: HikaeError.self) { try ParityShape(data: data, parity: parity) }
    }
}

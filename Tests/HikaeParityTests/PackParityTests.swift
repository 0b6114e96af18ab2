// A pack is mended byte for byte from its parity as long as the damage lies within the share, wherever it is.

import HikaeCore
import HikaeFormat
import HikaeTesting
import Testing

@testable import HikaeParity

@Suite("Parity of a pack")
struct PackParityTests {
    private func pack(_ count: Int) -> (bytes: [UInt8], id: FileID) {
        var random = SeededGenerator(seed: UInt64(count))
        let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
        return (bytes, Digest.fileID(bytes))
    }

    @Test("The size of a parity file tells its share, and damage to any part of the file is found")
    func sizes() throws {
        for count in [1, 511, 512, 513, 99_999, 300_000] {
            let (bytes, id) = pack(count)
            for share in [0.01, 0.05, 0.1, 0.25] {
                let file = try PackParity(bytes, pack: id, share: share).encoded
                #expect(PackParity.bytes(ofPack: UInt64(count), share: share) == UInt64(file.count))
                #expect(PackParity.isWhole(file, of: id))
                for place in [0, file.count / 2, file.count - 1] {
                    var damaged = file
                    damaged[place] ^= 1
                    #expect(!PackParity.isWhole(damaged, of: id), "\(count) bytes, byte \(place)")
                }
                #expect(!PackParity.isWhole(Array(file.dropLast()), of: id))
            }
        }
    }

    @Test("A flipped byte anywhere is mended, for packs of every size", arguments: [1, 2, 511, 513, 99_999, 300_000])
    func flipped(_ count: Int) throws {
        let (bytes, id) = pack(count)
        let file = try PackParity(bytes, pack: id, share: 0.05).encoded
        let parity = try PackParity(decoding: file, of: id)
        for place in Set([0, count / 3, count - 1]) {
            var damaged = bytes
            damaged[place] ^= 1
            #expect(try parity.mend(damaged) == bytes)
        }
        #expect(try parity.mend(bytes) == bytes)
    }

    @Test("A run of damage as long as the share less two blocks is mended; a third of the pack is not, and is told")
    func share() throws {
        let (bytes, id) = pack(400_000)
        let parity = try PackParity(bytes, pack: id, share: 0.05)
        #expect(parity.shape.parity == 10)
        var damaged = bytes
        for place in 123_456..<(123_456 + 8 * 2_000) { damaged[place] = 0 }
        #expect(try parity.mend(damaged) == bytes)
        for place in 0..<130_000 { damaged[place] = 0 }
        let error = #expect(throws: HikaeError.self) { _ = try parity.mend(damaged) }
        #expect(error?.code == .damaged)
    }

    @Test("A pack that was cut short by less than the share is whole again")
    func cut() throws {
        let (bytes, id) = pack(400_000)
        let parity = try PackParity(bytes, pack: id, share: 0.05)
        #expect(try parity.mend(Array(bytes.dropLast(15_000))) == bytes)
        #expect(try parity.mend(bytes + [1, 2, 3]) == bytes)
    }

    @Test("Damage to either head of the parity file, and to some of its blocks, does no harm")
    func heads() throws {
        let (bytes, id) = pack(200_000)
        let file = try PackParity(bytes, pack: id, share: 0.05).encoded
        var damaged = bytes
        damaged[77_777] ^= 0x80
        for place in [0, 20, 60, file.count / 2, file.count - 1, file.count - 40] {
            var broken = file
            broken[place] ^= 0xFF
            #expect(try PackParity(decoding: broken, of: id).mend(damaged) == bytes)
        }
        var both = file
        both[3] ^= 1
        both[file.count - 3] ^= 1
        #expect(throws: HikaeError.self) { try PackParity(decoding: both, of: id) }
        #expect(throws: HikaeError.self) { try PackParity(decoding: file, of: pack(7).id) }
    }

    @Test("What is no parity file is refused, of any length, and never trapped on")
    func nonsense() throws {
        let (bytes, id) = pack(5_000)
        let file = try PackParity(bytes, pack: id, share: 0.05).encoded
        for count in stride(from: 0, to: file.count, by: 97) {
            let error = #expect(throws: HikaeError.self) { try PackParity(decoding: Array(file.prefix(count)), of: id) }
            #expect(error?.code == .damaged)
        }
    }
}

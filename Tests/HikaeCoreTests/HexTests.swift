// Hexadecimal text and identifiers.

import HikaeCore
import HikaeTesting
import Testing

@Suite("Hexadecimal text")
struct HexTests {
    @Test("is lower case, two digits a byte")
    func encodes() {
        #expect(Hex.encode([0x00, 0x0F, 0xA5, 0xFF]) == "000fa5ff")
        #expect(Hex.encode([]) == "")
    }

    @Test("reads back as the bytes it was made of, in either case")
    func roundTrip() {
        var generator = SeededGenerator()
        for count in 0..<200 {
            let bytes = generator.bytes(count)
            #expect(Hex.decode(Hex.encode(bytes).utf8) == bytes)
            #expect(Hex.decode(Hex.encode(bytes).uppercased().utf8) == bytes)
        }
    }

    @Test("is nothing else", arguments: ["0", "0g", "g0", " 00", "0x", "0/", "0:", "0@", "0G", "0`", "é"])
    func refuses(_ text: String) { #expect(Hex.decode(text.utf8) == nil) }

    @Test("has a value for each of its digits and for no other byte")
    func values() {
        let digits = Array("0123456789abcdefABCDEF".utf8)
        for byte in UInt8.min...UInt8.max { #expect((Hex.value(byte) != nil) == digits.contains(byte)) }
        #expect(Hex.value(UInt8(ascii: "F")) == 15)
    }
}

@Suite("An identifier")
struct IdentifierTests {
    private func random(_ generator: inout SeededGenerator) throws -> (BlobID, [UInt8]) {
        let bytes = generator.bytes(32)
        return (try #require(BlobID(bytes)), bytes)
    }

    @Test("is its 32 bytes, as bytes and as hex")
    func roundTrip() throws {
        var generator = SeededGenerator()
        for _ in 0..<200 {
            let (id, bytes) = try random(&generator)
            #expect(id.bytes == bytes)
            #expect(id.hex == Hex.encode(bytes))
            #expect(id.description == id.hex)
            #expect(id.short == String(id.hex.prefix(8)))
            #expect(BlobID(hex: id.hex) == id)
            #expect(id.withUnsafeBytes { Array($0) } == bytes)
            #expect(id.cast(to: FileID.self).bytes == bytes)
        }
    }

    @Test("is ordered as its bytes are")
    func order() throws {
        var generator = SeededGenerator()
        for position in 0..<32 {
            let (id, bytes) = try random(&generator)
            var other = bytes
            other[position] ^= 1
            let changed = try #require(BlobID(other))
            #expect(id != changed)
            #expect((id < changed) == bytes.lexicographicallyPrecedes(other))
            #expect((changed < id) == other.lexicographicallyPrecedes(bytes))
            #expect(!(id < id))
        }
    }

    @Test("is never made of anything else")
    func refuses() {
        for count in [0, 31, 33, 64] { #expect(BlobID([UInt8](repeating: 0, count: count)) == nil) }
        let hex = String(repeating: "0a", count: 32)
        #expect(BlobID(hex: hex) != nil)
        for wrong in ["", String(hex.dropLast()), hex + "0", "g" + hex.dropFirst(), hex.dropLast() + "\u{e9}"] {
            #expect(BlobID(hex: wrong) == nil, "\(wrong)")
        }
    }

    @Test("is found in a set")
    func hashing() throws {
        var generator = SeededGenerator()
        var ids = Set<BlobID>()
        for _ in 0..<1000 { ids.insert(try random(&generator).0) }
        #expect(ids.count == 1000)
        for id in ids { #expect(ids.contains(try #require(BlobID(id.bytes)))) }
    }
}

import HikaeCore
import HikaeTesting
import Testing

@testable import HikaeFormat

/// The examples of "The Poly1305-AES message-authentication code" (D. J. Bernstein, 2005), appendix B.
private let paper: [(message: String, r: String, k: String, nonce: String, mac: String)] = [
    (
        "f3f6", "851fc40c3467ac0be05cc20404f3f700", "ec074c835580741701425b623235add6",
        "fb447350c4e868c52ac3275cf9d4327e", "f4c633c3044fc145f84f335cb81953de"
    ),
    (
        "", "a0f3080000f46400d0c7e9076c834403", "75deaa25c09f208e1dc4ce6b5cad3fbf",
        "61ee09218d29b0aaed7e154a2c5509cc", "dd3fab2251f11ac759f0887129cc2ee7"
    ),
    (
        "663cea190ffb83d89593f3f476b6bc24d7e679107ea26adb8caf6652d0656136",
        "48443d0bb0d21109c89a100b5ce2c208", "6acb5f61a7176dd320c5c1eb2edcdc74",
        "ae212a55399729595dea458bc621ff0e", "0ee1c16bb73f0f4fd19881753c01cdbe"
    ),
    (
        "ab0812724a7f1e342742cbed374d94d136c6b8795d45b3819830f2c04491faf0990c62e48b8018b2c3e4a0fa3134cb67"
            + "fa83e158c994d961c4cb21095c1bf9",
        "12976a08c4426d0ce8a82407c4f48207", "e1a5668a4d5b66a5f68cc5424ed5982d",
        "9ae831e743978d3a23527c7128149e3a", "5154ad0d2cb26e01274fc51148491f1b"
    ),
]

@Suite struct CryptoTests {
    @Test func poly1305AESGivesThePapersAuthenticators() throws {
        for vector in paper {
            let key = try #require(
                CryptoKey(encrypt: [UInt8](repeating: 1, count: 32), macK: hex(vector.k), macR: hex(vector.r)))
            var mac = Poly1305(r: key.macR)
            hex(vector.message).withUnsafeBytes { mac.update($0) }
            let s = AESCipher.encrypt(hex(vector.nonce).withUnsafeBytes { Block16($0) }, key: key.macKey)
            let tag = mac.finish(adding: (UInt64(littleEndian: s.low), UInt64(littleEndian: s.high)))
            #expect(
                Block16(low: tag.0.littleEndian, high: tag.1.littleEndian).withBytes { Array($0) } == hex(vector.mac))
        }
    }

    /// RFC 8439, A.3: vectors 7 to 11 are the ones that catch wrong carries.
    @Test func poly1305GivesTheRFCsTagsAtItsEdges() {
        let vectors: [(r: String, s: String, data: String, tag: String)] = [
            (
                "02000000000000000000000000000000", "00000000000000000000000000000000",
                "ffffffffffffffffffffffffffffffff",
                "03000000000000000000000000000000"
            ),
            (
                "02000000000000000000000000000000", "ffffffffffffffffffffffffffffffff",
                "02000000000000000000000000000000",
                "03000000000000000000000000000000"
            ),
            (
                "01000000000000000000000000000000", "00000000000000000000000000000000",
                "fffffffffffffffffffffffffffffffff0ffffffffffffffffffffffffffffff" + "11000000000000000000000000000000",
                "05000000000000000000000000000000"
            ),
            (
                "01000000000000000000000000000000", "00000000000000000000000000000000",
                "fffffffffffffffffffffffffffffffffbfefefefefefefefefefefefefefefe" + "01010101010101010101010101010101",
                "00000000000000000000000000000000"
            ),
            (
                "02000000000000000000000000000000", "00000000000000000000000000000000",
                "fdffffffffffffffffffffffffffffff",
                "faffffffffffffffffffffffffffffff"
            ),
            (
                "01000000000000000400000000000000", "00000000000000000000000000000000",
                "e33594d7505e43b900000000000000003394d7505e4379cd0100000000000000"
                    + "0000000000000000000000000000000001000000000000000000000000000000",
                "14000000000000005500000000000000"
            ),
            (
                "01000000000000000400000000000000", "00000000000000000000000000000000",
                "e33594d7505e43b900000000000000003394d7505e4379cd0100000000000000" + "00000000000000000000000000000000",
                "13000000000000000000000000000000"
            ),
        ]
        for vector in vectors {
            var mac = Poly1305(r: word(hex(vector.r)))
            hex(vector.data).withUnsafeBytes { mac.update($0) }
            let tag = mac.finish(adding: word(hex(vector.s)))
            #expect(tag == word(hex(vector.tag)), "r=\(vector.r) data=\(vector.data)")
        }
    }

    @Test func aMACOverPiecesEqualsTheMACOverTheWhole() {
        var random = SeededGenerator()
        for _ in 0..<200 {
            let r = (random.next(), random.next())
            let message = random.bytes(random.int(0...2000))
            var whole = Poly1305(r: r)
            var pieces = Poly1305(r: r)
            message.withUnsafeBytes { bytes in
                whole.update(bytes)
                var offset = 0
                while offset < bytes.count {
                    let end = min(bytes.count, offset + 16 * random.int(0...9))
                    pieces.update(UnsafeRawBufferPointer(rebasing: bytes[offset..<end]))
                    offset = end
                }
            }
            #expect(whole.finish(adding: (1, 2)) == pieces.finish(adding: (1, 2)))
        }
    }

    /// restic's own example: a fixed key, IV and ciphertext.
    @Test func whatResticSealedOpens() throws {
        let key = try #require(
            CryptoKey(
                encrypt: hex("303e8687b1d7db18421bdc6bb8588ccadac4d59ee87b8ff70c44e635790cafef"),
                macK: hex("ef4d8824cb80b2bcc5fbff8a9b12a42c"), macR: hex("cc8d4b948ee0ebfe1d415de921d10353")))
        let sealed = hex(
            "69fb41c62d12def4593bd71757138606338f621aeaeb39da0fe4f99233f8037a54ea63338a813bcf3f75d8c3cc75dddf8750")
        #expect(try key.open(sealed) == utf8("Dies ist ein Test!"))
        var again: [UInt8] = []
        utf8("Dies ist ein Test!").withUnsafeBytes {
            key.seal($0, iv: sealed.withUnsafeBytes { Block16($0) }, appendingTo: &again)
        }
        #expect(again == sealed)
    }

    @Test(arguments: [0, 1, 15, 16, 17, 31, 32, 33, 1023, 32767, 32768, 32769, 65535, 65536, 65537, 100_001])
    func whatIsSealedOpensAtEverySize(size: Int) throws {
        var random = SeededGenerator()
        let key = CryptoKey.random()
        let plaintext = random.bytes(size)
        let sealed = key.seal(plaintext)
        #expect(sealed.count == size + CryptoKey.overhead)
        #expect(try key.open(sealed) == plaintext)
    }

    @Test func theCounterCarriesThroughAllSixteenBytes() throws {
        let key = CryptoKey.random()
        let plaintext = [UInt8](repeating: 0, count: 200_000)
        for iv in [
            Block16(low: .max, high: .max), Block16(low: 0, high: .max),
            Block16(low: 5, high: UInt64.max.byteSwapped - 1),
            Block16(low: 0, high: (UInt64.max - 3).byteSwapped),
            Block16(low: .max, high: (UInt64.max - 4099).byteSwapped),
        ] {
            var sealed: [UInt8] = []
            plaintext.withUnsafeBytes { key.seal($0, iv: iv, appendingTo: &sealed) }
            #expect(try key.open(sealed) == plaintext)
            // In one piece, the library counts for itself.
            var whole: [UInt8] = []
            plaintext.withUnsafeBytes { bytes in
                AESCipher.withCounterMode(bytes, key: key.encryptionKey, counter: iv) { whole = Array($0) }
            }
            #expect(Array(sealed[16..<sealed.count - 16]) == whole)
        }
    }

    @Test func everyFlippedBitIsNoticed() {
        let key = CryptoKey.random()
        let sealed = key.seal(utf8("控え, a copy kept in reserve"))
        for bit in 0..<sealed.count * 8 {
            var changed = sealed
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            var plaintext: [UInt8] = [1, 2, 3]
            let error = thrown { () throws(HikaeError) in
                try changed.withBytes { (bytes) throws(HikaeError) in try key.open(bytes, into: &plaintext) }
            }
            #expect(error?.code == .damaged)
            #expect(plaintext.isEmpty)
        }
        for count in 0..<sealed.count {
            #expect(thrown { () throws(HikaeError) in _ = try key.open(Array(sealed[..<count])) }?.code == .damaged)
        }
    }

    @Test func anotherKeyOpensNothing() {
        let sealed = CryptoKey.random().seal([1, 2, 3])
        #expect(thrown { () throws(HikaeError) in _ = try CryptoKey.random().open(sealed) }?.code == .damaged)
    }

    @Test func keysThatResticRefusesAreRefused() {
        let ones = { (count: Int) in [UInt8](repeating: 1, count: count) }
        let zeros = { (count: Int) in [UInt8](repeating: 0, count: count) }
        #expect(CryptoKey(encrypt: ones(32), macK: ones(16), macR: ones(16)) != nil)
        #expect(CryptoKey(encrypt: zeros(32), macK: ones(16), macR: ones(16)) == nil)
        #expect(CryptoKey(encrypt: ones(32), macK: zeros(16), macR: ones(16)) == nil)
        #expect(CryptoKey(encrypt: ones(32), macK: ones(16), macR: zeros(16)) == nil)
        #expect(CryptoKey(encrypt: ones(31), macK: ones(16), macR: ones(16)) == nil)
        #expect(CryptoKey(encrypt: ones(32), macK: ones(17), macR: ones(16)) == nil)
        #expect(CryptoKey(encrypt: ones(32), macK: ones(16), macR: []) == nil)
    }

    @Test func noIVComesTwice() {
        let key = CryptoKey.random()
        var seen = Set<[UInt8]>()
        for _ in 0..<1000 { seen.insert(Array(key.seal([])[..<16])) }
        #expect(seen.count == 1000)
    }

    @Test func sealingAppends() throws {
        let key = CryptoKey.random()
        var pack: [UInt8] = []
        for index in 0..<50 {
            [UInt8](repeating: UInt8(index), count: index * 100).withUnsafeBytes { key.seal($0, appendingTo: &pack) }
        }
        var offset = 0
        for index in 0..<50 {
            let end = offset + index * 100 + CryptoKey.overhead
            #expect(try key.open(Array(pack[offset..<end])) == [UInt8](repeating: UInt8(index), count: index * 100))
            offset = end
        }
        #expect(offset == pack.count)
    }

    /// FIPS 180-2's examples.
    @Test func identifiersAreSHA256() {
        #expect(Digest.blobID(utf8("abc")).hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(Digest.fileID([]).hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        var hasher = FileHasher()
        hasher.update(utf8("a"))
        hasher.update(utf8("bc"))
        #expect(hasher.finish() == Digest.fileID(utf8("abc")))
    }
}

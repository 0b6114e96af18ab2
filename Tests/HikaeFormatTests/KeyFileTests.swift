import Crypto
import HikaeCore
import HikaeTesting
import Testing

@testable import HikaeFormat

private func makeKeyFile(_ password: String, master: CryptoKey = .random()) throws(HikaeError) -> KeyFile {
    try KeyFile.create(
        master: master, password: utf8(password), username: "ikeda", hostname: "clinic",
        created: Timestamp(seconds: 1_340_179_200, nanoseconds: 5, offset: 32400), parameters: .insecureForTests)
}

@Suite struct KeyFileTests {
    /// RFC 7914, section 12, the third vector.
    @Test func scryptIsTheRFCs() throws {
        let vector = try ScryptParameters(rounds: 16384, blockSize: 8, parallelism: 1)
            .derive(password: utf8("pleaseletmein"), salt: utf8("SodiumChloride"))
        #expect(
            vector.encryptionKey.withUnsafeBytes { Array($0) }
                == hex("7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"))
        #expect(vector.macKey.withUnsafeBytes { Array($0) } == hex("d5432955613f0fcf62d49705242a9af9"))
        let r = word(hex("e61e85dc0d651e40dfcf017b45575887"))
        #expect(vector.macR == (r.0 & Poly1305.mask.0, r.1 & Poly1305.mask.1))
    }

    @Test func thePasswordOpensTheMasterKey() throws {
        let master = CryptoKey.random()
        let file = try KeyFile(decoding: try makeKeyFile("湖畔の宿", master: master).encoded())
        #expect(try file.unlock(password: utf8("湖畔の宿")).open(master.seal([1, 2, 3])) == [1, 2, 3])
        #expect(file.username == "ikeda")
        #expect(file.hostname == "clinic")
        #expect(file.created.rfc3339 == "2012-06-20T17:00:00.000000005+09:00")
    }

    @Test func anotherPasswordIsWrong() throws {
        let file = try makeKeyFile("right")
        for password in ["", "Right", "right ", "righ"] {
            #expect(
                thrown { () throws(HikaeError) in _ = try file.unlock(password: utf8(password)) }?.code
                    == .wrongPassword)
        }
    }

    @Test func anEmptyPasswordIsAPasswordLikeAnother() throws {
        let file = try makeKeyFile("")
        _ = try file.unlock(password: [])
        #expect(thrown { () throws(HikaeError) in _ = try file.unlock(password: utf8("x")) }?.code == .wrongPassword)
    }

    @Test(arguments: [
        (0, 8, 1), (1, 8, 1), (3, 8, 1), (32767, 8, 1), (1 << 21, 8, 1), (1 << 20, 16, 1), (32768, 0, 1),
        (32768, 17, 1),
        (32768, 8, 0), (32768, 8, 65), (1 << 20, 8, 17), (4_294_967_295, 8, 1),
    ])
    func absurdCostsAreRefusedBeforeAnyWork(rounds: Int, blockSize: Int, parallelism: Int) throws {
        var file = try makeKeyFile("x")
        file.seal.parameters = ScryptParameters(rounds: rounds, blockSize: blockSize, parallelism: parallelism)
        let read = try KeyFile(decoding: file.encoded())
        #expect(thrown { () throws(HikaeError) in _ = try read.unlock(password: utf8("x")) }?.code == .unsupported)
    }

    @Test func whatResticsKeysAskForIsWithinBounds() {
        for (rounds, blockSize, parallelism) in [(65536, 8, 1), (32768, 8, 7), (16384, 8, 10), (1 << 20, 8, 1)] {
            #expect(ScryptParameters(rounds: rounds, blockSize: blockSize, parallelism: parallelism).isBounded)
        }
        #expect(ScryptParameters.standard.isBounded)
    }

    @Test func anotherFunctionIsNotSupported() throws {
        let changed = text(try makeKeyFile("x").encoded()).replacing("\"scrypt\"", with: "\"argon2\"")
        #expect(thrown { () throws(HikaeError) in _ = try KeyFile(decoding: utf8(changed)) }?.code == .unsupported)
    }

    @Test func theMembersStandInResticsOrder() throws {
        let json = text(try makeKeyFile("x").encoded())
        let order = ["created", "username", "hostname", "kdf", "N", "r", "p", "salt", "data"]
        let places = order.compactMap { json.range(of: "\"\($0)\":")?.lowerBound }
        #expect(places.count == order.count)
        #expect(places == places.sorted())
    }
}

extension String {
    /// The first place of `other`.
    func range(of other: String) -> Range<String.Index>? { firstRange(of: other) }
}

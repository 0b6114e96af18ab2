// The order of ciphers is ours only where nobody chose one.

import HikaeTesting
import Testing

@testable import HikaeSFTP

@Suite("Ciphers")
struct CipherOrderTests {
    private static let usual = [
        "chacha20-poly1305@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr", "aes128-gcm@openssh.com",
        "aes256-gcm@openssh.com",
    ]

    @Test("What nobody chose is offered with AES-GCM first, and nothing more or less")
    func usualOrder() throws {
        let better = try #require(CipherOrder.better(than: Self.usual))
        #expect(better.prefix(2) == ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com"])
        #expect(better.sorted() == Self.usual.sorted())
        #expect(CipherOrder.better(than: better) == nil)
    }

    @Test(
        "What somebody chose stays",
        arguments: [
            [], ["chacha20-poly1305@openssh.com"], ["aes256-ctr"] + usual, Array(usual.dropLast()), usual.reversed(),
        ])
    func chosen(_ ciphers: [String]) { #expect(CipherOrder.better(than: ciphers) == nil) }

    @Test("ssh's own account of its configuration is read, and a choice in it is left alone")
    func ssh() throws {
        let folder = try TemporaryDirectory()
        try Files.write(folder.path("config"), Array("Host chosen\n  Ciphers aes256-ctr\n".utf8))
        let arguments = ["-F", folder.path("config")]
        #expect(CipherOrder.arguments("ssh", arguments, host: "chosen").isEmpty)
        let found = CipherOrder.arguments("ssh", arguments, host: "other")
        #expect(found.isEmpty || found.last?.hasPrefix("Ciphers=aes128-gcm@openssh.com,") == true)
        #expect(CipherOrder.arguments("/no/such/ssh", arguments, host: "other").isEmpty)
    }

    @Test(
        "The line is found among others",
        arguments: [("port 22\nciphers a,b\nmacs c\n", ["a", "b"]), ("port 22\n", [])])
    func reading(_ text: String, _ expected: [String]) { #expect(CipherOrder.offered(in: text) == expected) }
}

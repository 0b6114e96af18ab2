// What is said of a vault server that does not prove who it is.

import HikaeCore
import HikaeTesting
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite("A vault server's certificate") struct VaultCertificateTests {
    @Test("is told as expired once it is, and how to trust it all the same") func expired() throws {
        let server = try PracticeServer(
            "vault", ["--hikae", HikaeProgram.binary, "--tls", "--certificate-days", "0"])
        // It ends in the second in which it was made.
        sleep(2)
        let harness = try HikaeProgram()
        try harness.folder.write("password", "secret\n", mode: 0o600)
        let word = server.facts["users"]?["writer"]?.string ?? ""
        let words = [
            "snapshots", "-r", "rest:https://writer:\(word)@127.0.0.1:\(server.port())/sakura/main/",
            "--password-file", "password", "--cacert", server.text("authority"),
        ]
        let outcome = try harness.command(HikaeProgram.binary, words).run()
        let said = outcome.errorText
        #expect(outcome.status == 1 && said.contains("its certificate expired on 20"), "\(said)")
        #expect(said.contains(server.text("fingerprint")) && said.contains("--cacert"), "\(said)")
        #expect(!said.contains(word))
        let pinned = try harness.command(
            HikaeProgram.binary, words.dropLast(2) + ["-o", "tls.fingerprint=\(server.text("fingerprint"))"]
        ).run()
        // Nothing is there yet; but the server is believed.
        #expect(pinned.status == 10, "\(pinned.errorText)")
    }
}

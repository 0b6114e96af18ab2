// The clients that people have: the real restic over HTTP and TLS, and a crowd while the server is killed.

import HikaeCore
import HikaeTesting
import Testing

@testable import HikaeServer

@Suite(.serialized) struct ClientTests {
    static func restic(_ url: String, _ folder: TemporaryDirectory, _ arguments: [String]) -> Command {
        var command = Command("restic", arguments)
        command.environment = [
            "RESTIC_REPOSITORY": "rest:\(url)", "RESTIC_PASSWORD": "himitsu", "RESTIC_CACHE_DIR": folder.path("cache"),
        ]
        return command
    }

    /// Some files, one of them larger than a pack.
    static func source(_ folder: TemporaryDirectory) throws {
        try Command("mkdir", ["-p", folder.path("source/deep/er")]).succeed()
        for number in 0..<40 {
            try Files.write(
                folder.path("source/deep/\(number)"), [UInt8](repeating: UInt8(number), count: number * 1000))
        }
        var generator = SeededGenerator(seed: 7)
        try Files.write(folder.path("source/large"), generator.bytes(20_000_000))
    }

    /// Everything that a company does with restic, and what an intruder would do.
    static func everyday(_ url: String, _ options: [String]) throws {
        let folder = try TemporaryDirectory()
        try source(folder)
        try restic(url, folder, options + ["init"]).succeed()
        try restic(url, folder, options + ["backup", "--quiet", folder.path("source")]).succeed()
        try restic(url, folder, options + ["backup", "--quiet", folder.path("source/deep")]).succeed()
        try restic(url, folder, options + ["check", "--read-data"]).succeed()
        try restic(
            url, folder,
            options + ["restore", "latest", "--path", folder.path("source"), "--target", folder.path("out")]
        )
        .succeed()
        try Command("diff", ["-r", folder.path("source"), folder.path("out") + folder.path("source")]).succeed()
        let before = try restic(url, folder, options + ["snapshots", "--json"]).succeed().text
        // restic tries for a quarter of a minute and longer: what counts is that nothing goes meanwhile.
        for attack in [["forget", "--keep-last", "1", "--group-by", "", "--prune"], ["key", "remove", "0"]] {
            let command = restic(url, folder, options + attack)
            var limited = Command("timeout", ["4", command.program] + command.arguments)
            limited.environment = command.environment
            #expect(try limited.run().status != 0)
        }
        try restic(url, folder, options + ["unlock", "--remove-all"]).succeed()
        #expect(try restic(url, folder, options + ["snapshots", "--json"]).succeed().text == before)
        try restic(url, folder, options + ["check"]).succeed()
    }

    @Test func resticBacksUpChecksRestoresAndCannotErase() throws {
        let rig = try ServerRig()
        try Self.everyday("http://writer:writer-no-himitsu@127.0.0.1:\(rig.port)/sakura/main/", [])
        #expect(try rig.log().contains { $0.event.method == "DELETE" && $0.event.status == 403 })
        #expect(try rig.leftovers().isEmpty)
    }

    @Test func resticDoesTheSameOverTLSWithTheCommandAsServer() throws {
        let server = try PracticeServer("vault", ["--hikae", HikaeProgram.binary, "--tls"])
        try Self.everyday(
            "https://writer:writer-no-himitsu@localhost:\(server.port())/sakura/main/",
            ["--cacert", server.text("authority")])
        let folder = try TemporaryDirectory()
        let stranger = Self.restic(
            "https://writer:writer-no-himitsu@localhost:\(server.port())/sakura/main/", folder, ["cat", "config"])
        var limited = Command("timeout", ["4", stranger.program] + stranger.arguments)
        limited.environment = stranger.environment
        #expect(try limited.run().status != 0, "an authority that nobody has named is not believed")
        server.stop()
        let audit = try Command(HikaeProgram.binary, ["vault", "audit", server.text("folder")]).succeed()
        #expect(audit.text.hasPrefix("the audit log is whole: "))
    }

    @Test func aCrowdLosesNothingThatWasAcknowledgedThoughTheServerIsKilled() throws {
        let folder = try TemporaryDirectory()
        var command = Command(
            "python3",
            [
                "-B", "\(PracticeServer.projectFolder)/Benchmarks/vault_load.py", "--seconds", "10",
                "--kill-every", "3", "--pause", "0.1", "--hikae", HikaeProgram.binary, "--folder", folder.path(""),
            ])
        command.timeLimit = 120
        let facts = try JSONValue(try command.succeed().text)
        #expect(facts["wrong_count"]?.number == 0)
        #expect((facts["kills"]?.number ?? 0) >= 2)
        #expect((facts["acknowledged"]?.number ?? 0) > 100)
        #expect((facts["server_peak_mib"]?.number ?? 1e9) < 400)
    }
}

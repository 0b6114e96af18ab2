// The clients that people have: the real restic over HTTP and TLS, and a crowd while the server is killed.

import Glibc
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
    ///
    /// - Parameter vault: the server's folder, whose log tells when an attack has been refused.
    static func everyday(_ url: String, _ options: [String], vault: String) throws {
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
        // restic tries for a quarter of an hour: what counts is that nothing goes meanwhile. It is let alone until it was
        // refused, whenever that is.
        for attack in [["forget", "--keep-last", "1", "--group-by", "", "--prune"], ["key", "remove", "0"]] {
            let before = try refusals(vault)
            let running = try restic(url, folder, options + attack).start()
            let ended = Monitor<Int32?>(nil)
            let waiting = RunningThread {
                let status = try? running.wait().status
                ended.withLock { $0 = status ?? -1 }
            }
            let end = MonotonicTime.seconds() + 250
            while ended.withLock({ $0 }) == nil, try refusals(vault) == before, MonotonicTime.seconds() < end {
                usleep(50_000)
            }
            running.killNow()
            waiting.join()
            #expect(ended.withLock { $0 } != 0)
            if attack[0] == "forget" { #expect(try refusals(vault) > before) }
        }
        try restic(url, folder, options + ["unlock", "--remove-all"]).succeed()
        #expect(try restic(url, folder, options + ["snapshots", "--json"]).succeed().text == before)
        try restic(url, folder, options + ["check"]).succeed()
    }

    /// How often the server has refused to remove something.
    private static func refusals(_ vault: String) throws -> Int {
        var count = 0
        _ = try AuditVerification.run(vault: vault) { line in
            if line.event.method == "DELETE", line.event.status == 403 { count += 1 }
        }
        return count
    }

    @Test func resticBacksUpChecksRestoresAndCannotErase() throws {
        let rig = try ServerRig()
        try Self.everyday("http://writer:writer-no-himitsu@127.0.0.1:\(rig.port)/sakura/main/", [], vault: rig.vault)
        #expect(try rig.isTidy())
    }

    @Test func resticDoesTheSameOverTLSWithTheCommandAsServer() throws {
        let server = try PracticeServer("vault", ["--hikae", HikaeProgram.binary, "--tls"])
        try Self.everyday(
            "https://writer:writer-no-himitsu@localhost:\(server.port())/sakura/main/",
            ["--cacert", server.text("authority")], vault: server.text("folder"))
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
        // Until it was killed in the middle and enough was acknowledged: on a slow machine that takes longer.
        for seconds in [10, 30, 90, 270] {
            let folder = try TemporaryDirectory()
            var command = Command(
                "python3",
                [
                    "-B", "\(PracticeServer.projectFolder)/Benchmarks/vault_load.py", "--seconds", "\(seconds)",
                    "--kill-every", "\(seconds / 3)", "--pause", "0.1", "--hikae", HikaeProgram.binary, "--folder",
                    folder.path(""),
                ])
            command.timeLimit = 1200
            let facts = try JSONValue(try command.succeed().text)
            #expect(facts["wrong_count"]?.number == 0)
            #expect((facts["server_peak_mib"]?.number ?? 1e9) < 400)
            if (facts["kills"]?.number ?? 0) >= 2, (facts["acknowledged"]?.number ?? 0) > 100 { return }
        }
        Issue.record("too little was acknowledged, or the server was not killed")
    }
}

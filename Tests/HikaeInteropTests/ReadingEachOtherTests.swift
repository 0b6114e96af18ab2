// Either program opens, checks, restores and tidies what the other wrote.

import HikaeCore
import HikaeTesting
import Testing

@Suite("What one wrote, the other reads")
struct ReadingEachOtherTests {
    @Test("Hikae checks and restores everything that restic wrote")
    func resticToHikae() throws {
        let rig = try Rig()
        let source = try rig.menagerie()
        try rig.plainFiles("menagerie/plain files")
        try rig.restic("init").succeed()
        try rig.restic("backup", source).succeed()
        try rig.hikaeFindsItWhole()
        try rig.expectRestores(of: source, by: Rig.binary)
    }

    @Test("restic checks and restores everything that Hikae wrote", arguments: ["gear", "rabin"])
    func hikaeToRestic(_ chunker: String) throws {
        let rig = try Rig()
        let source = try rig.menagerie()
        try rig.plainFiles("menagerie/plain files")
        try rig.hikae("init", "--chunker", chunker).succeed()
        try rig.hikae("backup", source).succeed()
        try rig.resticFindsItWhole()
        try rig.expectRestores(of: source, by: "restic")
        try rig.expectRestores(of: source, by: Rig.binary)
    }

    @Test("A link whose target is no UTF-8 comes back, and restic finds nothing wrong with it")
    func rawLinkTarget() throws {
        let rig = try Rig()
        let source = rig.folder.path("links")
        try rig.shell(#"mkdir "$1"; ln -s $'\xff\x80 target' "$1/link""#, source).succeed()
        try rig.hikae("init").succeed()
        try rig.hikae("backup", source).succeed()
        try rig.resticFindsItWhole()
        // restic 0.14 itself would restore another target: it has known such targets since 0.16.
        try rig.expectRestores(of: source, by: Rig.binary)
    }

    @Test("Compression levels of either are read by the other", arguments: ["off", "max"])
    func compression(_ mode: String) throws {
        let rig = try Rig()
        let (first, second) = (
            try rig.plainFiles("one", seed: 1, megabytes: 2), try rig.plainFiles("two", seed: 2, megabytes: 2)
        )
        try rig.restic("init").succeed()
        try rig.restic("backup", first, "--compression", mode).succeed()
        try rig.hikae("backup", second, "--compression", mode).succeed()
        try rig.resticFindsItWhole()
        try rig.hikaeFindsItWhole()
        try rig.expectRestores(of: second, by: "restic")
    }

    @Test("A version 1 repository is read, written, checked and pruned", arguments: ["restic", "hikae"])
    func versionOne(_ maker: String) throws {
        let rig = try Rig()
        let source = try rig.plainFiles(megabytes: 3)
        let program = maker == "restic" ? "restic" : Rig.binary
        try rig.command(program, ["init", "--repository-version", "1"]).succeed()
        let config = try rig.restic("cat", "config").succeed().text
        #expect(config.contains("\"version\": 1"))
        try rig.restic("backup", source).succeed()
        try rig.plainFiles("source/more", seed: 7, megabytes: 2)
        try rig.hikae("backup", source).succeed()
        try rig.resticFindsItWhole()
        try rig.hikaeFindsItWhole()
        try rig.expectRestores(of: source, by: "restic")
        try rig.hikae("forget", "--keep-last", "1", "--prune").succeed()
        try rig.resticFindsItWhole()
        try rig.expectRestores(of: source, by: "restic")
        try rig.expectRestores(of: source, by: Rig.binary)
    }

    @Test("A repository that was upgraded from version 1 to 2 goes on working")
    func upgraded() throws {
        let rig = try Rig()
        let source = try rig.plainFiles(megabytes: 3)
        try rig.hikae("init", "--repository-version", "1").succeed()
        try rig.hikae("backup", source).succeed()
        try rig.restic("migrate", "upgrade_repo_v2").succeed()
        try rig.plainFiles("source/more", seed: 7, megabytes: 2)
        try rig.hikae("backup", source).succeed()
        try rig.resticFindsItWhole()
        let before = try rig.packBytes()
        try rig.hikae("prune", "--repack-uncompressed").succeed()
        #expect(try rig.packBytes() < before, "text that was stored plain is compressed now")
        try rig.resticFindsItWhole()
        try rig.expectRestores(of: source, by: "restic")
    }

    @Test("A password that either adds opens the repository for the other")
    func keys() throws {
        let rig = try Rig()
        try rig.folder.write("second", "ぱすわーど2\n")
        try rig.folder.write("third", "third one\n")
        try rig.hikae("init").succeed()
        try rig.hikae("key", "add", "--new-password-file", rig.folder.path("second")).succeed()
        try rig.restic("key", "add", "--new-password-file", rig.folder.path("third")).succeed()
        for (program, file) in [("restic", "second"), (Rig.binary, "third")] {
            var command = rig.command(program, ["snapshots", "--password-file", rig.folder.path(file)])
            command.environment.updateValue(nil, forKey: "RESTIC_PASSWORD")
            try command.succeed()
        }
        var wrong = rig.hikae("snapshots")
        wrong.environment["RESTIC_PASSWORD"] = "wrong"
        #expect(try wrong.run().status == 12)
    }

    @Test("The output of a command is the same file for both")
    func standardInput() throws {
        let rig = try Rig()
        try rig.hikae("init").succeed()
        try rig.hikae("backup", "--stdin-filename", "dump.sql", "--stdin-from-command", "--", "seq", "1", "200000")
            .succeed()
        let wanted = try Command("seq", ["1", "200000"]).succeed().output
        #expect(try rig.restic("dump", "latest", "dump.sql").succeed().output == wanted)
        var feeding = rig.restic("backup", "--stdin", "--stdin-filename", "fed.sql")
        feeding.input = wanted
        try feeding.succeed()
        #expect(try rig.hikae("dump", "--path", "/fed.sql", "latest", "/fed.sql").succeed().output == wanted)
    }

    @Test("A command that fails leaves no snapshot")
    func failingCommand() throws {
        let rig = try Rig()
        try rig.hikae("init").succeed()
        let outcome = try rig.hikae(
            "backup", "--stdin-filename", "dump.sql", "--stdin-from-command", "--", "sh", "-c", "echo half; exit 3"
        ).run()
        #expect(outcome.status != 0)
        #expect(rig.snapshotIDs().isEmpty)
        try rig.resticFindsItWhole()
    }
}

// A flipped byte is mended: from parity with no other repository at hand, and from another repository with no parity. The
// real restic reads every byte afterwards, and never minds the parity.

import HikaeCore
import HikaeTesting
import Testing

@Suite("Mending what has rotted")
struct MendingTests {
    /// Flips one byte in the middle of every pack; their IDs.
    private func rot(_ rig: Rig) throws -> [String] {
        let script = """
            import os, sys
            for folder, _, names in os.walk(sys.argv[1]):
                for name in names:
                    path = os.path.join(folder, name)
                    os.chmod(path, 0o600)
                    with open(path, "r+b") as file:
                        place = os.path.getsize(path) // 2
                        file.seek(place)
                        byte = file.read(1)
                        file.seek(place)
                        file.write(bytes([byte[0] ^ 1]))
                    print(name)
            """
        let text = try rig.command("python3", ["-c", script, rig.repository + "/data"]).succeed().text
        return text.split(separator: "\n").map(String.init)
    }

    private func filled() throws -> Rig {
        let rig = try Rig()
        try rig.plainFiles("files", megabytes: 3)
        try rig.hikae("init").succeed()
        try rig.hikae("backup", "files").succeed()
        return rig
    }

    private func expectBack(_ rig: Rig) throws {
        try rig.resticFindsItWhole()
        try rig.hikaeFindsItWhole()
        try rig.restic("restore", "latest", "--target", rig.folder.path("back")).succeed()
        try rig.shell("diff -r files \"$1\"", rig.folder.path("back/files")).succeed()
    }

    @Test("A flipped byte in every pack is mended by parity alone, byte for byte; restic passes over the parity")
    func parity() throws {
        let rig = try filled()
        try rig.hikae("vault", "parity").succeed()
        try rig.resticFindsItWhole()
        let before = try rig.shell("cd \"$1\"; find data -type f | sort | xargs sha256sum", rig.repository).succeed()
            .text
        let packs = try rot(rig)
        #expect(!packs.isEmpty)
        #expect(try rig.restic("check", "--read-data").run().status != 0)
        try rig.command(Rig.binary, ["repair", "packs"] + packs).succeed()
        let after = try rig.shell("cd \"$1\"; find data -type f | sort | xargs sha256sum", rig.repository).succeed()
            .text
        #expect(before == after)
        try expectBack(rig)
    }

    @Test("Parity is made for what is new, and goes with packs that are gone")
    func follows() throws {
        let rig = try filled()
        try rig.hikae("vault", "parity").succeed()
        try rig.plainFiles("files/more", seed: 9, megabytes: 1)
        try rig.hikae("backup", "files").succeed()
        try rig.hikae("vault", "parity", "--json").succeed()
        try rig.restic("forget", "--keep-last", "1", "--prune", "--max-unused", "0").succeed()
        try rig.hikae("vault", "parity").succeed()
        let names = try rig.shell(
            "cd \"$1\"; diff <(find data -type f -printf '%f\\n' | sort) <(find hikae/parity -type f -printf '%f\\n' | sort)",
            rig.repository
        ).run()
        #expect(names.status == 0, "\(names.text)")
    }

    @Test("A flipped byte in every pack is mended from another repository with another key, without parity")
    func other() throws {
        let rig = try filled()
        let second = rig.folder.path("second")
        func from(_ command: Command) -> Command {
            var command = command
            command.environment["RESTIC_REPOSITORY"] = second
            command.environment["HIKAE_FROM_PASSWORD"] = rig.password
            return command
        }
        try from(rig.hikae("init", "--copy-chunker-params", "--from-repo", rig.repository)).succeed()
        try from(rig.hikae("copy", "--from-repo", rig.repository)).succeed()
        let packs = try rot(rig)
        var mend = rig.command(Rig.binary, ["repair", "packs"] + packs + ["--from-repo", second])
        mend.environment["HIKAE_FROM_PASSWORD"] = rig.password
        let outcome = try mend.succeed()
        #expect((outcome.text + outcome.errorText).contains("lost 0"), "\(outcome.text)\(outcome.errorText)")
        try expectBack(rig)
    }

    @Test("With neither parity nor another repository what is lost is named")
    func alone() throws {
        let rig = try filled()
        let outcome = try rig.command(Rig.binary, ["repair", "packs"] + rot(rig)).succeed()
        #expect(!(outcome.text + outcome.errorText).contains("lost 0"))
    }
}

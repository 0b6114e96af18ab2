// What the world does to a backup: disks that are full, read-only or gone, files that may not be read.

import HikaeCore
import HikaeTesting
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite("Faults around the program")
struct FaultTests {
    /// A small file system of its own, unmounted when the object goes.
    final class SmallDisk: Sendable {
        let path: String
        private let rig: Rig

        /// Cancels the test where mounting is not permitted.
        init(_ rig: Rig, _ name: String, megabytes: Int) throws {
            self.rig = rig
            path = rig.folder.path(name)
            try Files.makeFolders(path)
            let outcome = try Command("mount", ["-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", path]).run()
            if outcome.status != 0 {
                try Test.cancel("mounting a small file system is not permitted here: \(outcome.errorText)")
            }
        }

        func remount(_ options: String) throws { try Command("mount", ["-o", "remount,\(options)", path]).succeed() }

        deinit { _ = try? Command("umount", ["-l", path]).run() }
    }

    @Test("A full disk under the repository ends a backup with a message, and harms nothing")
    func fullRepository() throws {
        let rig = try Rig()
        let disk = try SmallDisk(rig, "disk", megabytes: 16)
        let repository = disk.path + "/repository"
        let small = try rig.plainFiles("small", megabytes: 2)
        let large = try rig.plainFiles("large", seed: 9, megabytes: 30)
        try rig.hikae("init", "-r", repository).succeed()
        try rig.hikae("backup", "-r", repository, small).succeed()
        let outcome = try rig.hikae("backup", "-r", repository, "--pack-size", "4", large).run()
        #expect(outcome.status == 1)
        #expect(outcome.errorText.lowercased().contains("space"), "\(outcome.errorText)")
        #expect(rig.snapshotIDs(in: repository).count == 1)
        try rig.restic("-r", repository, "check", "--read-data", "--no-lock").succeed()
        // What was there can still be read while the disk is full, and more room is all that the next run needs.
        let target = rig.folder.path("back")
        try rig.hikae("restore", "-r", repository, "--no-lock", "latest", "--target", target).succeed()
        try rig.expectSame(target + small, small)
        try disk.remount("size=128m")
        try rig.hikae("backup", "-r", repository, large).succeed()
        try rig.restic("-r", repository, "check", "--read-data").succeed()
    }

    @Test("A full disk under the target of a restore is reported, and the exit code says so")
    func fullTarget() throws {
        let rig = try Rig()
        let disk = try SmallDisk(rig, "disk", megabytes: 4)
        let source = try rig.plainFiles(megabytes: 12)
        try rig.hikae("init").succeed()
        try rig.hikae("backup", source).succeed()
        let outcome = try rig.hikae("restore", "latest", "--target", disk.path + "/back").run()
        #expect(outcome.status == 1)
        #expect(outcome.errorText.lowercased().contains("space"), "\(outcome.errorText)")
    }

    @Test("A read-only repository can be read without a lock; writing to it says why it cannot")
    func readOnlyRepository() throws {
        let rig = try Rig()
        let disk = try SmallDisk(rig, "disk", megabytes: 64)
        let repository = disk.path + "/repository"
        let source = try rig.plainFiles(megabytes: 2)
        try rig.hikae("init", "-r", repository).succeed()
        try rig.hikae("backup", "-r", repository, source).succeed()
        try disk.remount("ro")
        let target = rig.folder.path("back")
        try rig.hikae("restore", "-r", repository, "--no-lock", "latest", "--target", target).succeed()
        try rig.expectSame(target + source, source)
        try rig.hikae("check", "-r", repository, "--no-lock", "--read-data").succeed()
        try rig.hikae("snapshots", "-r", repository, "--no-lock").succeed()
        for words in [["backup", source], ["forget", "--keep-last", "1"], ["prune"]] {
            let outcome = try rig.command(Rig.binary, words + ["-r", repository]).run()
            #expect(outcome.status == 1, "\(words)")
            #expect(outcome.errorText.lowercased().contains("read-only"), "\(words): \(outcome.errorText)")
        }
    }

    @Test("A repository that vanishes in the middle of a backup ends it with a message, and is whole when it returns")
    func vanishedRepository() throws {
        let rig = try Rig()
        let source = try rig.plainFiles(megabytes: 2)
        try rig.hikae("init").succeed()
        try rig.hikae("backup", source).succeed()
        // The program whose output is saved takes the repository away itself, so the moment is certain.
        let script = "head -c 30000000 /dev/urandom; mv \"$0\" \"$0.gone\"; head -c 60000000 /dev/urandom"
        let outcome = try rig.hikae(
            "backup", "--pack-size", "4", "--stdin-filename", "stream", "--stdin-from-command", "--", "sh", "-c",
            script,
            rig.repository
        ).run()
        #expect(outcome.status == 10, "\(outcome.errorText)")
        #expect(outcome.errorText.contains("there is no repository at \(rig.repository)"), "\(outcome.errorText)")
        #expect(!Files.exists(rig.repository + "/snapshots"), "nothing may be written where the repository was")
        Files.removeAll(rig.repository)
        try Files.move(rig.repository + ".gone", to: rig.repository)
        try rig.restic("unlock").succeed()
        try rig.resticFindsItWhole()
        #expect(rig.snapshotIDs().count == 1)
        try rig.expectRestores(of: source, by: Rig.binary)
    }

    @Test("No repository at the place named is exit code 10")
    func noRepository() throws {
        let rig = try Rig()
        for words in [["snapshots"], ["backup", rig.folder.path], ["check"], ["restore", "latest", "--target", "x"]] {
            #expect(try rig.command(Rig.binary, words).run().status == 10, "\(words)")
        }
    }

    @Test("Files that may not be read are named, the others are saved, and the exit code is 3")
    func unreadableInput() throws {
        let rig = try Rig()
        try rig.folder.write("source/readable", "yes")
        try rig.folder.write("source/secret", "no", mode: 0o000)
        try rig.folder.write("source/closed/inside", "no")
        Files.setMode(rig.folder.path("source/closed"), 0o000)
        var command = rig.hikae("backup", rig.folder.path("source"))
        try rig.hikae("init").succeed()
        if geteuid() == 0 {
            // root may read everything: somebody else has to try, who then needs the repository and the folder.
            try rig.shell(
                "chmod 755 \"$1\"; chmod 644 \"$1/password\"; chown -R 65534:65534 \"$2\"", rig.folder.path,
                rig.repository
            )
            .succeed()
            command.arguments =
                ["--reuid", "65534", "--regid", "65534", "--clear-groups", Rig.binary] + command.arguments
            command.program = "setpriv"
            command.environment["HIKAE_CACHE_DIR"] = rig.repository + "-cache"
            try rig.shell("mkdir \"$1-cache\"; chown 65534:65534 \"$1-cache\"", rig.repository).succeed()
            var probe = command
            probe.arguments = Array(command.arguments.prefix(6)) + ["version"]
            if try probe.run().status != 0 { try Test.cancel("the built command cannot be run by another user here") }
        }
        let outcome = try command.run()
        #expect(outcome.status == 3, "\(outcome.errorText)")
        #expect(outcome.errorText.contains("source/secret") && outcome.errorText.contains("source/closed"))
        let listed = try rig.restic("ls", "latest", "--no-lock").succeed().text
        #expect(listed.contains("/source/readable") && !listed.contains("/source/secret"))
    }

    @Test("A target that does not exist is exit code 1 when it is the only one, 3 beside another")
    func missingInput() throws {
        let rig = try Rig()
        try rig.folder.write("source/file", "x")
        try rig.hikae("init").succeed()
        #expect(try rig.hikae("backup", rig.folder.path("nowhere")).run().status == 1)
        #expect(rig.snapshotIDs().isEmpty)
        let outcome = try rig.hikae("backup", rig.folder.path("source"), rig.folder.path("nowhere")).run()
        #expect(outcome.status == 3 || outcome.status == 0, "\(outcome.errorText)")
        #expect(rig.snapshotIDs().count == 1)
        #expect(outcome.errorText.contains("nowhere"))
    }
}

// SIGKILL at any moment: what is left passes restic's check, older snapshots are whole, and the next run completes.

import HikaeCore
import HikaeTesting
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite("Killed at any moment")
struct KilledTests {
    /// How many moments each operation is killed at, and how many more it may have until one kill was in time.
    private static let moments = 5
    private static let furtherMoments = 20

    /// Writing is slowed down to so many KiB a second, so that a run lasts long enough to be killed at any of its stages.
    private static let pace = "6000"

    /// Runs `command`, and kills it when the repository's files have changed for the n-th time, n from `chance`; a
    /// short random delay after that lets it be at any place between two changes. True when it was killed in time.
    private func runAndKill(
        _ command: Command, watching repository: String, after changes: Int, _ chance: inout SeededGenerator
    ) throws -> Bool {
        let delay = UInt32(chance.next() % 4000)
        var seen = folderTimes(of: repository)
        let running = try command.start()
        var left = changes
        while left > 0, !isOver(running.processID) {
            let now = folderTimes(of: repository)
            left -= zip(now, seen).count { $0 != $1 }
            seen = now
            // The others need the processor, too.
            usleep(200)
        }
        usleep(delay)
        running.killNow()
        return try running.wait().status == 137
    }

    /// When each of the repository's folders changed last: it costs little to ask, so that no change goes by unseen.
    private func folderTimes(of repository: String) -> [Int] {
        let prefixes = Files.names(in: repository + "/data").map { "/data/\($0)" }
        return (["/index", "/snapshots", "/locks"] + prefixes).map { folder in
            var status = stat()
            return stat(repository + folder, &status) == 0
                ? status.st_mtim.tv_sec &* 1_000_000_000 &+ status.st_mtim.tv_nsec : 0
        }
    }

    /// Whether a process has ended and only waits to be waited for.
    private func isOver(_ process: Int32) -> Bool {
        guard let text = try? Files.read("/proc/\(process)/stat") else { return true }
        return String(decoding: text, as: UTF8.self).contains(") Z ")
    }

    /// What must hold after a run was killed.
    private func expectWhole(_ rig: Rig, _ repository: String, _ moment: Comment) throws {
        // The dead one's lock goes, also when another program has its number by now; then restic checks everything. Unused
        // packs are no error to it.
        try rig.restic("-r", repository, "unlock", "--remove-all").succeed()
        let outcome = try rig.restic("-r", repository, "check", "--read-data").run()
        #expect(outcome.status == 0, "\(moment)\n\(outcome.text.suffix(1500))\(outcome.errorText.suffix(1500))")
    }

    /// A repository with two snapshots of `source`, which then goes on to a third state.
    private func history(_ rig: Rig) throws -> (source: String, kept: String, first: String) {
        let source = try rig.plainFiles(megabytes: 10)
        try rig.hikae("init").succeed()
        let first = try rig.newSnapshot {
            try rig.hikae("backup", source, "--pack-size", "4", "--tag", "first").succeed()
        }
        let kept = rig.folder.path("kept")
        try rig.shell("cp -a \"$1\" \"$2\"", source, kept).succeed()
        Files.remove(source + "/noise.bin")
        try rig.plainFiles("source/second", seed: 2, megabytes: 8)
        _ = try rig.newSnapshot { try rig.hikae("backup", source, "--pack-size", "4").succeed() }
        return (source, kept, first)
    }

    @Test("backup")
    func backup() throws {
        let rig = try Rig()
        var chance = SeededGenerator()
        let (source, kept, first) = try history(rig)
        var killed = 0
        var moment = 0
        while moment < Self.moments || killed == 0 && moment < Self.moments + Self.furtherMoments {
            defer { moment += 1 }
            try rig.plainFiles("source/turn\(moment)", seed: UInt64(100 + moment), megabytes: 14)
            let before = rig.snapshotIDs().count
            let changes = 1 + Int(chance.next() % 6)
            if try runAndKill(
                rig.hikae("backup", source, "--pack-size", "4", "--limit-upload", Self.pace), watching: rig.repository,
                after: changes, &chance)
            {
                killed += 1
            }
            try expectWhole(rig, rig.repository, "after \(changes) changes, seed \(chance.seed)")
            try rig.expectRestores(first, of: source, by: Rig.binary, equals: kept)
            // The next run completes and makes a snapshot that is right.
            try rig.hikae("backup", source).succeed()
            #expect(rig.snapshotIDs().count > before)
            try rig.expectRestores(of: source, by: Rig.binary)
        }
        print("backup: killed before the end: \(killed) of \(moment) runs")
        #expect(killed > 0, "no run was killed before its end: the test proved nothing")
    }

    @Test("forget")
    func forget() throws {
        let rig = try Rig()
        var chance = SeededGenerator()
        let (source, kept, first) = try history(rig)
        var killed = 0
        var moment = 0
        while moment < Self.moments || killed == 0 && moment < Self.moments + Self.furtherMoments {
            moment += 1
            for number in 0..<6 { try rig.hikae("backup", source, "--tag", "extra\(number)", "--force").succeed() }
            let changes = 1 + Int(chance.next() % 3)
            let run = rig.hikae("forget", "--keep-last", "1", "--keep-tag", "first")
            if try runAndKill(run, watching: rig.repository, after: changes, &chance) { killed += 1 }
            try expectWhole(rig, rig.repository, "after \(changes) changes, seed \(chance.seed)")
            try run.succeed()
            #expect(rig.snapshotIDs().contains(first) && rig.snapshotIDs().count == 2)
            try rig.expectRestores(first, of: source, by: Rig.binary, equals: kept)
        }
        print("forget: killed before the end: \(killed) of \(moment) runs")
        #expect(killed > 0, "no run was killed before its end: the test proved nothing")
    }

    @Test("prune")
    func prune() throws {
        let rig = try Rig()
        var chance = SeededGenerator()
        let (source, kept, first) = try history(rig)
        let whole = rig.folder.path("whole")
        // A third snapshot shares much with the second and is forgotten: packs that are unused, and partly used.
        try rig.plainFiles("source/third", seed: 3, megabytes: 8)
        Files.removeAll(source + "/text")
        let third = try rig.newSnapshot { try rig.hikae("backup", source, "--pack-size", "4").succeed() }
        try rig.hikae("forget", third).succeed()
        try rig.shell("cp -a \"$1\" \"$2\"", rig.repository, whole).succeed()
        var killed = 0
        var moment = 0
        while moment < Self.moments + 2 || killed == 0 && moment < Self.moments + Self.furtherMoments {
            moment += 1
            try rig.shell("rm -rf \"$2\"; cp -a \"$1\" \"$2\"", whole, rig.repository).succeed()
            let changes = 1 + Int(chance.next() % 8)
            let run = rig.hikae("prune", "--max-unused", "0", "--pack-size", "4", "--limit-upload", Self.pace)
            if try runAndKill(run, watching: rig.repository, after: changes, &chance) { killed += 1 }
            try expectWhole(rig, rig.repository, "after \(changes) changes, seed \(chance.seed)")
            try rig.expectRestores(first, of: source, by: Rig.binary, equals: kept)
            try run.succeed()
            try rig.resticFindsItWhole()
            try rig.expectRestores(first, of: source, by: Rig.binary, equals: kept)
        }
        print("prune: killed before the end: \(killed) of \(moment) runs")
        #expect(killed > 0, "no run was killed before its end: the test proved nothing")
    }

    @Test("copy")
    func copy() throws {
        let rig = try Rig()
        var chance = SeededGenerator()
        let (source, _, _) = try history(rig)
        let copy = rig.folder.path("copy")
        let from = ["--from-repo", rig.repository, "--from-password-file", rig.folder.path("password")]
        var killed = 0
        var moment = 0
        while moment < Self.moments || killed == 0 && moment < Self.moments + Self.furtherMoments {
            moment += 1
            Files.removeAll(copy)
            try rig.command(Rig.binary, ["init", "-r", copy, "--copy-chunker-params"] + from).succeed()
            let changes = 1 + Int(chance.next() % 6)
            let run = rig.command(
                Rig.binary, ["copy", "-r", copy, "--pack-size", "4", "--limit-upload", Self.pace] + from)
            if try runAndKill(run, watching: copy, after: changes, &chance) { killed += 1 }
            try expectWhole(rig, copy, "after \(changes) changes, seed \(chance.seed)")
            try run.succeed()
            #expect(rig.snapshotIDs(in: copy).count == 2)
            try rig.restic("-r", copy, "check", "--read-data").succeed()
            let target = rig.folder.path("from-copy")
            try rig.hikae("restore", "-r", copy, "latest", "--target", target).succeed()
            try rig.expectSame(target + source, source)
            Files.removeAll(target)
        }
        print("copy: killed before the end: \(killed) of \(moment) runs")
        #expect(killed > 0, "no run was killed before its end: the test proved nothing")
    }
}

// Both programs write to one repository in turns: the same trees, nothing stored twice, and each tidies for both.

import HikaeCore
import HikaeTesting
import Testing

@Suite("Two programs, one repository")
struct SharedRepositoryTests {
    @Test(
        "The same directory has the same tree, in any time zone", arguments: ["UTC", "Asia/Tokyo", "America/St_Johns"])
    func sameTree(_ zone: String) throws {
        let rig = try Rig()
        let source = try rig.menagerie()
        try rig.restic("init").succeed()
        var (theirs, ours) = (rig.restic("backup", source), rig.hikae("backup", source, "--force"))
        theirs.environment["TZ"] = zone
        ours.environment["TZ"] = zone
        let first = try rig.newSnapshot { try theirs.succeed() }
        let second = try rig.newSnapshot { try ours.succeed() }
        try rig.expectSameTrees(first, second, "restic's tree, then Hikae's")
    }

    @Test("Relative, absolute and several targets give the same tree as with restic")
    func targets() throws {
        let rig = try Rig()
        try rig.plainFiles("a/b/c", megabytes: 1)
        try rig.plainFiles("a/d", seed: 5, megabytes: 1)
        try rig.restic("init").succeed()
        let choices = [
            ["a/b/c", "a/d"], [rig.folder.path("a/b"), "a/d/text"], ["."], ["a/d/../b"], ["a/b/c/text/log.txt"],
        ]
        for targets in choices {
            // The repository changes with each run, so it must not be among what is read.
            let exclude = ["--exclude", rig.repository, "--exclude", rig.folder.path("cache")]
            let first = try rig.newSnapshot { try rig.command("restic", ["backup"] + exclude + targets).succeed() }
            let second = try rig.newSnapshot {
                try rig.command(Rig.binary, ["backup", "--force"] + exclude + targets).succeed()
            }
            try rig.expectSameTrees(first, second, "\(targets)")
        }
    }

    @Test("Excludes mean what they mean to restic")
    func excludes() throws {
        let rig = try Rig()
        try rig.plainFiles("source", megabytes: 1)
        try rig.folder.write("source/cache/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n")
        try rig.folder.write("source/cache/thing", "x")
        try rig.folder.write("source/marked/.nobackup", "")
        try rig.folder.write("source/marked/thing", "x")
        try rig.folder.write("source/Deep/er/Photo.JPG", "x")
        try rig.folder.write("source/Deep/er/keep.txt", "x")
        try rig.folder.write("patterns", "# comment\n*.bin\n\n/nowhere\n!keep.bin\nsmall/1?.txt\n")
        try rig.restic("init").succeed()
        let choices: [[String]] = [
            ["--exclude", "*.txt"], ["--exclude", "small/**"], ["--iexclude", "photo.jpg"], ["--exclude-caches"],
            ["--exclude-if-present", ".nobackup"], ["--exclude-larger-than", "500k"], ["--exclude-file", "patterns"],
            ["--exclude", "**/er", "--exclude", "!keep.txt"], ["--exclude", rig.folder.path("source/again")],
        ]
        for options in choices {
            let words = ["backup"] + options + ["source"]
            let first = try rig.newSnapshot { try rig.command("restic", words).succeed() }
            let second = try rig.newSnapshot { try rig.command(Rig.binary, words + ["--force"]).succeed() }
            try rig.expectSameTrees(first, second, "\(options)")
        }
    }

    @Test("What one stored, the other does not store again, in a repository that restic made")
    func deduplication() throws {
        let rig = try Rig()
        let (first, second) = (try rig.plainFiles("one", seed: 1), try rig.plainFiles("two", seed: 2))
        try rig.restic("init").succeed()
        try rig.restic("backup", first).succeed()
        var before = try rig.packBytes()
        try rig.hikae("backup", first, "--force").succeed()
        #expect(try rig.packBytes() - before < 100_000, "Hikae stored again what restic had stored")
        try rig.hikae("backup", second).succeed()
        before = try rig.packBytes()
        try rig.restic("backup", second, "--force").succeed()
        #expect(try rig.packBytes() - before < 100_000, "restic stored again what Hikae had stored")
        try rig.resticFindsItWhole()
        try rig.hikaeFindsItWhole()
    }

    @Test("Neither reads files again that the other has seen unchanged")
    func parents() throws {
        let rig = try Rig()
        let source = try rig.plainFiles(megabytes: 4)
        try rig.restic("init").succeed()
        try rig.restic("backup", source).succeed()
        let ours = try rig.hikae("backup", source, "--json").succeed().text
        #expect(ours.contains("\"files_new\":0") && ours.contains("\"files_changed\":0"), "\(ours.suffix(600))")
        let theirs = try rig.restic("backup", source, "--json").succeed().text
        #expect(theirs.contains("\"files_new\":0") && theirs.contains("\"files_changed\":0"), "\(theirs.suffix(600))")
    }

    @Test("Either forgets and prunes what both wrote, and the rest stays whole", arguments: ["restic", "hikae"])
    func forgetting(_ by: String) throws {
        let rig = try Rig()
        let program = by == "restic" ? "restic" : Rig.binary
        let source = try rig.plainFiles(megabytes: 4)
        try rig.hikae("init", "--chunker", by == "restic" ? "gear" : "rabin").succeed()
        for turn in 0..<4 {
            Files.removeAll(source + "/noise.bin")
            try rig.plainFiles("source/turn", seed: UInt64(turn + 10), megabytes: 2)
            try rig.command(turn % 2 == 0 ? Rig.binary : "restic", ["backup", source]).succeed()
        }
        let before = try rig.packBytes()
        try rig.command(program, ["forget", "--keep-last", "1", "--prune", "--max-unused", "0"]).succeed()
        #expect(rig.snapshotIDs().count == 1)
        #expect(try rig.packBytes() < before / 2)
        try rig.resticFindsItWhole()
        try rig.hikaeFindsItWhole()
        try rig.expectRestores(of: source, by: "restic")
        try rig.expectRestores(of: source, by: Rig.binary)
    }

    @Test("Every retention rule keeps exactly what restic would keep")
    func policies() throws {
        let rig = try Rig()
        try rig.folder.write("source/file", "x")
        try rig.hikae("init").succeed()
        var chance = SeededGenerator(seed: 2012)
        // Some close together, some far apart, over three years; two hosts, two tags.
        for _ in 0..<24 {
            let (year, month) = (2024 + Int(chance.next() % 3), 1 + Int(chance.next() % 12))
            let (day, hour) = (1 + Int(chance.next() % 28), Int(chance.next() % 24))
            func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
            let time = "\(year)-\(two(month))-\(two(day)) \(two(hour)):\(two(Int(chance.next() % 60))):00"
            try rig.hikae(
                "backup", rig.folder.path("source"), "--time", time, "--host",
                chance.next() % 3 == 0 ? "clinic" : "shop",
                "--tag", chance.next() % 2 == 0 ? "nightly" : "manual"
            ).succeed()
        }
        let policies: [[String]] = [
            ["--keep-last", "3"], ["--keep-hourly", "5", "--keep-daily", "3"],
            ["--keep-weekly", "4", "--keep-monthly", "6"],
            ["--keep-yearly", "2", "--group-by", "tags"], ["--keep-within", "1y2m"],
            ["--keep-within-monthly", "2y", "--group-by", ""],
            ["--keep-tag", "nightly", "--keep-last", "1"], ["--keep-daily", "2", "--host", "clinic"],
        ]
        for policy in policies {
            let words = ["forget", "--dry-run", "--json"] + policy
            let theirs = try removed(rig.command("restic", words).succeed().text)
            let ours = try removed(rig.command(Rig.binary, words).succeed().text)
            #expect(ours == theirs, "\(policy)")
            #expect(!theirs.isEmpty)
        }
    }

    /// The short IDs in the `remove` lists of `forget --json`.
    private func removed(_ json: String) throws -> [String] {
        var found: [String] = []
        for part in json.components(separatedBy: "\"remove\":").dropFirst() {
            let list = part.components(separatedBy: "\"reasons\":")[0]
            found += list.matches(of: /"short_id":\s*"([0-9a-f]{8})"/).map { String($0.1) }
        }
        return found.sorted()
    }

    @Test("Snapshots copied by either are whole for the other")
    func copying() throws {
        let rig = try Rig()
        let source = try rig.plainFiles(megabytes: 4)
        try rig.restic("init").succeed()
        try rig.restic("backup", source).succeed()
        try rig.hikae("backup", source, "--tag", "second").succeed()
        let password = rig.folder.path("password")
        for (program, name) in [(Rig.binary, "by-hikae"), ("restic", "by-restic")] {
            let copy = rig.folder.path(name)
            try rig.command(
                program,
                [
                    "init", "-r", copy, "--copy-chunker-params", "--from-repo", rig.repository, "--from-password-file",
                    password,
                ]
            ).succeed()
            try rig.command(
                program, ["copy", "-r", copy, "--from-repo", rig.repository, "--from-password-file", password]
            )
            .succeed()
            #expect(rig.snapshotIDs(in: copy).count == 2)
            try rig.restic("-r", copy, "check", "--read-data").succeed()
            try rig.hikae("-r", copy, "check", "--read-data").succeed()
            // Copying again brings nothing new.
            try rig.hikae("copy", "-r", copy, "--from-repo", rig.repository, "--from-password-file", password).succeed()
            #expect(rig.snapshotIDs(in: copy).count == 2)
        }
    }

    @Test("restic adds to a repository with Hikae's chunker, and Hikae goes on from there")
    func gearInTurns() throws {
        let rig = try Rig()
        let source = try rig.plainFiles(megabytes: 4)
        try rig.hikae("init").succeed()
        for program in [Rig.binary, "restic", Rig.binary, "restic"] {
            try rig.folder.write("source/note", program)
            try rig.command(program, ["backup", source]).succeed()
        }
        try rig.resticFindsItWhole()
        try rig.hikaeFindsItWhole()
        #expect(rig.snapshotIDs().count == 4)
        try rig.expectRestores(of: source, by: Rig.binary)
    }
}

extension String {
    /// The parts between occurrences of `separator`.
    fileprivate func components(separatedBy separator: String) -> [String] {
        split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }
}

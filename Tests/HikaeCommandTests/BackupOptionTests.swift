import HikaeTesting
import Testing

@Suite struct BackupOptionTests {
    /// The paths of the newest snapshot below the harness's folder, sorted.
    private func saved(_ harness: Harness) throws -> [String] {
        let lines = try harness.hikae("ls", "-q", "latest").succeed().text.split(separator: "\n").map(String.init)
        return lines.filter { $0.hasPrefix(harness.folder.path + "/") }.map {
            String($0.dropFirst(harness.folder.path.count + 1))
        }
    }

    @Test func listsOfFilesAreReadAsResticReadsThem() throws {
        let harness = try Harness()
        try harness.hikae("init").succeed()
        for name in ["a1.txt", "a2.txt", "b.txt", ".hidden.txt", "# odd [name]", "sub/c.txt", "sub/d.dat"] {
            try harness.folder.write("in/\(name)", name)
        }
        try harness.folder.write("patterns", "# a comment\n\n  in/a?.txt  \nin/[b-c].txt\nin/*/*.dat\nin/none*\n")
        let outcome = try harness.hikae("backup", "--files-from", "patterns").run()
        #expect(outcome.status == 0, "a pattern that matches nothing is no file that is missing")
        #expect(outcome.errorText.contains("none*"))
        let files = { (names: [String]) in
            names.filter { $0.hasSuffix(".txt") || $0.hasSuffix(".dat") || $0.contains("odd") }
        }
        let relative = try harness.hikae("ls", "-q", "latest").succeed().text.split(separator: "\n").map(String.init)
        #expect(files(relative) == ["/in/a1.txt", "/in/a2.txt", "/in/b.txt", "/in/sub/d.dat"])
        try harness.folder.write(
            "verbatim", "\(harness.folder.path)/in/# odd [name]\n\n\(harness.folder.path)/in/b.txt\n")
        try harness.hikae("backup", "--files-from-verbatim", "verbatim", harness.folder.path("in/a1.txt")).succeed()
        #expect(files(try saved(harness)) == ["in/# odd [name]", "in/a1.txt", "in/b.txt"])
        try harness.shell("find $PWD/in -name '*.txt' -print0 | $HIKAE backup --files-from-raw -").succeed()
        #expect(files(try saved(harness)) == ["in/.hidden.txt", "in/a1.txt", "in/a2.txt", "in/b.txt", "in/sub/c.txt"])
        try harness.folder.write("raw", "in/a1.txt")
        #expect(try harness.hikae("backup", "--files-from-raw", "raw").run().status == 1)
    }

    @Test func whatIsExcludedIsNotSaved() throws {
        let harness = try Harness()
        try harness.hikae("init").succeed()
        for name in [
            "keep.txt", "drop.tmp", "DROP.BAK", "big", "cache/CACHEDIR.TAG", "cache/x", "marked/.nobackup", "marked/x",
            "file/pattern.o",
        ] {
            try harness.folder.write("in/\(name)", name)
        }
        try harness.folder.write("in/cache/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n")
        try harness.folder.write("in/big", String(repeating: "x", count: 3000))
        try harness.folder.write("excludes", "# objects\n*.o\n$EXCLUDED\n")
        var command = harness.hikae(
            "backup", harness.folder.path("in"), "-e", "*.tmp", "--iexclude", "*.bak", "--exclude-caches",
            "--exclude-if-present", ".nobackup", "--exclude-larger-than", "2k", "--exclude-file", "excludes")
        command.environment["EXCLUDED"] = "nothing-like-it"
        try command.succeed()
        #expect(
            try saved(harness) == [
                "in", "in/cache", "in/cache/CACHEDIR.TAG", "in/file", "in/keep.txt", "in/marked", "in/marked/.nobackup",
            ])
        #expect(try harness.json("snapshots")[0]?["excludes"]?.array.map(\.string) == ["*.tmp"])
    }

    @Test func theSnapshotSaysWhatItIsTold() throws {
        let harness = try Harness()
        let source = try harness.makeSource()
        try harness.hikae("init").succeed()
        try harness.hikae(
            "backup", source, "--host", "shop", "--tag", "a,b", "--tag", "c", "--tag", "a", "--time",
            "2012-06-20 17:00:00"
        ).succeed()
        let snapshot = try #require(try harness.json("snapshots")[0])
        #expect(snapshot["hostname"]?.string == "shop")
        #expect(snapshot["tags"]?.array.map(\.string) == ["a", "b", "c"])
        #expect(snapshot["time"]?.string == "2012-06-20T17:00:00Z")
        #expect(snapshot["program_version"]?.string?.hasPrefix("hikae ") == true)
        #expect(try harness.hikae("backup", source, "--time", "yesterday").run().status == 1)
    }

    @Test func nothingIsStoredByADryRunOrWhenNothingChanged() throws {
        let harness = try Harness()
        // By a relative path: the folders above it are not part of the snapshot, and others change them.
        try harness.makeSource()
        let source = "source"
        try harness.hikae("init").succeed()
        let before = Files.all(below: harness.repository)
        let dry = try harness.jsonLines("backup", source, "--dry-run").last
        #expect(dry?["dry_run"]?.bool == true)
        #expect(dry?["files_new"]?.number == 5)
        #expect(Files.all(below: harness.repository) == before)
        try harness.hikae("backup", source, "--skip-if-unchanged").succeed()
        let again = try harness.jsonLines("backup", source, "--skip-if-unchanged").last
        #expect(again?["snapshot_id"] == nil)
        #expect(try harness.json("snapshots").array.count == 1)
        try harness.folder.write("source/more", "more")
        try harness.hikae("backup", source, "--skip-if-unchanged").succeed()
        #expect(try harness.json("snapshots").array.count == 2)
    }

    @Test func theParentIsTheLastOfTheSameHostAndPathsUnlessNamed() throws {
        let harness = try Harness()
        let source = try harness.makeSource()
        try harness.hikae("init").succeed()
        try harness.hikae("backup", source, "--host", "a").succeed()
        let first = try #require(try harness.json("snapshots")[0]?["id"]?.string)
        let parent = { try harness.json("snapshots").array.last?["parent"]?.string }
        try harness.hikae("backup", source, "--host", "b").succeed()
        #expect(try parent() == nil)
        try harness.hikae("backup", source, "--host", "c", "--group-by", "paths", "--time", "2020-01-01").succeed()
        #expect(try harness.json("snapshots", "--host", "c")[0]?["parent"] == nil, "nothing was there at that time")
        try harness.hikae("backup", source, "--host", "d", "--parent", String(first.prefix(10))).succeed()
        #expect(try parent() == first)
        try harness.hikae("backup", source, "--host", "a", "--force").succeed()
        #expect(try parent() == nil)
    }

    @Test func aStreamIsSavedUnderItsNameAndAFailedOneIsNot() throws {
        let harness = try Harness()
        try harness.hikae("init").succeed()
        try harness.shell("seq 300000 | $HIKAE backup --stdin --stdin-filename sub/numbers.txt").succeed()
        try harness.shell("$HIKAE dump latest /sub/numbers.txt | cmp - <(seq 300000)").succeed()
        // The program's own options stay its own.
        try harness.hikae(
            "backup", "--tag", "x", "--stdin-filename", "out", "--stdin-from-command", "printf", "%s-%s", "--host", "-r"
        ).succeed()
        #expect(try harness.hikae("dump", "latest", "out").succeed().text == "--host--r")
        try harness.hikae("backup", "--stdin-from-command", "--stdin-filename", "out2", "--", "echo", "-n", "x")
            .succeed()
        #expect(try harness.hikae("dump", "latest", "out2").succeed().text == "x")
        for script in ["echo half; exit 3", "echo half; kill $$", "exit 0"] {
            let outcome = try harness.hikae("backup", "--stdin-from-command", "sh", "-c", script, "--json").run()
            #expect(outcome.status == 1, "\(script)")
        }
        #expect(try harness.shell("$HIKAE backup --stdin < /dev/null").run().status == 1)
        #expect(try harness.hikae("backup", "--stdin-from-command", "no-such-program").run().status == 1)
        #expect(try harness.json("snapshots").array.count == 3)
    }

    @Test func namesThatAreNoTextAreSavedByTheirBytes() throws {
        let harness = try Harness()
        try harness.hikae("init").succeed()
        try harness.shell(
            """
            name=$(printf 'in/b\\xffd \\xc3\\xa9')
            mkdir in; echo content > "$name"
            $HIKAE backup "$PWD/$name"
            $HIKAE dump latest "$PWD/$name" | cmp - "$name"
            $HIKAE ls -q latest | grep -F 'b\\xffd'
            [ "$($HIKAE find -q "$(printf 'b\\xff*')" | wc -l)" = 1 ]
            """
        ).succeed()
    }

    @Test func placesThatAreNoTextAreRefusedRatherThanMistaken() throws {
        let harness = try Harness()
        for script in ["$HIKAE init -r $'place\\xff'", "$HIKAE restore latest -t $'target\\xff'"] {
            let outcome = try harness.shell(script).run()
            #expect(outcome.status == 1)
            #expect(outcome.errorText.contains("must be UTF-8"))
        }
        #expect(Files.names(in: harness.folder.path).isEmpty)
    }

    @Test func verboseSaysWhatBecameOfEachFile() throws {
        let harness = try Harness()
        let source = try harness.makeSource()
        try harness.hikae("init").succeed()
        try harness.hikae("backup", source).succeed()
        try harness.folder.write("source/one.txt", "other")
        let text = try harness.hikae("backup", "-vv", source).succeed().text
        #expect(text.contains("modified  \(source)/one.txt\n"))
        #expect(text.contains("unchanged \(source)/empty\n"))
        let json = try harness.jsonLines("backup", "-vv", "--force", source)
        #expect(
            json.contains { $0["message_type"]?.string == "verbose_status" && $0["item"]?.string == source + "/empty" })
        #expect(try harness.hikae("backup", "--quiet", source).succeed().text.isEmpty)
    }
}

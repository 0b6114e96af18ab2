import HikaeTesting
import Testing

@Suite struct MaintenanceTests {
    /// A repository with snapshots on several days.
    private func daily(_ days: Int) throws -> Harness {
        let harness = try Harness()
        try harness.hikae("init").succeed()
        for day in 1...days {
            try harness.folder.write("source/day", "of day \(day) " + String(repeating: "\(day)", count: 2000))
            try harness.hikae(
                "backup", harness.folder.path("source"), "--host", "h", "--time", "2026-01-0\(day) 12:00:00", "-q"
            ).succeed()
        }
        return harness
    }

    @Test func forgetKeepsWhatThePolicyWantsAndPruneFreesTheRest() throws {
        let harness = try daily(4)
        let packs = Files.all(below: harness.repository + "/data").count
        let dry = try harness.hikae("forget", "--keep-daily", "2", "--prune", "--dry-run").succeed().text
        #expect(dry.contains("keep 2 snapshots:"))
        #expect(dry.contains("remove 2 snapshots:"))
        #expect(dry.contains("Would have removed 2 snapshots"))
        #expect(try harness.json("snapshots").array.count == 4)
        let groups = try harness.json("forget", "--keep-daily", "2")
        #expect(groups[0]?["keep"]?.array.count == 2)
        #expect(groups[0]?["remove"]?.array.count == 2)
        #expect(groups[0]?["reasons"]?[0]?["matches"]?[0]?.string == "daily snapshot")
        #expect(try harness.json("snapshots").array.count == 2)
        let figures = try harness.json("prune", "--max-unused", "0")
        #expect((figures["blobs"]?["remove_total"]?.number ?? 0) > 0)
        #expect(Files.all(below: harness.repository + "/data").count < packs)
        #expect(try harness.restic("check", "--read-data").run().status == 0)
        #expect(try harness.hikae("check", "--read-data").succeed().text.hasSuffix("no errors were found\n"))
    }

    @Test func forgetByIDRemovesJustThose() throws {
        let harness = try daily(3)
        let ids = try harness.json("snapshots").array.compactMap { $0["id"]?.string }
        let text = try harness.hikae("forget", String(ids[0].prefix(8)), ids[1]).succeed().text
        #expect(text.contains("removed 2 snapshots"))
        #expect(try harness.json("snapshots").array.compactMap { $0["id"]?.string } == [ids[2]])
        #expect(try harness.hikae("forget", ids[0]).run().status == 1)
    }

    @Test func forgetNeverEmptiesAGroupByPolicy() throws {
        let harness = try daily(2)
        for arguments in [["--keep-tag", "nothing"], ["--unsafe-allow-remove-all"]] {
            let outcome = try harness.command(HikaeProgram.binary, ["forget"] + arguments).run()
            #expect(outcome.status == 1)
        }
        #expect(try harness.json("snapshots").array.count == 2)
        try harness.hikae("forget", "--unsafe-allow-remove-all", "--host", "h").succeed()
        #expect(try harness.json("snapshots").array.isEmpty)
    }

    @Test func pruneRemovesNothingWhereNoSnapshotIsLeftUnlessItIsTold() throws {
        let harness = try daily(2)
        let packs = Files.all(below: harness.repository + "/data").count
        let snapshots = harness.repository + "/snapshots"
        for name in Files.all(below: snapshots) { Files.remove("\(snapshots)/\(name)") }
        for words in [["prune"], ["prune", "--max-unused", "0"], ["prune", "--json"]] {
            let refused = try harness.command(HikaeProgram.binary, words).run()
            let said = refused.errorText
            #expect(refused.status == 1 && said.contains("not taken for the truth"), "\(said)")
        }
        #expect(Files.all(below: harness.repository + "/data").count == packs)
        // What was there can be told, and is removed when somebody says so.
        try harness.hikae("prune", "--dry-run").succeed()
        try harness.hikae("prune", "--unsafe-allow-remove-all").succeed()
        #expect(Files.all(below: harness.repository + "/data").isEmpty)
        #expect(try harness.restic("check", "--read-data").run().status == 0)
    }

    @Test func latestAndGroupsShortenTheList() throws {
        let shared = try SharedRepository.get().harness
        #expect(try shared.json("snapshots", "--no-lock", "--latest", "1").array.count == 2)
        #expect(try shared.json("snapshots", "--no-lock", "--latest", "1", "--group-by", "tags").array.count == 3)
        let text = try shared.hikae("snapshots", "--no-lock", "--group-by", "host").succeed().text
        #expect(text.contains("snapshots for (host [shop]):\n"))
        #expect(try shared.hikae("snapshots", "--no-lock", "-c").succeed().text.contains("Paths") == false)
    }

    @Test func passwordsAreAddedChangedAndRemoved() throws {
        let harness = try Harness()
        try harness.hikae("init").succeed()
        let second = try harness.folder.write("second", "the second\n")
        let third = try harness.folder.write("third", "the third\n")
        let added = try harness.json("key", "add", "--new-password-file", second, "--user", "anna", "--host", "desk")
        let id = try #require(added["id"]?.string)
        let keys = try harness.json("key", "list").array
        #expect(keys.count == 2)
        #expect(keys.first { $0["id"]?.string == id }?["userName"]?.string == "anna")
        #expect(keys.filter { $0["current"]?.bool == true }.count == 1)
        #expect(try harness.hikae("snapshots", "-p", second).run().status == 0)
        try harness.hikae("key", "passwd", "-p", second, "--new-password-file", third).succeed()
        #expect(try harness.hikae("snapshots", "-p", second).run().status == 12)
        #expect(try harness.hikae("snapshots", "-p", third).run().status == 0)
        #expect(try harness.restic("snapshots").run().status == 0)
        let current = try harness.json("key", "list").array.first { $0["current"]?.bool == true }
        #expect(try harness.hikae("key", "remove", current?["id"]?.string ?? "").run().status == 1, "the key in use")
        let others = try harness.json("key", "list").array.filter { $0["current"]?.bool == false }
        try harness.hikae("key", "remove", String((others[0]["id"]?.string ?? "").prefix(8))).succeed()
        #expect(try harness.hikae("snapshots", "-p", third).run().status == 12)
    }

    @Test func snapshotsAreCopiedOnceBetweenRepositories() throws {
        let harness = try daily(2)
        let password = try harness.folder.write("password", Harness.password)
        let from = ["--from-repo", harness.repository, "--from-password-file", password]
        let second = harness.folder.path("second")
        try harness.command(HikaeProgram.binary, ["init", "-r", second, "--copy-chunker-params"] + from).succeed()
        let first = try JSONValue.lines(
            harness.command(HikaeProgram.binary, ["copy", "-r", second, "--json"] + from).succeed().text)
        #expect(first.last?["snapshots_copied"]?.number == 2)
        let again = try JSONValue.lines(
            harness.command(HikaeProgram.binary, ["copy", "-r", second, "--json"] + from).succeed().text)
        #expect(again.last?["snapshots_copied"]?.number == 0)
        #expect(again.last?["snapshots_skipped"]?.number == 2)
        #expect(try harness.hikae("check", "--read-data", "-r", second).run().status == 0)
        let config = { (place: String) in try harness.json("cat", "config", "-r", place) }
        #expect(try config(second)["chunker_polynomial"] == config(harness.repository)["chunker_polynomial"])
        #expect(try harness.command(HikaeProgram.binary, ["copy"] + from).run().status == 1, "a copy onto itself")
    }

    @Test func damageIsNamedAndRepaired() throws {
        let harness = try daily(3)
        // The largest pack loses a byte in its middle.
        let pack = try harness.shell(
            """
            pack=$(ls -S "$HIKAE_REPOSITORY"/data/*/* | head -1); chmod u+w "$pack"
            size=$(stat -c %s "$pack")
            printf '\\x55\\xaa\\x55\\xaa' | dd of="$pack" bs=1 seek=8 conv=notrunc 2> /dev/null
            basename "$pack"
            """
        ).succeed().text.split(separator: "\n")[0]
        let outcome = try harness.hikae("check", "--read-data", "--json").run()
        #expect(outcome.status == 1)
        let summary = try JSONValue.lines(outcome.text).last
        #expect(summary?["broken_packs"]?.array.map(\.string) == [String(pack)])
        let findings = try JSONValue.lines(outcome.errorText)
        #expect(findings.contains { $0["pack"]?.string == String(pack) })
        #expect(findings.last?["error_code"]?.string == "damaged")
        try harness.hikae("repair", "packs", String(pack)).succeed()
        #expect(Files.names(in: harness.folder.path).contains("pack-\(pack)"))
        try harness.hikae("repair", "snapshots", "--forget").succeed()
        #expect(try harness.hikae("check", "--read-data").run().status == 0)
        #expect(try harness.restic("check", "--read-data").run().status == 0)
        try harness.shell("rm \"$HIKAE_REPOSITORY\"/index/*").succeed()
        #expect(try harness.hikae("check").run().status == 1)
        // The name that restic had for `repair index`.
        try harness.hikae("rebuild-index").succeed()
        #expect(try harness.hikae("check", "--read-data").run().status == 0)
    }

    @Test func aRepositoryOfVersionOneCanBeMadeAndUsed() throws {
        let harness = try Harness()
        let source = try harness.makeSource()
        try harness.hikae("init", "--repository-version", "1").succeed()
        try harness.hikae("backup", source).succeed()
        #expect(try harness.json("cat", "config")["version"]?.number == 1)
        #expect(try harness.restic("check", "--read-data").run().status == 0)
        #expect(try harness.hikae("init").run().errorText.contains("already"))
        #expect(try harness.hikae("init", "-r", "x", "--repository-version", "3").run().status == 1)
    }
}

import HikaeTesting
import Testing

/// The JSON of both programs, side by side: whatever restic's has, ours has too, with the same values.
@Suite struct ResticShapeTests {
    private func both(_ arguments: String...) throws -> (ours: String, restics: String) {
        let harness = try SharedRepository.get().harness
        let ours = try harness.command(HikaeProgram.binary, arguments + ["--json", "--no-lock"]).succeed().text
        let restics = try harness.command("restic", arguments + ["--json", "--no-lock"]).succeed().text
        return (ours, restics)
    }

    /// Every member of `theirs` is in `ours`, with the same value unless its name is in `except`.
    private func expectCovers(
        _ ours: JSONValue?, _ theirs: JSONValue, except: Set<String> = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        switch theirs {
        case .object(let members):
            for member in members {
                let value = ours?[member.name]
                #expect(value != nil, "\(member.name) is missing", sourceLocation: sourceLocation)
                if !except.contains(member.name), let value {
                    expectCovers(value, member.value, except: except, sourceLocation: sourceLocation)
                }
            }
        case .array(let values):
            #expect(ours?.array.count == values.count, sourceLocation: sourceLocation)
            for (index, value) in values.enumerated() {
                expectCovers(ours?[index], value, except: except, sourceLocation: sourceLocation)
            }
        default: #expect(ours == theirs, sourceLocation: sourceLocation)
        }
    }

    @Test func snapshotsAreAsResticListsThem() throws {
        let (ours, restics) = try both("snapshots")
        try expectCovers(JSONValue(ours), JSONValue(restics))
        let grouped = try both("snapshots", "--group-by", "host")
        // restic's groups come in no order.
        let key = { (group: JSONValue) in group["group_key"]?["hostname"]?.string ?? "" }
        let groups = try JSONValue(grouped.restics).array.sorted { key($0) < key($1) }
        try expectCovers(.array(JSONValue(grouped.ours).array.sorted { key($0) < key($1) }), .array(groups))
    }

    @Test func lsIsAsResticListsIt() throws {
        let (ours, restics) = try both("ls", "latest")
        let (mine, theirs) = (try JSONValue.lines(ours), try JSONValue.lines(restics))
        #expect(mine.count == theirs.count)
        for (index, line) in theirs.enumerated() { expectCovers(mine[index], line) }
        #expect(mine.dropFirst().allSatisfy { $0["message_type"]?.string == "node" })
    }

    @Test func findIsAsResticFindsIt() throws {
        for pattern in ["three.sql", "*.txt", "nothing-like-it", "inner"] {
            let (ours, restics) = try both("find", pattern)
            // restic 0.14 goes through the snapshots in no order, we from the newest to the oldest.
            let key = { (group: JSONValue) in group["snapshot"]?.string ?? "" }
            let theirs = try JSONValue(restics).array.sorted { key($0) < key($1) }
            try expectCovers(.array(JSONValue(ours).array.sorted { key($0) < key($1) }), .array(theirs))
        }
    }

    @Test func diffIsAsResticTellsIt() throws {
        let ids = try SharedRepository.get().ids
        let (ours, restics) = try both("diff", ids[0], ids[1])
        let (mine, theirs) = (try JSONValue.lines(ours), try JSONValue.lines(restics))
        #expect(mine.count == theirs.count)
        for (index, line) in theirs.enumerated() { expectCovers(mine[index], line) }
    }

    @Test(arguments: ["restore-size", "files-by-contents", "raw-data", "blobs-per-file"])
    func statsAreAsResticCountsThem(_ mode: String) throws {
        let (ours, restics) = try both("stats", "--mode", mode)
        // restic 0.14 counts a hard link each time in restore-size, newer ones once, as we do.
        let except: Set<String> = mode == "restore-size" ? ["total_size"] : []
        try expectCovers(JSONValue(ours), JSONValue(restics), except: except)
    }

    @Test func forgetIsAsResticDecidesIt() throws {
        let (ours, restics) = try both("forget", "--keep-last", "1", "--dry-run")
        let path = { (group: JSONValue) in group["paths"]?[0]?.string ?? "" }
        let mine = try JSONValue(ours).array.sorted { path($0) < path($1) }
        let theirs = try JSONValue(restics).array.sorted { path($0) < path($1) }
        expectCovers(.array(mine), .array(theirs))
    }

    @Test func keysAndConfigAreAsResticShowsThem() throws {
        let (ours, restics) = try both("key", "list")
        try expectCovers(JSONValue(ours), JSONValue(restics), except: ["id"])
        let (mine, theirs) = try both("cat", "config")
        try expectCovers(JSONValue(mine), JSONValue(theirs))
        #expect(mine == theirs, "the same text: members in restic's order, two spaces a level")
    }

    @Test func theSummaryOfABackupHasResticsFields() throws {
        let harness = try Harness()
        try harness.makeSource()
        let source = "source"
        try harness.hikae("init", "--chunker", "rabin").succeed()
        let restics = try JSONValue.lines(harness.restic("backup", "--json", source).succeed().text)
        let ours = try harness.jsonLines("backup", source, "--force")
        let (mine, theirs) = (try #require(ours.last), try #require(restics.last))
        #expect(mine["message_type"]?.string == "summary")
        let moving: Set<String> = [
            "total_duration", "snapshot_id", "data_added", "data_blobs", "tree_blobs", "files_new", "dirs_new",
        ]
        expectCovers(mine, theirs, except: moving)
        #expect(mine["snapshot_id"]?.string?.count == 64)
        for line in ours.dropLast() { #expect(line["message_type"]?.string == "status") }
        // A second run over the same files finds what restic's would find.
        let again = try harness.jsonLines("backup", source).last
        #expect(again?["files_unmodified"] == theirs["files_new"])
        #expect(again?["data_added"]?.number == 0)
    }

    @Test func checkEndsWithASummary() throws {
        let summary = try SharedRepository.get().harness.jsonLines("check", "--no-lock").last
        #expect(summary?["message_type"]?.string == "summary")
        #expect(summary?["num_errors"]?.number == 0)
        #expect(summary?["broken_packs"] == .null)
        #expect(summary?["suggest_repair_index"]?.bool == false)
        #expect(summary?["suggest_prune"]?.bool == false)
    }
}

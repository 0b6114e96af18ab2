import HikaeTesting
import Testing

@Suite struct AddressTests {
    private func firstLine(_ arguments: String...) throws -> JSONValue {
        let harness = try SharedRepository.get().harness
        let text = try harness.command(HikaeProgram.binary, ["ls", "--json", "--no-lock"] + arguments).succeed().text
        return try #require(try JSONValue.lines(text).first)
    }

    @Test func aSnapshotIsFoundByItsIDAndTheBeginningOfIt() throws {
        let ids = try SharedRepository.get().ids
        for id in ids {
            #expect(try firstLine(id)["id"]?.string == id)
            #expect(try firstLine(String(id.prefix(8)))["id"]?.string == id)
        }
    }

    @Test func latestIsTheNewestThatPassesTheFilter() throws {
        let shared = try SharedRepository.get()
        #expect(try firstLine("latest")["id"]?.string == shared.ids[2])
        #expect(try firstLine("latest", "--host", "shop")["id"]?.string == shared.ids[1])
        #expect(try firstLine("latest", "--tag", "a,b")["id"]?.string == shared.ids[0])
        #expect(try firstLine("latest", "--tag", "nothing", "--tag", "b")["id"]?.string == shared.ids[0])
        let path = shared.harness.folder.path("source")
        #expect(try firstLine("latest", "--path", path)["id"]?.string == shared.ids[1])
        #expect(try shared.harness.hikae("ls", "latest", "--host", "nobody", "--no-lock").run().status == 1)
    }

    @Test func theHostOfTheEnvironmentFiltersUnlessItIsUndone() throws {
        let shared = try SharedRepository.get()
        var command = shared.harness.hikae("snapshots", "--json", "--no-lock")
        command.environment["RESTIC_HOST"] = "shop"
        #expect(try JSONValue(command.succeed().text).array.count == 2)
        command.environment["HIKAE_HOST"] = "other"
        #expect(try JSONValue(command.succeed().text).array.count == 1)
        command.arguments += ["--host", ""]
        #expect(try JSONValue(command.succeed().text).array.count == 3)
    }

    @Test func anAmbiguousBeginningIsRefused() throws {
        // Seventeen snapshots: two at least begin with the same digit.
        let harness = try Harness()
        try harness.folder.write("file", "x")
        try harness.hikae("init").succeed()
        try harness.hikae("backup", "file").succeed()
        try harness.shell(
            """
            for digit in 0 1; do
                head -c 40 /dev/urandom > "$HIKAE_REPOSITORY/snapshots/abc$digit$(printf '0%.0s' $(seq 60))"
            done
            """
        ).succeed()
        let outcome = try harness.hikae("cat", "snapshot", "abc").run()
        #expect(outcome.status == 1)
        #expect(outcome.errorText.contains("2 snapshots have an ID that begins with abc"))
        #expect(try harness.hikae("ls", "fff0000").run().errorText.contains("no snapshot"))
        #expect(try harness.hikae("ls", "latests").run().status == 1)
    }

    @Test func aFolderBehindTheColonIsTheRoot() throws {
        let shared = try SharedRepository.get()
        let source = shared.harness.folder.path("source")
        let address = "\(shared.ids[1]):\(source)/inner"
        let listed = try shared.harness.hikae("ls", "--no-lock", "-q", address).succeed().text
        #expect(listed == "/deep\n/deep/three.sql\n/hard\n/link\n/two.txt\n")
        #expect(
            try shared.harness.hikae("dump", "--no-lock", address, "/deep/three.sql").succeed().text == "select 3;\n")
        let diff = try shared.harness.hikae(
            "diff", "--no-lock", "\(shared.ids[0]):\(source)", "\(shared.ids[1]):\(source)"
        ).succeed().text
        #expect(diff.contains("\n+    /new.txt\n"))
        #expect(diff.contains("\nM    /one.txt\n"))
        #expect(!diff.contains("/inner/two.txt"))
        for wrong in ["\(shared.ids[1]):/nowhere", "\(shared.ids[1]):\(source)/one.txt"] {
            #expect(try shared.harness.hikae("ls", "--no-lock", wrong).run().status == 1)
        }
    }

    @Test func lsKeepsToTheDirectoriesNamed() throws {
        let shared = try SharedRepository.get()
        let source = shared.harness.folder.path("source")
        let flat = try shared.harness.hikae("ls", "--no-lock", "-q", shared.ids[1], source + "/inner").succeed().text
        #expect(
            flat.split(separator: "\n").map { $0.dropFirst(source.count) } == [
                "/inner", "/inner/deep", "/inner/hard", "/inner/link", "/inner/two.txt",
            ])
        let deep = try shared.harness.hikae(
            "ls", "--no-lock", "-q", "--recursive", shared.ids[1], source + "/inner/"
        ).succeed().text
        #expect(deep.contains("/inner/deep/three.sql\n"))
        #expect(try shared.harness.hikae("ls", "--no-lock", "latest", "relative").run().status == 1)
        let long = try shared.harness.hikae("ls", "--no-lock", "-l", shared.ids[1], source).succeed().text
        #expect(long.contains("-rw-r--r--     0     0     24 ") || long.contains("-rw-r--r-- "))
        #expect(long.contains(source + "/inner/link -> ") == false, "what is deeper is not listed")
    }

    @Test func findKeepsToTimesAndSnapshots() throws {
        let shared = try SharedRepository.get()
        let found = { (arguments: [String]) throws in
            try JSONValue(
                shared.harness.command(HikaeProgram.binary, ["find", "--json", "--no-lock"] + arguments).succeed().text
            ).array.count
        }
        #expect(try found(["new.txt"]) == 1)
        #expect(try found(["three.sql"]) == 3)
        #expect(try found(["THREE.sql"]) == 0)
        #expect(try found(["-i", "THREE.sql"]) == 3)
        #expect(try found(["-s", "latest", "three.sql"]) == 1)
        #expect(try found(["--host", "shop", "three.sql"]) == 2)
        #expect(try found(["--newest", "2001-01-01", "three.sql"]) == 0)
        #expect(try found(["--oldest", "2001-01-01 10:00:00", "three.sql"]) == 3)
    }

    @Test func blobsTreesAndPacksLeadToTheirFiles() throws {
        let shared = try SharedRepository.get()
        let harness = shared.harness
        let tree = try #require(
            try JSONValue(harness.hikae("cat", "snapshot", "latest", "--no-lock").succeed().text)["tree"]?.string)
        let byTree = try harness.hikae("find", "--tree", String(tree.prefix(10)), "--no-lock").succeed().text
        #expect(byTree.contains("Found tree \(tree)\n ... path /\n"))
        let packs = try harness.hikae("list", "packs", "--no-lock").succeed().text.split(separator: "\n").map(
            String.init)
        var paths: Set<String> = []
        for pack in packs {
            let found = try JSONValue(harness.hikae("find", "--json", "--pack", pack, "--no-lock").succeed().text)
            for object in found.array { paths.insert(object["path"]?.string ?? "") }
        }
        #expect(paths.contains(harness.folder.path("source/inner/deep/three.sql")))
        let blob = try #require(
            try harness.hikae("list", "blobs", "--no-lock").succeed().text.split(separator: "\n")
                .first { $0.hasPrefix("data ") }?.dropFirst(5))
        let byBlob = try harness.hikae("find", "--blob", String(blob), "--show-pack-id", "--no-lock").succeed().text
        #expect(byBlob.contains("Found blob \(blob)\n ... in file "))
        #expect(byBlob.contains("Object belongs to pack "))
        #expect(try harness.hikae("cat", "blob", String(blob), "--no-lock").run().status == 0)
        #expect(try harness.hikae("find", "--pack", "ffffffff", "--no-lock").run().status == 1)
    }
}

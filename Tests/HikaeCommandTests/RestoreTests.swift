import HikaeTesting
import Testing

@Suite struct RestoreTests {
    @Test func everythingComesBackBelowTheTarget() throws {
        let shared = try SharedRepository.get()
        let target = try TemporaryDirectory()
        let source = shared.harness.folder.path("source")
        let summary = try shared.harness.jsonLines(
            "restore", "latest", "--host", "shop", "--no-lock", "-t", target.path, "--verify"
        ).last
        #expect(summary?["message_type"]?.string == "summary")
        #expect(summary?["files_verified"]?.number == 6)
        try shared.harness.shell("diff -r --no-dereference source \(target.path)\(source)").succeed()
    }

    @Test func aFolderComesRightIntoTheTarget() throws {
        let shared = try SharedRepository.get()
        let target = try TemporaryDirectory()
        let address = "\(shared.ids[1]):\(shared.harness.folder.path("source"))"
        let text = try shared.harness.hikae("restore", address, "--no-lock", "--target", target.path).succeed().text
        #expect(text.contains("\nSummary: Restored "))
        try shared.harness.shell("diff -r --no-dereference source \(target.path)").succeed()
    }

    @Test func patternsChooseWhatComesBack() throws {
        let shared = try SharedRepository.get()
        let address = "\(shared.ids[1]):\(shared.harness.folder.path("source"))"
        let restored = { (arguments: [String]) throws -> [String] in
            let target = try TemporaryDirectory()
            try shared.harness.command(
                HikaeProgram.binary, ["restore", address, "--no-lock", "-q", "-t", target.path] + arguments
            ).succeed()
            return Files.all(below: target.path)
        }
        let list = try shared.harness.folder.write("include-list", "# what\n*.sql\n")
        #expect(try restored(["--include", "*.sql"]) == ["inner/deep/three.sql"])
        #expect(try restored(["--include-file", list]) == ["inner/deep/three.sql"])
        #expect(try restored(["--iinclude", "*.SQL"]) == ["inner/deep/three.sql"])
        #expect(try restored(["-i", "/inner/two.txt", "-i", "/empty"]) == ["empty", "inner/two.txt"])
        #expect(try restored(["-e", "inner"]) == ["empty", "new.txt", "one.txt"])
        let both = ["restore", address, "--no-lock", "-t", "/nowhere", "-e", "a", "-i", "b"]
        #expect(try shared.harness.command(HikaeProgram.binary, both).run().status == 1)
    }

    @Test func whatIsThereIsTreatedAsAskedFor() throws {
        let shared = try SharedRepository.get()
        let target = try TemporaryDirectory()
        let address = "\(shared.ids[1]):\(shared.harness.folder.path("source"))"
        let restore = { (arguments: [String]) throws in
            try shared.harness.command(
                HikaeProgram.binary, ["restore", address, "--no-lock", "-q", "-t", target.path] + arguments
            ).succeed()
        }
        try target.write("one.txt", "mine")
        try target.write("extra", "mine")
        _ = try restore(["--dry-run", "--delete"])
        #expect(Files.all(below: target.path) == ["extra", "one.txt"])
        _ = try restore(["--overwrite", "never"])
        #expect(try Files.read(target.path("one.txt")) == Array("mine".utf8))
        _ = try restore(["--overwrite", "if-changed"])
        #expect(try Files.read(target.path("one.txt")) == Array("the first file, changed\n".utf8))
        #expect(Files.names(in: target.path).contains("extra"))
        let dry = try shared.harness.hikae(
            "restore", address, "--no-lock", "-t", target.path, "--delete", "--dry-run", "-vv"
        ).succeed().text
        #expect(dry.contains("deleted   /extra\n"))
        _ = try restore(["--delete"])
        #expect(!Files.names(in: target.path).contains("extra"))
        #expect(try shared.harness.hikae("restore", "latest", "-t", "/", "--delete", "--no-lock").run().status == 1)
    }

    @Test func holesComeBackAsHoles() throws {
        let harness = try Harness()
        try harness.hikae("init").succeed()
        try harness.shell(
            """
            mkdir in; truncate -s 64M in/holes; echo end >> in/holes
            $HIKAE backup in
            $HIKAE restore latest -t out --sparse
            cmp in/holes out/in/holes
            [ "$(stat -c %b out/in/holes)" -lt 20000 ]
            """
        ).succeed()
    }

    @Test func aTargetThatCannotBeWrittenIsAFailure() throws {
        let shared = try SharedRepository.get()
        let outcome = try shared.harness.hikae("restore", "latest", "--no-lock", "-t", "/proc/nowhere").run()
        #expect(outcome.status == 1)
        #expect(outcome.errorText.hasPrefix("Fatal: "))
    }
}

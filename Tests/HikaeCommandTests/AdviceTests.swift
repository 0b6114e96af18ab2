import HikaeTesting
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What a first user runs into, and is told.
@Suite struct AdviceTests {
    @Test(arguments: [
        (["bakup", "/etc"], "there is no command bakup\nDid you mean `hikae backup`?\n"),
        (["snapshot"], "there is no command snapshot\nDid you mean `hikae snapshots`?\n"),
        (["key", "lst"], "there is no command key lst\nDid you mean `hikae key list`?\n"),
        (["help", "restroe"], "there is no command restroe\nDid you mean `hikae restore`?\n"),
        (["help", "repair", "pakcs"], "there is no command repair pakcs\nDid you mean `hikae repair packs`?\n"),
        (["help", "nonsense"], "there is no command nonsense\nSee `hikae --help`.\n"),
        (["nonsense", "--help"], "there is no command nonsense\nSee `hikae --help`.\n"),
        (["cp"], "there is no command cp\nSee `hikae --help`.\n"),
    ])
    func aMistypedCommandIsToldTheNearest(_ arguments: [String], _ message: String) throws {
        let harness = try Harness()
        let outcome = try harness.command(HikaeProgram.binary, arguments).run()
        #expect(outcome.status == 1)
        #expect(outcome.text.isEmpty)
        #expect(outcome.errorText == "Fatal: " + message)
    }

    @Test(arguments: ["tag", "mount", "rewrite", "recover", "migrate", "cache", "self-update", "generate"])
    func commandsOfResticThatAreMissingAreSaidToBeMissing(_ name: String) throws {
        let harness = try Harness()
        let outcome = try harness.hikae(name, "--add", "x").run()
        #expect(outcome.status == 1)
        #expect(
            outcome.errorText == "Fatal: the command \(name) is not in Hikae yet\n"
                + "restic does it on the same repository: `restic \(name)`.\n")
    }

    @Test func whatIsMissingIsNamed() throws {
        let harness = try Harness()
        var nothing = harness.hikae("backup")
        nothing.environment["HIKAE_REPOSITORY"] = .some(nil)
        nothing.environment["RESTIC_REPOSITORY"] = .some(nil)
        let plan = try nothing.run()
        #expect(plan.status == 1 && plan.errorText.contains("There is no plan here (hikae.yaml): `hikae init`"))
        try harness.hikae("init").succeed()
        let files = try harness.hikae("backup").run()
        #expect(files.status == 1 && files.errorText.contains("Name files or directories"))
        #expect(!files.errorText.contains("plan"))
        let password = try harness.hikae("snapshots", "--password-file", "nofile").run()
        #expect(password.status == 1 && password.errorText.contains("cannot open the password file nofile"))
        let share = try harness.hikae("check", "--scrub", "5").run()
        #expect(share.status == 1 && share.errorText.contains("Did you mean 5%?"))
        try harness.folder.write(
            "hikae.yaml",
            """
            organisation: Sakura
            vaults:
              - {name: far, repository: vault-a, password: file:pw}
            systems:
              - {name: shop, sources: [{name: site, files: source}]}

            """)
        nothing.arguments = ["proposals"]
        let proposals = try nothing.run()
        #expect(proposals.status == 1 && proposals.errorText.contains("--vault NAME: the plan has far."))
    }

    @Test func aRepositoryIsNotStrewnAmongOtherFiles() throws {
        let harness = try Harness()
        try harness.folder.write("repository/letter", "mine")
        let outcome = try harness.hikae("init").run()
        #expect(outcome.status == 1)
        #expect(outcome.errorText.contains("\(harness.repository) is not empty and no repository: letter is in it"))
        #expect(Files.all(below: harness.repository) == ["letter"])
        #expect(Files.names(in: harness.repository) == ["letter"])
        let json = try harness.hikae("init", "-r", "local:" + harness.repository, "--json").run()
        #expect(try JSONValue(json.errorText)["error_code"]?.string == "refused")
    }

    @Test func anInterruptedInitCanBeMadeAgain() throws {
        let harness = try Harness()
        try harness.shell("mkdir repository; cd repository; mkdir data data/00 keys lost+found").succeed()
        try harness.hikae("init").succeed()
        #expect(try harness.hikae("snapshots").run().status == 0)
        try harness.shell("mkdir empty").succeed()
        try harness.hikae("init", "-r", "empty").succeed()
    }

    @Test func aCopyWithoutTheSourcesPasswordNamesTheSourceAndTheOption() throws {
        let shared = try SharedRepository.get().harness
        let harness = try Harness()
        try harness.hikae("init").succeed()
        var command = harness.hikae("copy", "--from-repo", shared.repository)
        command.input = []
        let outcome = try command.run()
        #expect(outcome.status == 1)
        #expect(outcome.errorText.contains("no password given for the source repository \(shared.repository)"))
        #expect(outcome.errorText.contains("--from-password-file FILE"))
        #expect(outcome.errorText.contains("HIKAE_FROM_PASSWORD_FILE"))
        command.environment["HIKAE_FROM_PASSWORD_FILE"] = try harness.folder.write("password", Harness.password)
        #expect(try command.run().status == 0)
    }

    @Test func unlockSaysWhenThereWasNothingToRemove() throws {
        let harness = try Harness()
        try harness.hikae("init").succeed()
        #expect(try harness.hikae("unlock").succeed().text == "no locks removed\n")
        let running = try harness.hikae("backup", "--stdin-from-command", "sleep", "3000").start()
        try waitForLock(harness)
        #expect(try harness.hikae("unlock").succeed().text == "no locks removed; 1 lock is held by others\n")
        running.signal(15)
        #expect(try running.wait().status == 143)
    }

    @Test func listsAreOneJSONObjectALine() throws {
        let shared = try SharedRepository.get()
        let snapshots = try shared.harness.jsonLines("list", "snapshots", "--no-lock")
        #expect(Set(snapshots.compactMap { $0["id"]?.string }) == Set(shared.ids))
        #expect(snapshots.allSatisfy { $0["type"]?.string == "snapshot" })
        let blobs = try shared.harness.jsonLines("list", "blobs", "--no-lock")
        #expect(Set(blobs.compactMap { $0["type"]?.string }) == ["data", "tree"])
    }

    @Test func filtersAndPatternsThatFitNothingAreNamed() throws {
        let shared = try SharedRepository.get()
        let target = try TemporaryDirectory()
        let none = try shared.harness.hikae("restore", "latest", "--no-lock", "--tag", "nope", "-t", target.path).run()
        #expect(none.status == 1)
        #expect(none.errorText.hasPrefix("Fatal: no snapshot matches the filters\n"))
        let restore = { (pattern: String) throws in
            try shared.harness.hikae("restore", "latest", "--no-lock", "-i", pattern, "-t", target.path).succeed()
        }
        #expect(try restore("nosuch").errorText == "warning: nothing in the snapshot matches what is to be included\n")
        #expect(try restore("*.sql").errorText.isEmpty)
    }

    @Test func aBackupThatHealsIsNoFailure() throws {
        let harness = try Harness()
        try harness.hikae("init").succeed()
        try harness.shell("mkdir source; head -c 200000 /dev/urandom > source/big").succeed()
        let backup = ["backup", harness.folder.path("source")]
        try harness.command(HikaeProgram.binary, backup).succeed()
        try harness.shell(
            """
            pack=$(ls -S "$HIKAE_REPOSITORY"/data/*/* | head -1); chmod u+w "$pack"
            printf '\\x55\\xaa\\x55\\xaa' | dd of="$pack" bs=1 seek=8 conv=notrunc 2> /dev/null
            $HIKAE repair packs "$(basename "$pack")"
            """
        ).succeed()
        let told = try harness.command(HikaeProgram.binary, backup + ["--dry-run"]).succeed()
        #expect(told.errorText.isEmpty)
        #expect(told.text.contains("source/big are missing in the repository: it is read and stored again\n"))
        let quiet = try harness.command(HikaeProgram.binary, backup + ["-q"]).succeed()
        #expect(quiet.text.isEmpty && quiet.errorText.isEmpty)
        #expect(try harness.hikae("check", "--read-data").run().status == 0)
    }

    @Test func whoMayNotLockIsToldHowToRead() throws {
        let harness = try Harness()
        let source = try harness.makeSource()
        try harness.hikae("init").succeed()
        let run = { (arguments: [String]) throws -> Command.Outcome in
            var command = harness.command(HikaeProgram.binary, arguments + ["--no-cache"])
            if geteuid() == 0 {
                // root may write everything: somebody else has to try.
                command.program = "setpriv"
                command.arguments =
                    ["--reuid", "65534", "--regid", "65534", "--clear-groups", HikaeProgram.binary] + command.arguments
            }
            return try command.run()
        }
        try harness.shell("chmod 755 .; chmod -R a+rX repository source; chmod a-w repository/locks").succeed()
        defer { Files.setMode(harness.repository + "/locks", 0o700) }
        if try run(["version"]).status != 0 { try Test.cancel("the built command cannot be run by another user here") }
        let reading = try run(["snapshots"])
        #expect(reading.status == 1)
        #expect(reading.errorText.hasPrefix("Fatal: cannot lock \(harness.repository): "))
        #expect(reading.errorText.contains("Permission denied\nUse --no-lock to read"))
        #expect(try run(["snapshots", "--no-lock"]).status == 0)
        #expect(try run(["check"]).errorText.contains("Use --no-lock to read"))
        let writing = try run(["backup", source])
        #expect(writing.errorText.contains("cannot lock") && !writing.errorText.contains("--no-lock"))
    }
}

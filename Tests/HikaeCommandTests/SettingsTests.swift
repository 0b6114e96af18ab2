import HikaeTesting
import Testing

@Suite struct SettingsTests {
    private func snapshots(_ harness: Harness, _ environment: [String: String?], _ arguments: [String] = []) throws
        -> Command.Outcome
    {
        var command = harness.command(HikaeProgram.binary, ["snapshots", "--no-lock"] + arguments)
        for name in ["HIKAE_REPOSITORY", "HIKAE_PASSWORD", "RESTIC_REPOSITORY", "RESTIC_PASSWORD"] {
            command.environment[name] = .some(nil)
        }
        for (name, value) in environment { command.environment[name] = .some(value) }
        return try command.run()
    }

    @Test func resticsVariablesAreUnderstood() throws {
        let shared = try SharedRepository.get()
        let harness = shared.harness
        let outcome = try snapshots(
            harness, ["RESTIC_REPOSITORY": harness.repository, "RESTIC_PASSWORD": Harness.password])
        #expect(outcome.status == 0)
        let file = try harness.folder.write("settings/place", harness.repository + "\n")
        let password = try harness.folder.write("settings/password", "\u{feff}  \(Harness.password)\r\n")
        #expect(try snapshots(harness, ["RESTIC_REPOSITORY_FILE": file, "RESTIC_PASSWORD_FILE": password]).status == 0)
        try harness.folder.write("settings/pass word", "\n\(Harness.password)  \n")
        let program = "cat '\(harness.folder.path("settings"))/pass word'"
        #expect(
            try snapshots(
                harness, ["RESTIC_REPOSITORY": harness.repository, "RESTIC_PASSWORD_COMMAND": program]
            ).status == 0)
    }

    @Test func oursWinOverResticsAndOptionsOverBoth() throws {
        let shared = try SharedRepository.get()
        let harness = shared.harness
        let wrong: [String: String?] = ["RESTIC_REPOSITORY": "/nowhere", "RESTIC_PASSWORD_FILE": "/nowhere"]
        let ours: [String: String?] = ["HIKAE_REPOSITORY": harness.repository, "HIKAE_PASSWORD": Harness.password]
        #expect(try snapshots(harness, wrong.merging(ours) { $1 }).status == 0)
        let password = try harness.folder.write("settings/password2", Harness.password)
        let bad: [String: String?] = ["HIKAE_REPOSITORY": "/nowhere", "HIKAE_PASSWORD": "no"]
        #expect(try snapshots(harness, bad, ["-r", harness.repository, "-p", password]).status == 0)
        #expect(try snapshots(harness, bad, ["-r\(harness.repository)", "--password-file=\(password)"]).status == 0)
        #expect(
            try snapshots(harness, bad, ["--repo", harness.repository, "--password-command", "cat \(password)"])
                .status == 0)
    }

    @Test func thePasswordCanComeOnStandardInput() throws {
        let shared = try SharedRepository.get()
        var command = shared.harness.hikae("snapshots", "--no-lock")
        command.environment["HIKAE_PASSWORD"] = .some(nil)
        command.environment["RESTIC_PASSWORD"] = .some(nil)
        command.input = Array((Harness.password + "\n").utf8)
        #expect(try command.run().status == 0)
        command.input = []
        let outcome = try command.run()
        #expect(outcome.status == 1)
        #expect(outcome.errorText.contains("no password given"))
    }

    @Test func thePasswordIsAskedForOnTheTerminalWithoutEcho() throws {
        guard Command.path(of: "script") != nil else { return }
        let harness = try Harness()
        // What a person does: read until there is a prompt, then type.
        var command = harness.shell(
            """
            coproc S { script -qec "$HIKAE init && $HIKAE snapshots --json" /dev/null; }
            pid=$S_PID
            answer() {
                until [[ "$seen" == *"$1"* ]]; do
                    IFS= read -r -N 1 -u "${S[0]}" letter
                    seen+=$letter
                done
                echo "typed-secret" >&"${S[1]}"
                printf '%s' "$seen"
                seen=
            }
            seen=
            exec 3<&"${S[0]}"
            answer 'enter password for new repository: '
            answer 'enter password again: '
            answer 'enter password for repository: '
            cat <&3
            wait "$pid"
            """)
        command.environment["HIKAE_PASSWORD"] = .some(nil)
        command.environment["RESTIC_PASSWORD"] = .some(nil)
        let outcome = try command.run()
        #expect(outcome.status == 0)
        #expect(outcome.text.contains("enter password for new repository: "))
        #expect(outcome.text.contains("enter password for repository: "))
        #expect(!outcome.text.contains("typed-secret"))
        var check = harness.hikae("snapshots")
        check.environment["HIKAE_PASSWORD"] = "typed-secret"
        #expect(try check.run().status == 0)
    }

    @Test func anEmptyPasswordMustBeMeant() throws {
        let harness = try Harness()
        let file = try harness.folder.write("empty", "\n")
        #expect(try harness.hikae("init", "--password-file", file).run().status == 1)
        var command = harness.hikae("init", "--insecure-no-password")
        command.environment["HIKAE_PASSWORD"] = .some(nil)
        command.environment["RESTIC_PASSWORD"] = .some(nil)
        try command.succeed()
        #expect(try harness.hikae("snapshots", "--insecure-no-password").run().status == 0)
    }

    @Test func optionsOfEveryCommandMayStandInFrontOfIt() throws {
        let shared = try SharedRepository.get()
        let outcome = try snapshots(shared.harness, [:])
        #expect(outcome.status == 1)
        let password = try shared.harness.folder.write("settings/password3", Harness.password)
        var command = shared.harness.hikae(
            "-r", shared.harness.repository, "--password-file", password, "--verbose=2", "--json=true", "--no-lock",
            "snapshots", "--latest", "1")
        command.environment["HIKAE_REPOSITORY"] = "/nowhere"
        #expect(try JSONValue(command.succeed().text).array.count == 2)
        let keys = try shared.harness.hikae("--no-lock", "key", "--json", "list").succeed().text
        #expect(try JSONValue(keys).array.count == 1)
    }

    @Test func aPasswordCommandThatFailsIsAFailureThatNamesIt() throws {
        let shared = try SharedRepository.get()
        let outcome = try snapshots(
            shared.harness, ["HIKAE_REPOSITORY": shared.harness.repository], ["--password-command", "false"])
        #expect(outcome.status == 1)
        #expect(outcome.errorText.contains("the password command false ended with status 1"))
    }

    @Test func compressionAndPackSizeComeFromTheEnvironmentToo() throws {
        let harness = try Harness()
        try harness.hikae("init").succeed()
        try harness.folder.write("text", String(repeating: "a line that is like the others\n", count: 100_000))
        let stored = { (mode: String, name: String) throws -> Double in
            var command = harness.hikae("backup", "--json", "--stdin", "--stdin-filename", name)
            command.environment["RESTIC_COMPRESSION"] = mode
            command.input = try Files.read(harness.folder.path("text")) + Array(name.utf8)
            return try JSONValue.lines(command.succeed().text).last?["data_added_packed"]?.number ?? -1
        }
        #expect(try stored("off", "one") > 2_900_000)
        #expect(try stored("max", "two") < 1_500_000)
        #expect(try harness.shell("RESTIC_COMPRESSION=zip $HIKAE backup text").run().status == 1)
        #expect(try harness.shell("HIKAE_COMPRESSION=auto RESTIC_COMPRESSION=zip $HIKAE backup text").run().status == 0)
        #expect(try harness.shell("RESTIC_PACK_SIZE=1 $HIKAE backup text").run().status == 1)
        #expect(try harness.shell("RESTIC_PACK_SIZE=many $HIKAE backup text").run().status == 1)
    }
}

import HikaeCore
import HikaeTesting
import Testing

@Suite struct ExitStatusTests {
    @Test func aMissingRepositoryIsTen() throws {
        let harness = try Harness()
        let outcome = try harness.hikae("snapshots").run()
        #expect(outcome.status == 10)
        #expect(outcome.text.isEmpty)
        #expect(outcome.errorText.hasPrefix("Fatal: there is no repository at \(harness.repository)\n"))
    }

    @Test func aWrongPasswordIsTwelveAndIsNotRepeated() throws {
        let shared = try SharedRepository.get()
        var command = shared.harness.hikae("snapshots")
        command.environment["HIKAE_PASSWORD"] = "wr0ng-secret"
        let outcome = try command.run()
        #expect(outcome.status == 12)
        #expect(!outcome.errorText.contains("wr0ng-secret"))
    }

    @Test func aLockedRepositoryIsElevenAndSaysWhoHoldsIt() throws {
        let harness = try Harness()
        try harness.hikae("init").succeed()
        // It holds its lock until the program's output ends.
        let running = try harness.hikae("backup", "--stdin-from-command", "sleep", "3000").start()
        try waitForLock(harness)
        let outcome = try harness.hikae("check").run()
        #expect(outcome.status == 11)
        #expect(outcome.errorText.contains("locked by process"))
        // restic 0.14 ends with 1 here; what matters is that it respects the lock.
        #expect(try harness.restic("prune").run().status != 0)
        // Those who add do not mind each other.
        #expect(try harness.hikae("snapshots").run().status == 0)
        running.killNow()
        #expect(try running.wait().status == 137)
        #expect(try harness.hikae("unlock").succeed().text.contains("removed 1 lock"))
        #expect(try harness.hikae("check").run().status == 0)
    }

    @Test func retryLockWaitsForTheOtherToFinish() throws {
        let harness = try Harness()
        try harness.hikae("init").succeed()
        let holder = try harness.hikae("backup", "--stdin-from-command", "sleep", "3000").start()
        try waitForLock(harness)
        #expect(try harness.hikae("check", "--retry-lock", "300ms").run().status == 11)
        let waiting = try harness.hikae("check", "--retry-lock", "8m").start()
        holder.signal(15)
        #expect(try holder.wait().status == 143)
        #expect(try waiting.wait().status == 0)
    }

    @Test func anUnreadableFileIsThreeAndTheRestIsSaved() throws {
        let harness = try Harness()
        let source = try harness.makeSource()
        try harness.hikae("init").succeed()
        // This file can be opened, but reading it where nothing is mapped fails.
        let outcome = try harness.hikae("backup", source, "/proc/self/mem", "--json").run()
        #expect(outcome.status == 3)
        let errors = try JSONValue.lines(outcome.errorText)
        #expect(errors.first?["message_type"]?.string == "error")
        #expect(errors.first?["error"]?["message"]?.string?.contains("/proc/self/mem") == true)
        #expect(errors.last?["message_type"]?.string == "exit_error")
        #expect(errors.last?["code"]?.number == 3)
        #expect(errors.last?["error_code"]?.string == "incomplete")
        #expect(try harness.hikae("dump", "latest", source + "/one.txt").succeed().text == "the first file\n")
    }

    @Test func aMissingTargetIsThreeAndAllMissingIsOne() throws {
        let harness = try Harness()
        let source = try harness.makeSource()
        try harness.hikae("init").succeed()
        #expect(try harness.hikae("backup", source, "/nowhere/at/all").run().status == 3)
        #expect(try harness.hikae("backup", "/nowhere/at/all").run().status == 1)
        #expect(try harness.json("snapshots").array.count == 1)
    }

    @Test(arguments: [
        ["nonsense"], ["backup", "--nonsense"], ["snapshots", "--latest"], ["ls"], ["forget"], ["cat", "nonsense"],
        ["--quiet", "--verbose", "snapshots"], ["find", "--blob", "--tree", "x"], ["forget", "--keep-daily", "-3"],
        ["check", "--read-data", "--read-data-subset", "5%"], ["check", "--read-data-subset", "3/2"],
        ["backup", "--stdin", "/etc"], ["snapshots", "--pack-size", "1"], ["snapshots", "--compression", "zip"],
        ["restore", "latest"], ["prune", "--no-lock"], ["backup", "--exclude", "[", "/etc"],
    ])
    func aWrongCommandLineIsOneAndChangesNothing(_ arguments: [String]) throws {
        let shared = try SharedRepository.get()
        // Other tests may read there at the same time, under locks of their own.
        let files = { Files.all(below: shared.harness.repository).filter { !$0.hasPrefix("locks/") } }
        let before = files()
        let outcome = try shared.harness.command(HikaeProgram.binary, arguments).run()
        #expect(outcome.status == 1)
        #expect(outcome.text.isEmpty)
        #expect(outcome.errorText.hasPrefix("Fatal: "))
        #expect(!outcome.errorText.contains("Fatal error"), "a crash is no answer")
        #expect(files() == before)
    }

    @Test func errorsAreOneJSONObjectWithTheirCode() throws {
        let harness = try Harness()
        for (arguments, code, word) in [
            (["snapshots"], 10.0, "no-repository"), (["backup", "--nonsense"], 1.0, "usage"),
            (["--json", "nonsense"], 1.0, "usage"),
        ] {
            let outcome = try harness.command(HikaeProgram.binary, arguments + ["--json"]).run()
            let error = try JSONValue(outcome.errorText)
            #expect(outcome.text.isEmpty)
            #expect(error["message_type"]?.string == "exit_error")
            #expect(error["code"]?.number == code)
            #expect(error["error_code"]?.string == word)
            #expect(error["message"]?.string?.isEmpty == false)
        }
    }

    @Test func everyErrorCodeIsDocumented() throws {
        let text = String(decoding: try Files.read(packageRoot() + "/docs/errors.md"), as: UTF8.self)
        for code in HikaeError.Code.allCases {
            #expect(text.contains("| `\(code.rawValue)` | "), "\(code.rawValue) is missing in docs/errors.md")
        }
    }

    @Test func aClosedPipeEndsTheProgramQuietly() throws {
        let shared = try SharedRepository.get()
        let outcome = try shared.harness.shell(
            "for i in $(seq 400); do echo; done > /dev/null; set +e +o pipefail\n"
                + "$HIKAE list blobs --no-lock | true; echo ${PIPESTATUS[0]}"
        ).succeed()
        // Short output may fit into the pipe before its reader is gone.
        #expect(["141\n", "0\n"].contains(outcome.text))
        #expect(outcome.errorText.isEmpty)
    }

    @Test func aFullDeviceForOutputIsAFailure() throws {
        let shared = try SharedRepository.get()
        let outcome = try shared.harness.shell("$HIKAE snapshots --no-lock > /dev/full").run()
        #expect(outcome.status == 1)
        #expect(outcome.errorText.contains("standard output"))
    }
}

/// Waits until the repository has a lock.
func waitForLock(_ harness: Harness) throws {
    try waitUntil("a lock is there") {
        // Not one that is still being written.
        Files.names(in: harness.repository + "/locks").contains { $0.count == 64 }
    }
}

/// The folder that the package is in.
func packageRoot(_ file: String = #filePath) -> String {
    file.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
}

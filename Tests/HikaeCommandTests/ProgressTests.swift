import HikaeTesting
import Testing

@Suite struct ProgressTests {
    /// A repository, and input that takes some seconds because the upload is held back: time for a look at it, also on a
    /// busy machine.
    private func slowBackup(_ arguments: String...) throws -> Command {
        let harness = try Harness()
        try harness.hikae("init").succeed()
        try harness.shell("mkdir in; for i in $(seq 20); do head -c 300000 /dev/urandom > in/$i; done").succeed()
        var command = harness.command(
            HikaeProgram.binary, ["backup", "in", "--limit-upload", "1500", "--pack-size", "4"] + arguments)
        command.environment["HIKAE_PROGRESS_FPS"] = "50"
        // The folder must outlive the command that runs in it.
        kept.append(harness)
        return command
    }

    private final class Kept {
        var harnesses: [Harness] = []; func append(_ harness: Harness) { harnesses.append(harness) }
    }
    private let kept = Kept()

    @Test func jsonTellsHowFarItHasCome() throws {
        let lines = try JSONValue.lines(slowBackup("--json").succeed().text)
        let statuses = lines.filter { $0["message_type"]?.string == "status" }
        #expect(!statuses.isEmpty)
        #expect(statuses.contains { $0["total_files"]?.number == 20 })
        for status in statuses { #expect((0...1).contains(status["percent_done"]?.number ?? -1)) }
        #expect(lines.last?["message_type"]?.string == "summary")
    }

    @Test func withoutATerminalProgressIsPlainLinesOnStandardError() throws {
        let outcome = try slowBackup("-v").succeed()
        #expect(outcome.errorText.contains(" files, "))
        #expect(!outcome.errorText.contains("\u{1b}"))
        #expect(!outcome.text.contains("\u{1b}"))
    }

    @Test func quietSaysNothing() throws {
        let outcome = try slowBackup("--quiet").succeed()
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.isEmpty)
    }

    /// Whether `script` can make a pseudo-terminal here: a container may have none to give.
    private static let hasTerminals: Bool = {
        guard Command.path(of: "script") != nil else { return false }
        return (try? Command("script", ["-qec", "true", "/dev/null"]).run().status == 0) ?? false
    }()

    @Test(.enabled(if: hasTerminals, "there is no pseudo-terminal to be had"))
    func onATerminalTheStatusIsWipedBeforeTheResult() throws {
        var command = try slowBackup()
        let words = ([command.program] + command.arguments).joined(separator: " ")
        (command.program, command.arguments) = ("script", ["-qec", words, "/dev/null"])
        command.environment["TERM"] = "xterm"
        let text = try command.succeed().text
        #expect(text.contains("[0:0"))
        #expect(text.contains("\u{1b}[J"))
        // After the last wipe comes the summary and nothing of the status.
        let end = text.split(separator: "\u{1b}[J").last ?? ""
        #expect(end.contains("snapshot ") && end.contains("saved"))
        #expect(!end.contains("[0:0"))
    }
}

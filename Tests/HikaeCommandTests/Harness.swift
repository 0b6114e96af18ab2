// What every test here stands on: a folder of its own, the built command and the real restic beside it.

import HikaeCore
import HikaeTesting
import Testing

/// A folder with a place for a repository, and commands that find it by their environment.
final class Harness: Sendable {
    let folder: TemporaryDirectory
    static let password = "correct horse 正しい馬"

    init() throws { folder = try TemporaryDirectory() }

    var repository: String { folder.path("repository") }

    /// Variables that name the repository and its password, everything else about backups taken away.
    var environment: [String: String?] {
        var environment: [String: String?] = [
            "HIKAE_REPOSITORY": repository, "HIKAE_PASSWORD": Self.password, "HIKAE_CACHE_DIR": folder.path("cache"),
            "RESTIC_REPOSITORY": repository, "RESTIC_PASSWORD": Self.password,
            "RESTIC_CACHE_DIR": folder.path("restic-cache"), "LC_ALL": "C.UTF-8", "TZ": "UTC",
        ]
        for name in [
            "HIKAE_PASSWORD_FILE", "HIKAE_PASSWORD_COMMAND", "HIKAE_REPOSITORY_FILE", "HIKAE_HOST", "RESTIC_HOST",
            "RESTIC_PASSWORD_FILE", "RESTIC_PASSWORD_COMMAND", "RESTIC_REPOSITORY_FILE", "HIKAE_COMPRESSION",
            "RESTIC_COMPRESSION", "HIKAE_PACK_SIZE", "RESTIC_PACK_SIZE", "HIKAE_PROGRESS_FPS", "RESTIC_PROGRESS_FPS",
        ] { environment[name] = .some(nil) }
        return environment
    }

    /// `hikae` with arguments, ready to run.
    func hikae(_ arguments: String...) -> Command { command(HikaeProgram.binary, arguments) }

    /// `restic` with arguments, ready to run.
    func restic(_ arguments: String...) -> Command { command("restic", arguments) }

    /// Any program in this folder.
    func command(_ program: String, _ arguments: [String]) -> Command {
        var command = Command(program, arguments)
        command.environment = environment
        command.folder = folder.path
        command.timeLimit = 600
        return command
    }

    /// A shell script; `$HIKAE` is the command. Stops at its first failure.
    func shell(_ script: String) -> Command {
        var command = command("/bin/bash", ["-c", "set -euo pipefail\n" + script])
        command.environment["HIKAE"] = HikaeProgram.binary
        return command
    }

    /// What standard output says, as JSON.
    func json(_ arguments: String...) throws -> JSONValue {
        try JSONValue(command(HikaeProgram.binary, arguments + ["--json"]).succeed().text)
    }

    /// Each line of standard output, as JSON.
    func jsonLines(_ arguments: String...) throws -> [JSONValue] {
        try JSONValue.lines(command(HikaeProgram.binary, arguments + ["--json"]).succeed().text)
    }

    /// A small tree to save: `source/` with a folder, a symlink, a hard link, an empty file.
    @discardableResult
    func makeSource() throws -> String {
        try folder.write("source/one.txt", "the first file\n")
        try folder.write("source/empty", "")
        try folder.write("source/inner/two.txt", String(repeating: "the second file ", count: 500))
        try folder.write("source/inner/deep/three.sql", "select 3;\n")
        try shell("ln -s ../one.txt source/inner/link; ln source/one.txt source/inner/hard").succeed()
        return folder.path("source")
    }
}

/// A repository with three snapshots that tests only read: made once, used by all with `--no-lock`.
///
/// 1 `source` on host shop with tags a,b; 2 the same with one file changed and one new; 3 `source/inner` on host other.
struct SharedRepository: Sendable {
    let harness: Harness
    let ids: [String]

    static let made = Result { try SharedRepository() }

    /// The repository, or the error that kept it from being made.
    static func get() throws -> SharedRepository { try made.get() }

    private init() throws {
        harness = try Harness()
        let source = try harness.makeSource()
        try harness.hikae("init", "--chunker", "rabin").succeed()
        try harness.hikae("backup", source, "--host", "shop", "--tag", "a,b", "--time", "2026-01-01 10:00:00").succeed()
        try harness.folder.write("source/one.txt", "the first file, changed\n")
        try harness.folder.write("source/new.txt", "new\n")
        try harness.hikae("backup", source, "--host", "shop", "--tag", "a", "--time", "2026-01-02 10:00:00").succeed()
        try harness.hikae("backup", source + "/inner", "--host", "other", "--time", "2026-01-03 10:00:00").succeed()
        let listed = try JSONValue(harness.hikae("snapshots", "--json").succeed().text)
        ids = listed.array.compactMap { $0["id"]?.string }
        guard ids.count == 3 else { throw HikaeError(.notFound, "expected three snapshots, got \(ids.count)") }
    }
}

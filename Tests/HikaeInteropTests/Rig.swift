// What every test here stands on: a folder of its own, the built command, the real restic, and a repository for both.

import HikaeCore
import HikaeTesting
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A temporary folder with a place for one repository that both programs find by their environment.
final class Rig: Sendable {
    let folder: TemporaryDirectory
    let password = "正しい馬 battery staple"

    init() throws {
        folder = try TemporaryDirectory()
        try folder.write("password", password + "\n", mode: 0o600)
    }

    /// Where the repository is, unless a test says otherwise.
    var repository: String { folder.path("repository") }

    /// The built command: beside the test bundle, or where `HIKAE_BINARY` says.
    static let binary: String = {
        if let given = getenv("HIKAE_BINARY") { return String(cString: given) }
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = readlink("/proc/self/exe", &buffer, buffer.count)
        let path = String(decoding: buffer.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return path.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/hikae"
    }()

    /// `hikae` with arguments, ready to run.
    func hikae(_ arguments: String...) -> Command { command(Self.binary, arguments) }

    /// `restic` with arguments, ready to run.
    func restic(_ arguments: String...) -> Command { command("restic", arguments) }

    /// Any program, with the repository in its environment.
    func command(_ program: String, _ arguments: [String]) -> Command {
        var command = Command(program, arguments)
        command.environment = [
            "RESTIC_REPOSITORY": repository, "RESTIC_PASSWORD": password,
            "RESTIC_CACHE_DIR": folder.path("cache/restic"),
            "HIKAE_CACHE_DIR": folder.path("cache/hikae"), "RESTIC_PROGRESS_FPS": "0.01", "LC_ALL": "C.UTF-8",
        ]
        command.folder = folder.path
        return command
    }

    /// A shell script with arguments `$1`, `$2`, …; stops at its first failure.
    func shell(_ script: String, _ arguments: String...) -> Command {
        command("/bin/bash", ["-c", "set -euo pipefail\n" + script, "bash"] + arguments)
    }

    /// The tree that a snapshot points to, as restic tells it.
    func tree(of snapshot: String = "latest") throws -> String {
        let text = try restic("cat", "snapshot", snapshot, "--no-lock").succeed().text
        return try #require(text.firstMatch(of: /"tree": ?"([0-9a-f]{64})"/)).1.description
    }

    /// The IDs of all snapshots, as the file names in the repository say, sorted.
    func snapshotIDs(in repository: String? = nil) -> [String] {
        Files.names(in: (repository ?? self.repository) + "/snapshots")
    }

    /// The names of the locks that are there, without those that are still being written.
    var locks: [String] { Files.names(in: repository + "/locks").filter { $0.count == 64 } }

    /// Records an issue unless two snapshots hold the same files with the same metadata, down to the byte of each tree.
    /// The temporary folder above the test's own is not compared: other tests work in it meanwhile.
    func expectSameTrees(_ first: String, _ second: String, _ comment: Comment) throws {
        if try tree(of: first) == tree(of: second) { return }
        let text = try restic("diff", first, second, "--metadata", "--no-lock").succeed().text
        let parents = folder.path.split(separator: "/").dropLast().indices.map { end in
            "/" + folder.path.split(separator: "/")[...end].joined(separator: "/") + "/"
        }
        let changed = text.split(separator: "\n").filter { line in
            line.wholeMatch(of: /[+\-MTU?]+ +\/.*/) != nil && !parents.contains { line.hasSuffix(" " + $0) }
        }
        let hasParent = parents.contains { text.contains(" \($0)\n") }
        #expect(changed.isEmpty && hasParent, "\(comment)\n\(text)")
    }

    /// Runs `body` and gives the one snapshot that is new after it.
    func newSnapshot(_ body: () throws -> Void) throws -> String {
        let before = Set(snapshotIDs())
        try body()
        let new = Set(snapshotIDs()).subtracting(before)
        try #require(new.count == 1, "expected one new snapshot, got \(new.count)")
        return new.first ?? ""
    }

    /// The bytes in the repository's packs.
    func packBytes() throws -> Int {
        let text = try shell("du -sb --apparent-size \"$1\"/data | cut -f1", repository).succeed().text
        return Int(text.filter(\.isNumber)) ?? 0
    }

    /// restic finds nothing wrong, down to every byte.
    func resticFindsItWhole() throws {
        try restic("check", "--read-data").succeed()
    }

    /// Hikae finds nothing wrong, down to every byte.
    func hikaeFindsItWhole() throws {
        try hikae("check", "--read-data").succeed()
    }
}

// OpenSSH's sftp-server behind a program that breaks what goes through it.

import HikaeCore
import HikaeRemote
import HikaeStore
import HikaeTesting

/// A folder for a repository, and the rules of what is to be broken on the way to it.
final class SFTPFaultRig: Sendable {
    private let folder: TemporaryDirectory
    var vault: String { folder.path("vault") }

    /// The interpreter itself: what stands before it in some installations takes longer than it does.
    private static let python = Result {
        try Command("python3", ["-c", "import sys; print(sys.executable)"]).succeed().text
            .split(separator: "\n").first.map(String.init) ?? "python3"
    }

    init() throws {
        folder = try TemporaryDirectory()
        try folder.write("rules/state.json", "[]")
    }

    /// A rig of its own with all that another's folder holds, save its rules.
    init(copying other: SFTPFaultRig) throws {
        folder = try TemporaryDirectory()
        try Command("cp", ["-a", other.folder.path + "/.", folder.path]).succeed()
        Files.removeAll(folder.path("rules"))
        try folder.write("rules/state.json", "[]")
    }

    /// Gives the vault the files that another's has, and no others. Folders stay.
    func reset(to other: SFTPFaultRig) throws {
        let wanted = Set(Files.all(below: other.vault))
        for name in Files.all(below: vault) where !wanted.contains(name) { Files.remove("\(vault)/\(name)") }
        for name in wanted {
            let bytes = try Files.read("\(other.vault)/\(name)")
            if (try? Files.read("\(vault)/\(name)")) == bytes { continue }
            Files.remove("\(vault)/\(name)")
            try Files.write("\(vault)/\(name)", bytes, mode: 0o600)
        }
    }

    /// What is in the vault, byte for byte, as one value. Names tell the bytes of most files, but not of damaged ones.
    func content() -> FileID {
        var all: [UInt8] = []
        for name in Files.all(below: vault) {
            // What a server that was cut off still took away.
            guard let bytes = try? Files.read("\(vault)/\(name)") else { continue }
            all += Array(name.utf8) + [0] + Array(FileID.named(by: bytes).hex.utf8)
        }
        return .named(by: all)
    }

    /// A store behind the rules.
    ///
    /// - Parameter silence: seconds that it waits for an answer: long, for a busy machine answers late.
    func store(connections: Int = 1, silence: Double = 120) throws -> SFTPStore {
        var options = RemoteOptions()
        options.connections = connections
        options.sftpCommand = [
            try Self.python.get(), "-B", "-S", "-E", PracticeServer.projectFolder + "/practice/servers/sftp_faults.py",
            "--state", folder.path("rules"),
        ]
        return SFTPStore(try SFTPLocation("sftp:x@127.0.0.1:\(vault)"), options, silence: silence)
    }

    /// Sets the rules, as JSON, and forgets what came through.
    func set(_ rules: String) throws {
        Files.remove(folder.path("rules/log"))
        try Files.write(folder.path("rules/state.next"), Array(rules.utf8))
        try Files.move(folder.path("rules/state.next"), to: folder.path("rules/state.json"))
    }

    /// The requests that came through: "KIND /path".
    func lines() throws -> [String] {
        String(decoding: try Files.read(folder.path("rules/log")), as: UTF8.self).split(separator: "\n").map(
            String.init)
    }

    /// The kinds of request that came through, each with how often.
    func log() throws -> [(kind: String, count: Int)] {
        var kinds: [(kind: String, count: Int)] = []
        for line in try lines() {
            let kind = String(line.prefix { $0 != " " })
            if let at = kinds.firstIndex(where: { $0.kind == kind }) {
                kinds[at].count += 1
            } else {
                kinds.append((kind, 1))
            }
        }
        return kinds
    }

    /// The real restic on the folder itself.
    func restic(_ arguments: String...) -> Command {
        var command = Command("restic", ["--no-cache", "-r", vault] + arguments)
        command.environment = ["RESTIC_PASSWORD": "rig", "RESTIC_PROGRESS_FPS": "0.01", "LC_ALL": "C.UTF-8"]
        command.environment["RESTIC_REPOSITORY"] = .some(nil)
        command.timeLimit = 600
        return command
    }

    /// A folder of its own in this rig's.
    func path(_ name: String) -> String { folder.path(name) }

    func write(_ path: String, _ bytes: [UInt8]) throws { try Files.write(folder.path(path), bytes) }
}

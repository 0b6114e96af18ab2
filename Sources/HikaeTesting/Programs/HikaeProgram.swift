// The built command, run for a test in a folder of its own, with no plan, repository or password from outside.

internal import HikaeCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A folder, and the command that runs in it.
public final class HikaeProgram: Sendable {
    /// The folder, removed with this object.
    public let folder: TemporaryDirectory

    /// Makes the folder.
    public init() throws { folder = try TemporaryDirectory() }

    /// The built command: beside the test bundle, or where `HIKAE_BINARY` says.
    public static let binary: String = {
        if let given = getenv("HIKAE_BINARY") { return String(cString: given) }
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = readlink("/proc/self/exe", &buffer, buffer.count)
        let path = String(decoding: buffer.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return path.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/hikae"
    }()

    /// `hikae` with arguments, ready to run.
    public func hikae(_ arguments: String...) -> Command { command(Self.binary, arguments) }

    /// Any program, ready to run in the folder.
    public func command(_ program: String, _ arguments: [String]) -> Command {
        var command = Command(program, arguments)
        command.folder = folder.path
        command.timeLimit = 600
        command.environment = [
            "HOME": folder.path("home"), "HIKAE_CACHE_DIR": folder.path("cache"), "LC_ALL": "C.UTF-8", "TZ": "UTC",
        ]
        for name in [
            "HIKAE_PLAN", "HIKAE_STATE", "HIKAE_REPOSITORY", "HIKAE_PASSWORD", "HIKAE_PASSWORD_FILE",
            "HIKAE_PASSWORD_COMMAND", "HIKAE_REPOSITORY_FILE", "RESTIC_REPOSITORY", "RESTIC_PASSWORD",
            "RESTIC_PASSWORD_FILE", "RESTIC_PASSWORD_COMMAND", "RESTIC_REPOSITORY_FILE", "LANG", "LANGUAGE",
        ] { command.environment[name] = .some(nil) }
        return command
    }
}

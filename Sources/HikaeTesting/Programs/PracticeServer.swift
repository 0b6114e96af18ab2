// A real server of the practice provider, started for a test and stopped with it.

import HikaeCore
import HikaeSource

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A server that one of practice/servers/*.py runs, on loopback, in a folder of its own.
///
/// The script starts the server, prints one line of JSON with its ports and accounts, stops the server when its own
/// standard input ends, and leaves nothing running. Stopped when released.
public final class PracticeServer: Sendable {
    /// What the script said: ports, accounts, paths.
    public let facts: JSONValue
    /// The server's folder.
    public let folder: TemporaryDirectory
    private let process: ChildProcess

    /// Starts practice/servers/`name`.py, and returns once the server answers.
    ///
    /// Throws `.programFailed` with the script's messages when it ends without that line.
    public init(_ name: String, _ arguments: [String] = []) throws {
        folder = try TemporaryDirectory()
        var options = ChildProcess.Options()
        options.takesInput = true
        options.keepsMessages = true
        let script = "\(Self.projectFolder)/practice/servers/\(name).py"
        let process = try ChildProcess(
            ["python3", "-B", script, "--folder", folder.path("server")] + arguments, options: options)
        self.process = process
        var line: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !line.contains(0x0A) {
            let count = try buffer.withUnsafeMutableBytes { bytes throws(HikaeError) in
                try process.read(into: bytes)
            }
            guard count > 0 else {
                _ = try process.wait()
                throw HikaeError(.programFailed, "practice/servers/\(name).py did not start", hint: process.messages)
            }
            line += buffer[..<count]
        }
        facts = try JSONValue(String(decoding: line.prefix { $0 != 0x0A }, as: UTF8.self))
    }

    /// A port, by the name that the script gives it.
    public func port(_ name: String = "port") -> Int { Int(facts[name]?.number ?? 0) }

    /// A text, by the name that the script gives it; empty when there is none.
    public func text(_ name: String) -> String { facts[name]?.string ?? "" }

    /// Stops the server and waits until it is gone.
    public func stop() {
        process.closeInput()
        _ = try? process.wait()
    }

    deinit { stop() }

    /// The checkout that these tests were built in.
    public static var projectFolder: String {
        let parts = #filePath.split(separator: "/").dropLast(4)
        return "/" + parts.joined(separator: "/")
    }
}

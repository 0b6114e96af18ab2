// Where a database's programs run: here, or on a host that ssh leads to. The only place that starts them.

import HikaeCore
import HikaeSource

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A place that programs run in.
struct ToolPlace: Sendable {
    /// The host that ssh leads to.
    struct FarSide: Sendable, Equatable {
        var user: String?
        var host: String
        var port: Int?
    }

    /// Nil: here.
    let farSide: FarSide?
    private let settings: DatabaseSettings
    /// F_SETPIPE_SZ, which Swift's Glibc leaves out; anywhere else it is no command, and does nothing.
    private static let setPipeSize: Int32 = 1031
    /// A program that ends before it has read everything is an error that `write` reports, and not our end.
    private static let ignoresBrokenPipes: Bool = signal(SIGPIPE, SIG_IGN) != nil

    /// Throws `.usage` when `via` is no ssh address.
    init(_ settings: DatabaseSettings) throws(HikaeError) {
        self.settings = settings
        farSide = if let via = settings.via { try Self.parse(via) } else { nil }
    }

    /// The programs' place, for messages: nothing, or " on web.example.jp".
    var words: String { farSide.map { " on \($0.host)" } ?? "" }

    /// Starts a program. A secret goes into a file without a name: here by a descriptor, on the far side by the first
    /// lines of standard input; never into arguments or environment.
    func start(_ call: ToolCall) throws(HikaeError) -> ChildProcess {
        _ = Self.ignoresBrokenPipes
        var options = ChildProcess.Options()
        options.keepsMessages = true
        options.takesInput = call.takesInput
        let process: ChildProcess
        if let farSide {
            options.takesInput = true
            process = try ChildProcess(sshWords(farSide) + [script(call)], options: options)
            try hand(call, to: process)
        } else {
            options.environment = call.environment
            if let secret = call.secret { options.files[3] = secret }
            process = try ChildProcess([path(call.program)] + call.arguments, options: options)
        }
        // What is dumped comes in large pieces: fewer turns between the program and us.
        for descriptor in [process.output, process.input] where descriptor >= 0 {
            _ = fcntl(descriptor, Self.setPipeSize, Int32(1 << 20))
        }
        return process
    }

    /// Runs a program to its end and returns what it wrote, at most `limit` bytes.
    func output(_ call: ToolCall, limit: Int = 1 << 20) throws(HikaeError) -> [UInt8] {
        let process = try start(call)
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = try buffer.withMutableBytes { bytes throws(HikaeError) in try process.read(into: bytes) }
            if count == 0 { break }
            output += buffer[..<count]
            guard output.count <= limit else {
                throw HikaeError(.limit, "\(call.program) wrote more than \(limit) bytes")
            }
        }
        try finish(process, call.program)
        return output
    }

    /// Waits for a program's end, and says in our words why it failed if it did.
    func finish(_ process: ChildProcess, _ name: String) throws(HikaeError) {
        let status = try process.wait()
        if status != 0 {
            throw ToolFailure(program: name, status: status, messages: process.messages, place: words).error(
                settings)
        }
    }

    /// The failure of a program that no longer answers.
    func failure(of process: ChildProcess, _ name: String) -> HikaeError {
        do throws(HikaeError) {
            let status = try process.wait()
            return ToolFailure(program: name, status: status, messages: process.messages, place: words).error(settings)
        } catch {
            return error
        }
    }

    private func path(_ program: String) -> String {
        guard let folder = settings.programs else { return program }
        return folder.hasSuffix("/") ? folder + program : "\(folder)/\(program)"
    }

    private func sshWords(_ farSide: FarSide) -> [String] {
        var words = [settings.sshProgram, "-T", "-o", "BatchMode=yes"]
        for option in settings.sshOptions { words += ["-o", option] }
        if let port = farSide.port { words += ["-p", String(port)] }
        if let user = farSide.user { words += ["-l", user] }
        return words + ["--", farSide.host]
    }

    /// What the shell on the far side is told. The secret's file is gone from the file system before it is written.
    private func script(_ call: ToolCall) -> String {
        var script = ""
        if call.secret != nil {
            script += "umask 077; f=$(mktemp) && exec 3<>\"$f\" && rm -f \"$f\" || exit 96; "
            script += "while IFS= read -r l && [ \"$l\" != . ]; do printf '%s\\n' \"$l\" >&3; done; "
        }
        let settings = call.environment.sorted { $0.key < $1.key }.map { ShellWord.quoted("\($0.key)=\($0.value)") }
        let words = ([path(call.program)] + call.arguments).map(ShellWord.quoted)
        script += "exec env " + (settings + words).joined(separator: " ")
        if !call.takesInput { script += " </dev/null" }
        return "exec sh -c " + ShellWord.quoted(script)
    }

    private func hand(_ call: ToolCall, to process: ChildProcess) throws(HikaeError) {
        if let secret = call.secret {
            var lines = secret.bytes
            if lines.last != 0x0A { lines.append(0x0A) }
            lines += [UInt8(ascii: "."), 0x0A]
            do throws(HikaeError) {
                try lines.withBytes { bytes throws(HikaeError) in try process.write(bytes) }
            } catch {
                throw failure(of: process, call.program)
            }
        }
        if !call.takesInput { process.closeInput() }
    }

    /// "ssh://user@host:port", and nothing that ssh could take for an option.
    static func parse(_ address: String) throws(HikaeError) -> FarSide {
        let scheme = "ssh://"
        guard address.hasPrefix(scheme) else {
            throw HikaeError(
                .usage, "via: \(address) is no address of a host",
                hint: "Write it as ssh://user@host or ssh://user@host:22.")
        }
        var rest = address.dropFirst(scheme.count)
        if rest.hasSuffix("/") { rest.removeLast() }
        var side = FarSide(host: "")
        if let at = rest.lastIndex(of: "@") {
            side.user = String(rest[..<at])
            rest = rest[rest.index(after: at)...]
        }
        if rest.hasPrefix("["), let close = rest.firstIndex(of: "]") {
            side.host = String(rest[rest.index(after: rest.startIndex)..<close])
            rest = rest[rest.index(after: close)...]
        } else {
            side.host = String(rest.prefix { $0 != ":" })
            rest = rest.dropFirst(side.host.count)
        }
        if rest.hasPrefix(":") { side.port = Int(rest.dropFirst()) }
        let isPlain = [side.user ?? "u", side.host].allSatisfy { part in
            !part.isEmpty && !part.hasPrefix("-") && !part.contains("/") && part.utf8.allSatisfy { $0 > 0x20 }
        }
        guard isPlain, rest.isEmpty || side.port.map({ (1...65535).contains($0) }) == true else {
            throw HikaeError(
                .usage, "via: \(address) is no address of a host",
                hint: "Write it as ssh://user@host or ssh://user@host:22.")
        }
        return side
    }
}

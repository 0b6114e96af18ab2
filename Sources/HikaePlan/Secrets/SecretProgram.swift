// A program that prints a secret: of a plan's `command:`, of `--password-command`. It is run without a shell, its words
// split as a shell would split them, and what it prints is shown to nobody.

public import HikaeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Running the program that knows a secret.
public enum SecretProgram {
    /// What the program wrote to its standard output. Throws when it fails, or writes more than `limit` bytes.
    ///
    /// - Parameter encode: the bytes of each word; UTF-8 unless said otherwise.
    public static func output(
        of command: String, limit: Int = 1 << 20, encode: (String) -> [UInt8] = { Array($0.utf8) }
    ) throws(HikaeError) -> [UInt8] {
        let words = try split(command)
        guard let program = words.first, !program.isEmpty else {
            throw HikaeError(.usage, "the password command is empty")
        }
        let output = try SystemPipe(for: program)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, output.write, STDOUT_FILENO)
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { word in
            strdup(encode(word).map { CChar(bitPattern: $0) } + [0])
        }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        var process = pid_t()
        var variables: [UnsafeMutablePointer<CChar>?] = []
        var next = environ
        while let entry = next.pointee {
            // One secret's program is given no other secret.
            let name = String(cString: entry).prefix { $0 != "=" }
            if !HiddenVariables.contains(String(name)) { variables.append(entry) }
            next += 1
        }
        variables.append(nil)
        let status = posix_spawnp(&process, program, &actions, nil, arguments, variables)
        close(output.write)
        guard status == 0 else {
            close(output.read)
            throw HikaeError.system("run the password command", program, errno: status)
        }
        let printed: Result<[UInt8], HikaeError>
        do throws(HikaeError) {
            printed = .success(try readAll(output.read, program, limit: limit))
        } catch {
            printed = .failure(error)
        }
        // Closed before waiting: a program that writes on and on then ends.
        close(output.read)
        try wait(for: process, program, isCutOff: (try? printed.get()) == nil)
        return try printed.get()
    }

    /// All that can be read from an open descriptor. Throws `.limit` for more than `limit` bytes.
    static func readAll(_ descriptor: Int32, _ name: String, limit: Int) throws(HikaeError) -> [UInt8] {
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count == 0 { return content }
            if count < 0 {
                if errno == EINTR { continue }
                throw HikaeError.system("read", name)
            }
            content.append(contentsOf: buffer[..<count])
            guard content.count <= limit else {
                throw HikaeError(.limit, "\(name) gives more than \(limit) bytes, which is no password")
            }
        }
    }

    private static func wait(for process: pid_t, _ program: String, isCutOff: Bool) throws(HikaeError) {
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else { throw HikaeError.system("wait for", program) }
        }
        let signal = status & 0x7F
        guard status != 0, !isCutOff else { return }
        let reason = signal == 0 ? "ended with status \(status >> 8 & 0xFF)" : "was stopped by signal \(signal)"
        throw HikaeError(
            .programFailed, "the password command \(program) \(reason)",
            hint: "Run it by hand to see what it says.")
    }

    /// Splits into words at spaces; `'…'` and `"…"` hold words together, a backslash outside of `'…'` keeps a
    /// character as it is.
    public static func split(_ command: String) throws(HikaeError) -> [String] {
        guard let words = ShellWords.split(command) else {
            throw HikaeError(.usage, "the password command ends within quotes")
        }
        return words
    }
}

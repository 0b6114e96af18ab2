// `--password-command`: a program that prints the password. It is run without a shell, its words split as a shell
// would split them, and what it prints is shown to nobody.

import HikaeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Running the program that knows the password.
enum PasswordProgram {
    /// What the program wrote to its standard output.
    static func output(of command: String) throws(HikaeError) -> [UInt8] {
        let words = try split(command)
        guard let program = words.first, !program.isEmpty else {
            throw HikaeError(.usage, "the password command is empty")
        }
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw HikaeError.system("make a pipe for", program) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { word in
            strdup(ArgumentBytes.bytes(word).map { CChar(bitPattern: $0) } + [0])
        }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        var process = pid_t()
        let status = posix_spawnp(&process, program, &actions, nil, arguments, environ)
        close(ends[1])
        defer { close(ends[0]) }
        guard status == 0 else { throw HikaeError.system("run the password command", program, errno: status) }
        let output = try TextFile.readAll(ends[0], program)
        try wait(for: process, program)
        return output
    }

    private static func wait(for process: pid_t, _ program: String) throws(HikaeError) {
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else { throw HikaeError.system("wait for", program) }
        }
        let signal = status & 0x7F
        guard status != 0 else { return }
        let reason = signal == 0 ? "ended with status \(status >> 8 & 0xFF)" : "was stopped by signal \(signal)"
        throw HikaeError(
            .programFailed, "the password command \(program) \(reason)",
            hint: "Run it by hand to see what it says.")
    }

    /// Splits into words at spaces; `'…'` and `"…"` hold words together, a backslash outside of `'…'` keeps a
    /// character as it is.
    static func split(_ command: String) throws(HikaeError) -> [String] {
        var words: [String] = []
        var word = ""
        var isInWord = false
        var quote: Character?
        var isEscaped = false
        for character in command {
            if isEscaped {
                word.append(character)
                isEscaped = false
            } else if character == "\\", quote != "'" {
                (isEscaped, isInWord) = (true, true)
            } else if let open = quote {
                if character == open { quote = nil } else { word.append(character) }
            } else if character == "'" || character == "\"" {
                (quote, isInWord) = (character, true)
            } else if character.isWhitespace {
                if isInWord { words.append(word) }
                (word, isInWord) = ("", false)
            } else {
                word.append(character)
                isInWord = true
            }
        }
        guard quote == nil, !isEscaped else {
            throw HikaeError(.usage, "the password command ends within quotes")
        }
        return isInWord ? words + [word] : words
    }
}

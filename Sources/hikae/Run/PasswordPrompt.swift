// Asking a person for the password: on the terminal itself, without echo, whatever standard input is.

import HikaeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The password prompt.
enum PasswordPrompt {
    /// Whether a person is asked, rather than standard input read.
    static func isInteractive(_ inputIsData: Bool) -> Bool { isatty(STDIN_FILENO) == 1 || inputIsData }

    /// Asks for an existing password. Where standard input is no terminal and holds no data, as in
    /// `hikae … < password`, its first line is the password, as with restic.
    ///
    /// - Parameter missing: the error when there is no password, with what kept it from being asked for.
    static func ask(
        _ prompt: String, inputIsData: Bool, missing: (String) -> HikaeError
    ) throws(HikaeError) -> [UInt8] {
        let password: [UInt8]
        if isInteractive(inputIsData) {
            password = try askOnTerminal(prompt, noTerminal: missing(", and there is no terminal to ask for it on"))
        } else {
            password = try firstLineOfInput()
        }
        if password.isEmpty { throw missing("") }
        return password
    }

    /// Asks for a new password, twice on a terminal.
    static func askNew(_ prompt: String, again: String) throws(HikaeError) -> [UInt8] {
        if isatty(STDIN_FILENO) != 1 { return try notEmpty(firstLineOfInput()) }
        let first = try notEmpty(askOnTerminal(prompt))
        guard try askOnTerminal(again) == first else { throw HikaeError(.usage, "the passwords are not the same") }
        return first
    }

    /// Asks for something that may be left out: empty for nothing typed.
    static func askOptional(_ prompt: String) throws(HikaeError) -> [UInt8] { try askOnTerminal(prompt) }

    private static func notEmpty(_ password: [UInt8]) throws(HikaeError) -> [UInt8] {
        guard password.isEmpty else { return password }
        throw HikaeError(
            .usage, "no password given",
            hint: "Use --password-file FILE, --password-command COMMAND or HIKAE_PASSWORD, or type it on a terminal.")
    }

    private static func askOnTerminal(
        _ prompt: String, noTerminal: HikaeError? = nil
    ) throws(HikaeError) -> [UInt8] {
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard terminal >= 0 else {
            throw noTerminal
                ?? HikaeError(
                    .usage, "no password given, and there is no terminal to ask for it on",
                    hint: "Use --password-file FILE, --password-command COMMAND or HIKAE_PASSWORD.")
        }
        defer { close(terminal) }
        var settings = termios()
        guard tcgetattr(terminal, &settings) == 0 else { throw HikaeError.system("use", "/dev/tty") }
        let saved = settings
        settings.c_lflag &= ~tcflag_t(ECHO)
        settings.c_lflag |= tcflag_t(ICANON | ISIG)
        guard tcsetattr(terminal, TCSAFLUSH, &settings) == 0 else { throw HikaeError.system("use", "/dev/tty") }
        let restore: @Sendable () -> Void = { [saved] in
            var settings = saved
            tcsetattr(terminal, TCSAFLUSH, &settings)
            _ = write(terminal, "\n", 1)
        }
        let debt = Shutdown.owe(restore)
        defer {
            Shutdown.settle(debt)
            restore()
        }
        _ = prompt.withCString { write(terminal, $0, strlen($0)) }
        return try Shutdown.whileWaitingForInput { () throws(HikaeError) in try line(from: terminal) }
    }

    private static func firstLineOfInput() throws(HikaeError) -> [UInt8] {
        try Shutdown.whileWaitingForInput { () throws(HikaeError) in try line(from: STDIN_FILENO) }
    }

    /// One line, byte by byte, so that nothing after it is taken.
    private static func line(from descriptor: Int32) throws(HikaeError) -> [UInt8] {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while line.count < 1 << 16 {
            let count = read(descriptor, &byte, 1)
            if count < 0, errno == EINTR { continue }
            if count < 0 { throw HikaeError.system("read", "the password") }
            if count == 0 || byte == UInt8(ascii: "\n") { break }
            line.append(byte)
        }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        return line
    }
}

// All that the program prints goes through here, so that results, messages and the status line never run into each
// other. The rules of the terminal:
//
// - Results go to standard output: listings, tables, JSON, dumped files. Nothing else does, but for the short
//   messages restic also prints there (snapshot saved, repository created); `--quiet` and `--json` drop those.
// - Warnings and errors go to standard error, one a line, whatever the options.
// - The status line (ProgressDisplay) is drawn on standard error, only when that is a terminal, and wiped before
//   anything else is printed.
// - Names from outside are shown with control characters escaped: a file name must not drive the terminal.
// - Nothing here prints a password, a key or a stack trace.

import HikaeCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Standard output and standard error, shared by all threads.
final class Console: Sendable {
    /// The program's one console.
    static let shared = Console()

    private struct State {
        var output: [UInt8] = []
        var outputError: HikaeError?
        var shownStatusLines = 0
    }

    private let state = Mutex(State())
    private let settings = Mutex((isJSON: false, verbosity: 1))

    /// Whether the display can be redrawn: standard error is a terminal that is no dumb one.
    let errorIsTerminal: Bool
    let outputIsTerminal: Bool

    private init() {
        let isDumb = Environment.value("TERM", prefixes: [""]) == "dumb"
        errorIsTerminal = isatty(STDERR_FILENO) == 1 && !isDumb
        outputIsTerminal = isatty(STDOUT_FILENO) == 1
    }

    /// Sets what the options ask for. `verbosity` is 0 for `--quiet`, 1 by default, 2 and 3 for `-v` and `-vv`.
    func configure(isJSON: Bool, verbosity: Int) { settings.withLock { $0 = (isJSON, verbosity) } }

    /// Whether output is JSON, one object a line.
    var isJSON: Bool { settings.withLock { $0.isJSON } }
    var verbosity: Int { settings.withLock { $0.verbosity } }

    // MARK: Results

    /// Prints a line of the result.
    func print(_ line: String) { write(Array(line.utf8) + [newline]) }

    /// Prints bytes of the result as they are.
    func write(_ bytes: [UInt8]) {
        let isBroken = state.withLock { state in
            wipeStatus(&state)
            state.output.append(contentsOf: bytes)
            if outputIsTerminal || state.output.count >= 1 << 16 { flushLocked(&state) }
            return Self.isBroken(state)
        }
        if isBroken { Shutdown.leave(141) }
    }

    /// Writes what is buffered. Throws when standard output takes no more.
    func flush() throws(HikaeError) {
        let (error, isBroken) = state.withLock { state in
            flushLocked(&state)
            return (state.outputError, Self.isBroken(state))
        }
        if isBroken { Shutdown.leave(141) }
        if let error { throw error }
    }

    /// Writes what is buffered, on the way out: nobody is left to tell of errors.
    func flushFinally() { state.withLock { flushLocked(&$0) } }

    /// Whether whoever read the output has gone away, `head` for example: no failure, but no reason to go on.
    private static func isBroken(_ state: State) -> Bool { state.outputError?.code == .cancelled }

    // MARK: Messages

    /// A short message about what was done: not with `--quiet` or `--json`.
    func note(_ line: @autoclosure () -> String) { message(line, atLeast: 1) }
    /// A message for those who said `-v`.
    func detail(_ line: @autoclosure () -> String) { message(line, atLeast: 2) }
    /// A message for those who said `-vv`.
    func trace(_ line: @autoclosure () -> String) { message(line, atLeast: 3) }

    private func message(_ line: () -> String, atLeast level: Int) {
        let (isJSON, verbosity) = settings.withLock { $0 }
        if !isJSON, verbosity >= level { print(line()) }
    }

    /// A line on standard error, shown always.
    func warn(_ line: String) {
        state.withLock { state in
            flushLocked(&state)
            wipeStatus(&state)
            writeAll(STDERR_FILENO, Array(line.utf8) + [newline])
        }
    }

    // MARK: Status

    /// Draws `lines` below what was printed, in the place of those drawn before. Nothing when empty.
    func showStatus(_ lines: [String]) {
        state.withLock { state in
            flushLocked(&state)
            wipeStatus(&state)
            guard !lines.isEmpty else { return }
            writeAll(STDERR_FILENO, Array(lines.joined(separator: "\n").utf8))
            state.shownStatusLines = lines.count
        }
    }

    /// The terminal's width in columns, 80 when it does not say.
    var columns: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    // MARK: Inside

    private func wipeStatus(_ state: inout State) {
        guard state.shownStatusLines > 0 else { return }
        // Up to the first status line, then clear from there to the end of the screen.
        let up = state.shownStatusLines > 1 ? "\u{1b}[\(state.shownStatusLines - 1)A" : ""
        writeAll(STDERR_FILENO, Array("\r\(up)\u{1b}[J".utf8))
        state.shownStatusLines = 0
    }

    private func flushLocked(_ state: inout State) {
        guard !state.output.isEmpty else { return }
        if state.outputError == nil, let number = writeAll(STDOUT_FILENO, state.output) {
            state.outputError =
                number == EPIPE
                ? HikaeError(.cancelled, "standard output was closed")
                : HikaeError.system("write", "standard output", errno: number)
        }
        state.output.removeAll(keepingCapacity: true)
    }
}

private let newline = UInt8(ascii: "\n")

/// Writes all of `bytes`; the error number when the descriptor takes no more.
@discardableResult
private func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) -> Int32? {
    bytes.withUnsafeBytes { buffer in
        var done = 0
        while done < buffer.count {
            guard let base = buffer.baseAddress else { return nil }
            let count = Glibc.write(descriptor, base + done, buffer.count - done)
            if count >= 0 {
                done += count
            } else if errno == EAGAIN {
                var descriptors = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&descriptors, 1, -1)
            } else if errno != EINTR {
                return errno
            }
        }
        return nil
    }
}

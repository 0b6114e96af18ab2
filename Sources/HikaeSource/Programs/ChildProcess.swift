// A program run for what it says: started, spoken to, waited for, and ended when nobody wants it any more.

public import HikaeCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A running program whose standard output, and input if asked for, are pipes of its one owner.
///
/// Not to be shared by threads, but that one may write while another reads. Ended and reaped when released.
public final class ChildProcess: @unchecked Sendable {
    // Proof of Sendable: descriptors and process number are set once; `state` is behind a lock; the pipes' ends are
    // used by one writer and one reader.

    /// How a program is started.
    public struct Options: Sendable {
        /// Whether `input` is a pipe; otherwise the program's standard input is empty.
        public var takesInput = false
        /// Whether the program's messages are kept for `messages`, instead of going where ours go.
        public var keepsMessages = false
        /// Variables set besides our own environment. Secrets belong into `files`.
        public var environment: [String: String] = [:]
        /// Files that exist for this program only, for secrets: each stands under the descriptor given (3 or more),
        /// is readable by its owner only, and is named `/dev/fd/N` to the program.
        public var files: [Int32: Secret] = [:]

        public init() {}
    }

    /// The program's name, for messages.
    public let program: String
    /// The reading end of its output.
    public let output: Int32
    /// The writing end of its input; -1 when it has none.
    public let input: Int32
    private let process: pid_t
    /// Whether the program leads a process group of its own, so that what it started ends with it.
    private let leadsGroup: Bool
    private let keptMessages: MessageTail?
    private let state = Mutex(State())

    private struct State {
        /// Whether it has ended, or was told to.
        var isEnded = false
        /// Whether its status was taken: from then on its number may be another program's.
        var isReaped = false
        /// How it ended, once it was waited for.
        var status: Int32 = 0
        var isInputClosed = false
    }

    /// How long a program has to end after SIGTERM, in steps of 10 ms.
    private static let patience = 200

    /// Starts the program, looked for in `PATH`; no shell comes in between. Throws `.programFailed` when there is none
    /// of that name or it cannot be run.
    public init(_ arguments: [String], options: Options = Options()) throws(HikaeError) {
        let name = arguments.first ?? ""
        program = name
        var opened: [Int32] = []
        func makePipe() throws(HikaeError) -> SystemPipe {
            let made = try SystemPipe(for: name)
            opened += [made.read, made.write]
            return made
        }
        // With a terminal at hand the program stays in our group: it may ask for a password there, and Ctrl-C is meant
        // for both. Without one it gets its own, so that we can end all that it started.
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC)
        if terminal >= 0 { close(terminal) }
        leadsGroup = terminal < 0
        var ends = ChildDescriptors()
        var identifier = pid_t()
        do throws(HikaeError) {
            let out = try makePipe()
            output = out.read
            ends.output = out.write
            if options.takesInput {
                let into = try makePipe()
                input = into.write
                ends.input = into.read
            } else {
                input = -1
            }
            if options.keepsMessages {
                let errors = try makePipe()
                keptMessages = MessageTail(errors.read)
                ends.errors = errors.write
            } else {
                keptMessages = nil
            }
            for (number, secret) in options.files {
                let file = try SecretFile.make(secret)
                opened.append(file)
                ends.files.append((file, number))
            }
        } catch {
            for descriptor in opened { close(descriptor) }
            throw error
        }
        let status = ends.spawn(arguments, environment: options.environment, ownGroup: leadsGroup, &identifier)
        process = identifier
        for descriptor in ends.all { close(descriptor) }
        guard status == 0 else {
            state.withLock { ($0.isEnded, $0.isReaped) = (true, true) }
            let reason = HikaeError.system("run", name, errno: status)
            throw HikaeError(.programFailed, reason.message, hint: "Is it installed, and in PATH?")
        }
        keptMessages?.start()
    }

    deinit {
        closeInput()
        close(output)
        end()
        keptMessages?.stop()
    }

    /// The program's last messages, at most 8 KiB; complete once it has been waited for.
    public var messages: String { keptMessages?.text ?? "" }

    /// Writes all bytes to the program's input. Throws `.programFailed` when it no longer reads.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(HikaeError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(input, rest.baseAddress, rest.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw HikaeError(.programFailed, "\(program) no longer takes input", isRetryable: true)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// Reads what the program wrote; 0 at its end.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(HikaeError) -> Int {
        try readStream(output, into: buffer, program)
    }

    /// Tells the program that nothing more comes.
    public func closeInput() {
        let mustClose = state.withLock { state in
            defer { state.isInputClosed = true }
            return !state.isInputClosed && input >= 0
        }
        if mustClose { close(input) }
    }

    /// Waits for the program's end and returns its exit status; 128 and more is a signal's number plus 128. A program
    /// that was ended by `terminate` never has a status of 0, whatever it made of that.
    public func wait() throws(HikaeError) -> Int32 {
        closeInput()
        while true {
            // Looked at without being taken away: its number stays its own until it is taken under the lock.
            var found = siginfo_t()
            let reason = waitid(P_PID, id_t(process), &found, WEXITED | WNOWAIT) == 0 ? 0 : errno
            if state.withLock({ reap(&$0) }) { break }
            guard reason == 0 || reason == EINTR else { throw .system("wait for", program, errno: reason) }
        }
        keptMessages?.stop()
        return state.withLock { $0.status }
    }

    /// Takes the program's status if it has ended, and says whether. The status of one that we ended stays ours.
    private func reap(_ state: inout State) -> Bool {
        guard !state.isReaped else { return true }
        var status: Int32 = 0
        guard waitpid(process, &status, WNOHANG) == process else { return false }
        if !state.isEnded { state.status = Self.code(status) }
        (state.isEnded, state.isReaped) = (true, true)
        return true
    }

    /// What `waitpid` told, as a shell tells it.
    private static func code(_ status: Int32) -> Int32 {
        let signal = status & 0x7F
        return signal != 0 ? 128 + signal : status >> 8 & 0xFF
    }

    /// Waits for the end of a program whose output has ended, and ends it when it has not in `seconds`. Its messages.
    public func lastWords(seconds: Double = 2) -> String {
        let isDone = Monitor(false)
        let waiting = RunningThread { [self] in
            _ = try? wait()
            isDone.withLock { $0 = true }
        }
        if isDone.wait(seconds: seconds, until: { $0 ? true : nil }) == nil { terminate() }
        waiting.join()
        return messages
    }

    /// Waits for the program's end. Throws `.programFailed` unless it succeeded.
    public func finish() throws(HikaeError) {
        let code = try wait()
        let said = messages.isEmpty ? "Its messages say why; no snapshot was made." : messages
        if code > 128 {
            throw HikaeError(
                .programFailed, "\(program) was ended by signal \(code - 128), so its output is not complete")
        }
        if code != 0 {
            throw HikaeError(
                .programFailed, "\(program) failed with exit status \(code), so its output cannot be trusted",
                hint: said)
        }
    }

    /// Ends the program if it still runs: politely, then not.
    public func terminate() {
        end()
    }

    private func end() {
        let target = leadsGroup ? -process : process
        // Ended by us: whatever it had still to say is missing.
        let isRunning = state.withLock { state in
            guard !state.isEnded else { return !state.isReaped }
            (state.isEnded, state.status) = (true, 128 + SIGTERM)
            kill(target, SIGTERM)
            return true
        }
        guard isRunning else { return }
        for _ in 0..<Self.patience {
            if state.withLock({ reap(&$0) }) { return }
            usleep(10_000)
        }
        let isReaped = state.withLock { state in
            if !state.isReaped { kill(target, SIGKILL) }
            return state.isReaped
        }
        if isReaped { return }
        var found = siginfo_t()
        while waitid(P_PID, id_t(process), &found, WEXITED | WNOWAIT) < 0, errno == EINTR {}
        _ = state.withLock { reap(&$0) }
    }
}

// One program while it runs: its session, its pipes, its end.

public import HikaeCore
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A started program, in a session of its own. The whole session is killed when it has been waited for, or when the
/// object goes: nothing it started is left, not even what went into another process group.
public final class RunningCommand: Sendable {
    /// The process, and the number of its group and session.
    public let processID: Int32
    private let command: Command
    private let pipes: (input: Int32, output: Int32, errors: Int32)
    private let isReaped = Mutex(false)

    init(_ command: Command) throws(HikaeError) {
        self.command = command
        // A program that ends early closes its input; that is no reason for the tests to end.
        ignoreBrokenPipes()
        let input = try SystemPipe(for: command.program)
        let output = try SystemPipe(for: command.program)
        let errors = try SystemPipe(for: command.program)
        pipes = (input.write, output.read, errors.read)
        defer { for descriptor in [input.read, output.write, errors.write] { close(descriptor) } }
        do throws(HikaeError) {
            processID = try Self.spawn(command, input.read, output.write, errors.write)
        } catch {
            for descriptor in [input.write, output.read, errors.read] { close(descriptor) }
            throw error
        }
        for descriptor in [input.write, output.read, errors.read] { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
    }

    deinit {
        let mustReap = isReaped.withLock { reaped in
            defer { reaped = true }
            return !reaped
        }
        if mustReap {
            Session.kill(processID)
            var status: Int32 = 0
            while waitpid(processID, &status, 0) < 0, errno == EINTR {}
            for descriptor in [pipes.input, pipes.output, pipes.errors] { close(descriptor) }
        }
    }

    /// Sends a signal to the program and to all it has started.
    public func signal(_ number: Int32) {
        isReaped.withLock { if !$0 { kill(-processID, number) } }
    }

    /// Kills the program and all it has started; `wait` then tells of status 137.
    public func killNow() { signal(SIGKILL) }

    /// Feeds its input, collects its output, waits for its end and kills what it has left running. Once only.
    public func wait() throws(HikaeError) -> Command.Outcome {
        let alreadyWaited = isReaped.withLock { $0 }
        precondition(!alreadyWaited, "a command is waited for once")
        var transfer = Transfer(
            input: command.input[...], descriptors: pipes, deadline: MonotonicTime.seconds() + command.timeLimit)
        let inTime = transfer.run(processID)
        if !inTime { killNow() }
        let status = reap()
        for descriptor in transfer.open { close(descriptor) }
        guard inTime else {
            throw HikaeError(
                .programFailed, "\(command.program) ran longer than \(command.timeLimit) s",
                hint: String(decoding: transfer.errors.suffix(4000), as: UTF8.self))
        }
        return Command.Outcome(status: status, output: transfer.output, errors: transfer.errors)
    }

    private func reap() -> Int32 {
        // Waits without reaping first, so that the number still is this session's when the rest of it is killed.
        var information = siginfo_t()
        while waitid(P_PID, id_t(processID), &information, WEXITED | WNOWAIT) < 0, errno == EINTR {}
        return isReaped.withLock { reaped in
            Session.kill(processID)
            var status: Int32 = 0
            while waitpid(processID, &status, 0) < 0, errno == EINTR {}
            reaped = true
            let signal = status & 0x7F
            return signal == 0 ? status >> 8 & 0xFF : 128 + signal
        }
    }
}

extension RunningCommand {
    private static func spawn(
        _ command: Command, _ input: Int32, _ output: Int32, _ errors: Int32
    ) throws(HikaeError) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, errors, 2)
        if let folder = command.folder { _ = GNU.addChangeOfFolder?(&actions, folder) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var defaults = sigset_t()
        sigemptyset(&defaults)
        // Whoever runs the tests may have signals ignored, `nohup` for example; the program under test has not.
        for number in [SIGPIPE, SIGHUP, SIGINT, SIGTERM, SIGQUIT] { sigaddset(&defaults, number) }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        // The threads that run tests block most signals; the program must not inherit that.
        var unblocked = sigset_t()
        sigemptyset(&unblocked)
        posix_spawnattr_setsigmask(&attributes, &unblocked)
        let flags = GNU.newSession | Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK)
        posix_spawnattr_setflags(&attributes, flags)
        // strdup'ed strings live until they are freed below, after the call that reads them.
        var arguments = ([command.program] + command.arguments).map { strdup($0) } + [nil]
        var environment = command.environmentStrings.map { strdup($0) } + [nil]
        defer { for text in arguments + environment { free(text) } }
        var processID: pid_t = 0
        let failure = posix_spawnp(&processID, command.program, &actions, &attributes, &arguments, &environment)
        guard failure == 0 else {
            throw HikaeError(.programFailed, HikaeError.system("run", command.program, errno: failure).message)
        }
        return processID
    }
}

/// The bytes on their way to and from one program.
private struct Transfer {
    var input: ArraySlice<UInt8>
    var output: [UInt8] = []
    var errors: [UInt8] = []
    private var writer: Int32
    private var readers: [Int32]
    private let outputDescriptor: Int32
    private let deadline: Double
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)

    init(input: ArraySlice<UInt8>, descriptors: (input: Int32, output: Int32, errors: Int32), deadline: Double) {
        self.input = input
        writer = descriptors.input
        readers = [descriptors.output, descriptors.errors]
        outputDescriptor = descriptors.output
        self.deadline = deadline
    }

    /// Descriptors not closed yet.
    var open: [Int32] { (writer >= 0 ? [writer] : []) + readers }

    /// Moves bytes until the program has closed both outputs or has ended; false when time ran out.
    mutating func run(_ processID: Int32) -> Bool {
        if input.isEmpty { closeWriter() }
        var hasEnded = false
        while !readers.isEmpty {
            if MonotonicTime.seconds() > deadline { return false }
            var polled = readers.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            if writer >= 0 { polled.append(pollfd(fd: writer, events: Int16(POLLOUT), revents: 0)) }
            // A program that leaves others behind with its output open has ended all the same: look now and then.
            let ready = poll(&polled, nfds_t(polled.count), hasEnded ? 0 : 50)
            if ready <= 0 {
                if hasEnded { return true }
                hasEnded = Self.hasEnded(processID)
                continue
            }
            for entry in polled where entry.revents != 0 {
                if entry.fd == writer { feed() } else { drain(entry.fd) }
            }
        }
        while !Self.hasEnded(processID) {
            if MonotonicTime.seconds() > deadline { return false }
            _ = poll(nil, 0, 5)
        }
        return true
    }

    private static func hasEnded(_ processID: Int32) -> Bool {
        var information = siginfo_t()
        return waitid(P_PID, id_t(processID), &information, WEXITED | WNOWAIT | WNOHANG) == 0
            && information.si_signo == SIGCHLD
    }

    private mutating func closeWriter() {
        if writer >= 0 { close(writer) }
        writer = -1
    }

    private mutating func feed() {
        let count = input.withUnsafeBytes { bytes in
            bytes.baseAddress.map { write(writer, $0, bytes.count) } ?? 0
        }
        if count > 0 { input = input.dropFirst(count) }
        if input.isEmpty || count < 0 && errno != EAGAIN && errno != EINTR { closeWriter() }
    }

    private mutating func drain(_ descriptor: Int32) {
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.map { read(descriptor, $0, bytes.count) } ?? 0
        }
        if count > 0 {
            if descriptor == outputDescriptor { output += buffer[..<count] } else { errors += buffer[..<count] }
        } else if count == 0 || errno != EAGAIN && errno != EINTR {
            readers.removeAll { $0 == descriptor }
            close(descriptor)
        }
    }
}

/// All processes that one started program has started in turn.
private enum Session {
    /// Kills the program's group, then whatever else is in the session that it leads.
    static func kill(_ leader: Int32) {
        sendKill(-leader)
        for name in Files.names(in: "/proc") {
            guard let process = Int32(name), let line = try? Files.read("/proc/\(name)/stat") else { continue }
            // "PID (NAME) STATE PARENT GROUP SESSION …", and the name may hold anything.
            guard let end = line.lastIndex(of: UInt8(ascii: ")")) else { continue }
            let fields = String(decoding: line[(end + 1)...], as: UTF8.self).split(separator: " ")
            if fields.count > 3, Int32(fields[3]) == leader, fields[0] != "Z" { sendKill(process) }
        }
    }
}

private func sendKill(_ process: Int32) { kill(process, SIGKILL) }

private func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }

/// What the C library has and its headers, as Swift reads them, hide.
private enum GNU {
    typealias AddChangeOfFolder =
        @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, UnsafePointer<CChar>) -> Int32

    /// POSIX_SPAWN_SETSID.
    static let newSession: Int16 = 0x80

    // The type is that of posix_spawn_file_actions_addchdir_np(3), which glibc has had since 2.29; a library without it
    // gives nil.
    static var addChangeOfFolder: AddChangeOfFolder? {
        dlsym(nil, "posix_spawn_file_actions_addchdir_np").map { unsafeBitCast($0, to: AddChangeOfFolder.self) }
    }
}

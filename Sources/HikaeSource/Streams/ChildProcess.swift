// A program run for its output: started, waited for, and ended when nobody wants the output any more.

import HikaeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A running program whose standard output is read by its one owner.
final class ChildProcess {
    let program: String
    /// The reading end of the pipe.
    let output: Int32
    private let process: pid_t
    /// Whether the program leads a process group of its own, so that what it started ends with it.
    private let leadsGroup: Bool
    private var isEnded = false

    /// How long a program has to end after SIGTERM, in steps of 10 ms.
    private static let patience = 200

    /// Starts the program. Throws `.programFailed` when there is none of that name or it cannot be run.
    init(_ arguments: [String]) throws(HikaeError) {
        program = arguments.first ?? ""
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .system("make a pipe for", program) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        // With a terminal at hand the program stays in our group: it may ask for a password there, and Ctrl-C is meant
        // for both. Without one it gets its own, so that we can end all that it started.
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC)
        if terminal >= 0 { close(terminal) }
        leadsGroup = terminal < 0
        output = ends[0]
        var identifier = pid_t()
        let status = Self.spawn(arguments, output: ends[1], ownGroup: leadsGroup, &identifier)
        process = identifier
        close(ends[1])
        guard status == 0 else {
            isEnded = true
            let reason = HikaeError.system("run", program, errno: status)
            throw HikaeError(.programFailed, reason.message, hint: "Is it installed, and in PATH?")
        }
    }

    private static func spawn(
        _ arguments: [String], output: Int32, ownGroup: Bool, _ identifier: inout pid_t
    ) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        // What we do with signals is no business of the program's.
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        var flags = Int32(POSIX_SPAWN_SETSIGDEF) | Int32(POSIX_SPAWN_SETSIGMASK)
        if ownGroup { flags |= Int32(POSIX_SPAWN_SETPGROUP) }
        posix_spawnattr_setflags(&attributes, Int16(truncatingIfNeeded: flags))
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        return posix_spawnp(&identifier, arguments.first ?? "", &actions, &attributes, pointers, environ)
    }

    deinit {
        close(output)
        if !isEnded { end() }
    }

    /// Waits for the program's end. Throws `.programFailed` unless it succeeded.
    func finish() throws(HikaeError) {
        guard !isEnded else { return }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else { throw .system("wait for", program) }
        }
        isEnded = true
        let signal = status & 0x7F
        if signal != 0 {
            throw HikaeError(.programFailed, "\(program) was ended by signal \(signal), so its output is not complete")
        }
        let code = status >> 8 & 0xFF
        if code != 0 {
            throw HikaeError(
                .programFailed, "\(program) failed with exit status \(code), so its output cannot be trusted",
                hint: "Its messages say why; no snapshot was made.")
        }
    }

    /// Ends a program whose output is no longer wanted: politely, then not.
    private func end() {
        let target = leadsGroup ? -process : process
        kill(target, SIGTERM)
        for _ in 0..<Self.patience {
            if waitpid(process, nil, WNOHANG) != 0 { return }
            usleep(10_000)
        }
        kill(target, SIGKILL)
        while waitpid(process, nil, 0) < 0, errno == EINTR {}
    }
}

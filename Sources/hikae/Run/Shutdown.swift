// How the program ends early: signals, and what must be undone on every way out. A signal asks the work to stop; if
// that takes too long, or a second signal comes, the locks are removed from here and the process leaves.

import HikaeCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Stopping: the wish to, and what is owed before.
enum Shutdown {
    /// Set by the first signal. All long work looks at it.
    static let cancellation = Cancellation()

    /// Seconds that work has to stop by itself after the first signal.
    private static let graceSeconds = Atomic<Int32>(10)

    private static let signalNumber = Atomic<Int32>(0)
    private static let hangups = Atomic<Bool>(false)
    /// True while the program waits for a person or another program and has nothing to finish.
    private static let isWaitingForInput = Atomic<Bool>(false)
    private static let debts = Mutex<(next: Int, open: [Int: @Sendable () -> Void])>((0, [:]))

    /// 128 + the signal that asked to stop, or nil.
    static var signalExitCode: Int32? {
        let number = signalNumber.load(ordering: .relaxed)
        return number == 0 ? nil : 128 + number
    }

    /// Runs `body` on every early way out, until `settle` is called with the number returned.
    static func owe(_ body: @escaping @Sendable () -> Void) -> Int {
        debts.withLock { debts in
            debts.next += 1
            debts.open[debts.next] = body
            return debts.next
        }
    }

    /// The debt was paid in the ordinary way.
    static func settle(_ number: Int) { debts.withLock { _ = $0.open.removeValue(forKey: number) } }

    /// Leaves one second only to work that a signal cannot wake.
    static func shortenGrace() { graceSeconds.store(1, ordering: .relaxed) }

    /// Runs `body`, during which a signal ends the program at once.
    static func whileWaitingForInput<Result>(_ body: () throws(HikaeError) -> Result) throws(HikaeError) -> Result {
        isWaitingForInput.store(true, ordering: .relaxed)
        defer { isWaitingForInput.store(false, ordering: .relaxed) }
        return try body()
    }

    /// Pays every debt and leaves.
    static func leave(_ code: Int32) -> Never {
        let open = debts.withLock { debts in
            defer { debts.open.removeAll() }
            return debts.open.sorted { $0.key > $1.key }.map(\.value)
        }
        for body in open { body() }
        Console.shared.flushFinally()
        exit(code)
    }

    /// Takes over SIGINT, SIGTERM, SIGHUP and SIGPIPE.
    ///
    /// The handler only writes a byte to a pipe; a thread reads it. System calls are restarted, and the handlers do
    /// not pass to programs that are run, as a signal mask or an ignored signal would.
    static func installSignalHandlers() {
        guard let wake = try? SystemPipe(for: "signals") else { return }
        handlerPipe.store(wake.write, ordering: .releasing)
        // A handler must not be the first to touch what is made when it is first touched.
        _ = (cancellation.isCancelled, signalExitCode)
        let reading = wake.read
        _ = RunningThread(stackBytes: 256 << 10) { watch(reading) }
        for number in [SIGINT, SIGTERM, SIGHUP] {
            var action = sigaction()
            // `nohup` asks for SIGHUP to be ignored; that wish is kept.
            if number == SIGHUP, sigaction(number, nil, &action) == 0, isIgnored(action) { continue }
            install(number) { number in
                Shutdown.note(number)
                var byte = UInt8(truncatingIfNeeded: number)
                let saved = errno
                _ = Glibc.write(handlerPipe.load(ordering: .acquiring), &byte, 1)
                errno = saved
            }
        }
        // A parent may have had them blocked, and a blocked signal is inherited.
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] { sigaddset(&signals, number) }
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        // A handler that does nothing: writing to a closed pipe then returns EPIPE, here and only here.
        install(SIGPIPE) { _ in }
    }

    /// From now on SIGHUP asks for something to be read again, as servers do, and ends nothing.
    static func hearHangups() { install(SIGHUP) { _ in Shutdown.hangups.store(true, ordering: .relaxed) } }

    /// Whether SIGHUP has come since this was asked last.
    static func wasHungUp() -> Bool { hangups.exchange(false, ordering: .relaxed) }

    private static func install(_ number: Int32, _ handler: @escaping @convention(c) (Int32) -> Void) {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = handler
        action.sa_flags = Int32(SA_RESTART)
        sigemptyset(&action.sa_mask)
        sigaction(number, &action, nil)
    }

    private static func isIgnored(_ action: sigaction) -> Bool {
        unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
    }

    /// The signal thread: ask once, then insist.
    private static func watch(_ descriptor: Int32) {
        let first = nextSignal(descriptor)
        if !isWaitingForInput.load(ordering: .relaxed) {
            var descriptors = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            while poll(&descriptors, 1, graceSeconds.load(ordering: .relaxed) * 1000) < 0, errno == EINTR {}
        }
        ChildPrograms.end()
        leave(ErrorDisplay.stopped(128 + first))
    }

    /// What the handler does besides waking the thread: two atomic stores, so that whatever fails because of the signal
    /// is known to have.
    private static func note(_ number: Int32) {
        if signalNumber.load(ordering: .relaxed) == 0 { signalNumber.store(number, ordering: .relaxed) }
        cancellation.cancel()
    }

    private static func nextSignal(_ descriptor: Int32) -> Int32 {
        var byte: UInt8 = 0
        while read(descriptor, &byte, 1) != 1 {}
        return Int32(byte)
    }
}

/// The write end of the signal pipe, reached by the handler: an atomic, since a handler may take no lock.
private let handlerPipe = Atomic<Int32>(-1)

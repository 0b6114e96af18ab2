// Plain threads for blocking work: a bounded number, joined by the one who started them.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What a new thread runs; handed over through a pointer, freed by the thread.
private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

/// A running thread that must be joined or detached.
public struct RunningThread: Sendable {
    #if canImport(Glibc)
        private let handle: pthread_t
    #else
        /// `pthread_t` is a pointer here; it is only ever handed back to `pthread_join`.
        private nonisolated(unsafe) let handle: pthread_t
    #endif

    /// Starts a thread with a stack of `stackBytes`. Traps when the system has none to give.
    public init(stackBytes: Int = 8 << 20, _ body: @escaping @Sendable () -> Void) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, stackBytes)
        defer { pthread_attr_destroy(&attributes) }
        let context = Unmanaged.passRetained(ThreadBody(body)).toOpaque()
        #if canImport(Glibc)
            var handle = pthread_t()
            let status = pthread_create(
                &handle, &attributes,
                { context in
                    guard let context else { return nil }
                    Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run()
                    return nil
                }, context)
            precondition(status == 0, "the system has no thread to give")
            self.handle = handle
        #else
            var handle: pthread_t?
            let status = pthread_create(
                &handle, &attributes,
                { context in
                    Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run()
                    return nil
                }, context)
            guard status == 0, let handle else { preconditionFailure("the system has no thread to give") }
            self.handle = handle
        #endif
    }

    /// Waits for the thread's end.
    public func join() { pthread_join(handle, nil) }

    /// Lets it run to its end unwatched.
    public func detach() { pthread_detach(handle) }
}

/// Runs `body` on `count` threads, each told its number from 0, and returns when all have ended.
public func runThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let threads = (0..<max(1, count)).map { number in RunningThread { body(number) } }
    for thread in threads { thread.join() }
}

/// Processors this process may use, at least one.
public func processorCount() -> Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

/// The first error that any of several threads met.
public final class FirstError: Sendable {
    private let monitor = Monitor<HikaeError?>(nil)

    public init() {}

    /// Keeps `error` unless one is kept already.
    public func set(_ error: HikaeError) { monitor.withLock { if $0 == nil { $0 = error } } }

    /// The error kept, if any.
    public var value: HikaeError? { monitor.withLock { $0 } }

    /// Throws the error kept, if any.
    public func check() throws(HikaeError) { if let error = value { throw error } }
}

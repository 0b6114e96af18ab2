// The last messages of a program, read on a thread so that the program never waits for us.

import HikaeCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Collects what comes out of a descriptor and keeps the end of it.
final class MessageTail: @unchecked Sendable {
    // Proof of Sendable: the descriptor is read by the thread only; `thread` is set once, before the owner hands this
    // object to anybody; what is kept is behind a lock.

    private static let limit = 8 << 10

    private let descriptor: Int32
    private let kept = Mutex<[UInt8]>([])
    private var thread: RunningThread?
    /// When the program had ended, in seconds of a clock that only runs; nil while it runs.
    private let stopped = Mutex<Double?>(nil)
    /// So long what is still said is listened to after the program has ended.
    private static let patience = 2.0

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// Begins to read.
    func start() {
        thread = RunningThread { [self] in
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                // What the program has started may hold the pipe open for ever, and even go on talking: once the program
                // has ended, what has come is all that is waited for.
                if let end = stopped.withLock({ $0 }), MonotonicTime.seconds() - end > Self.patience { return }
                var waited = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                let ready = poll(&waited, 1, 100)
                if ready == 0 {
                    if stopped.withLock({ $0 }) != nil { return }
                    continue
                }
                if ready < 0, errno == EINTR { continue }
                let count = buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return }
                kept.withLock { kept in
                    kept += buffer[..<count]
                    if kept.count > Self.limit { kept.removeFirst(kept.count - Self.limit) }
                }
            }
        }
    }

    /// The program has ended: waits until what it said has been read.
    func stop() {
        let isFirst = stopped.withLock { stopped in
            guard stopped == nil else { return false }
            stopped = MonotonicTime.seconds()
            return true
        }
        guard isFirst else { return }
        thread?.join()
        close(descriptor)
    }

    var text: String {
        let text = String(decoding: kept.withLock { $0 }, as: UTF8.self)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}

// One conversation with a server: requests of many threads on their way, replies matched by number.
//
// A single thread moves the bytes. It never waits for a handler's work, and handlers never wait at all: they run on that
// thread, and what they ask in turn goes out with the rest.

import HikaeCore
import HikaeSource
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// How a request ended.
enum Answer {
    case reply(Reply)
    /// The conversation broke before the reply came.
    case broken(HikaeError)
}

/// Called once for each request, on the channel's thread. Must not wait.
typealias AnswerHandler = @Sendable (Answer) -> Void

/// One connection, from its greeting to its end. It does not come back once it broke.
final class SFTPChannel: Sendable {
    struct State {
        var pending: [UInt32: AnswerHandler] = [:]
        var nextID: UInt32 = 1
        var outgoing = PacketWriter()
        /// Handlers are running: what is asked meanwhile goes out when they are done.
        var isDispatching = false
        var failure: HikaeError?
        var replies = 0
    }

    let address: String
    let features: ServerFeatures
    private let process: ChildProcess
    private let askPass: AskPass?
    private let silence: Double
    private let state = Mutex(State())
    private let wake: SystemPipe
    private let thread = Mutex<RunningThread?>(nil)

    /// Seconds from the start of ssh to the server's greeting.
    private static let greetingPatience = 120.0

    /// Connects and greets. Throws what ssh says, as an error with its code.
    init(_ settings: SFTPSettings) throws(HikaeError) {
        address = settings.address
        silence = settings.silence
        askPass = if let password = settings.password { try AskPass(password) } else { nil }
        process = try SSHCommand.start(settings, askPass: askPass)
        _ = fcntl(process.input, F_SETFL, O_NONBLOCK)
        Self.widen(process.input)
        Self.widen(process.output)
        // A server that goes away must not end us.
        signal(SIGPIPE, SIG_IGN)
        let splitter = FrameSplitter()
        do throws(HikaeError) {
            features = try Self.greet(process, splitter, address)
        } catch {
            process.terminate()
            throw error
        }
        wake = try SystemPipe(for: settings.program)
        for end in [wake.read, wake.write] { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        let loop = ChannelLoop(channel: self, splitter: splitter, output: process.output)
        thread.withLock { $0 = RunningThread { loop.run() } }
    }

    /// Sends a request; `handler` is called with its answer, perhaps before this returns.
    func send(_ request: Request, _ handler: @escaping AnswerHandler) {
        let failure = state.withLock { state -> HikaeError? in
            if let failure = state.failure { return failure }
            let id = state.nextID
            state.nextID &+= 1
            state.pending[id] = handler
            let wasEmpty = state.outgoing.isEmpty
            request.write(id: id, to: &state.outgoing)
            if wasEmpty, !state.isDispatching { flush(&state) }
            return nil
        }
        if let failure { handler(.broken(failure)) }
    }

    /// Why the conversation ended; nil while it lives.
    var failure: HikaeError? { state.withLock { $0.failure } }

    /// Replies that have come.
    var replyCount: Int { state.withLock { $0.replies } }

    /// Ends the conversation. Requests on their way are answered as broken.
    func close() {
        fail(HikaeError(.cancelled, "the connection to \(address) was closed"))
        wakeUp()
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        guard let running else { return }
        running.join()
        process.closeInput()
        process.terminate()
    }

    deinit {
        Glibc.close(wake.read)
        Glibc.close(wake.write)
    }

    private func fail(_ error: HikaeError) {
        let waiting = state.withLock { state in
            if state.failure == nil { state.failure = error }
            defer { state.pending = [:] }
            return state.pending
        }
        for handler in waiting.values { handler(.broken(error)) }
    }

    /// Writes what can be written now; the loop is told of the rest.
    private func flush(_ state: inout State) {
        while !state.outgoing.isEmpty {
            let count = state.outgoing.withUnsent { write(process.input, $0.baseAddress, $0.count) }
            if count > 0 {
                state.outgoing.drop(count)
            } else if errno != EINTR {
                // Full, or gone: the loop sees to both.
                wakeUp()
                return
            }
        }
    }

    private func wakeUp() { _ = [UInt8(1)].withUnsafeBytes { write(wake.write, $0.baseAddress, 1) } }

    /// Larger pipes, where the system lets us: fewer changes between programs.
    private static func widen(_ descriptor: Int32) {
        #if canImport(Glibc)
            _ = fcntl(descriptor, 1031, 1 << 20)  // F_SETPIPE_SZ
        #endif
    }
}

// MARK: - What the loop does

extension SFTPChannel {
    /// Whether something waits to be written, and whether a reply is awaited. Nil when the conversation has ended.
    fileprivate var interest: (writes: Bool, awaits: Bool)? {
        state.withLock { $0.failure == nil ? (!$0.outgoing.isEmpty, !$0.pending.isEmpty) : nil }
    }

    fileprivate func wait(seconds: Double, writes: Bool) -> (isReadable: Bool, isWritable: Bool) {
        var polled = [
            pollfd(fd: process.output, events: Int16(POLLIN), revents: 0),
            pollfd(fd: wake.read, events: Int16(POLLIN), revents: 0),
            pollfd(fd: process.input, events: Int16(POLLOUT), revents: 0),
        ]
        _ = poll(&polled, writes ? 3 : 2, Int32(seconds * 1000))
        if polled[1].revents != 0 {
            var bin = [UInt8](repeating: 0, count: 64)
            _ = bin.withUnsafeMutableBytes { read(wake.read, $0.baseAddress, $0.count) }
        }
        return (polled[0].revents != 0, polled[2].revents != 0)
    }

    fileprivate func flush() { state.withLock { flush(&$0) } }

    /// Handles all whole packets.
    fileprivate func dispatch(_ splitter: FrameSplitter) throws(HikaeError) {
        state.withLock { $0.isDispatching = true }
        defer {
            state.withLock { state in
                state.isDispatching = false
                flush(&state)
            }
        }
        while let packet = try splitter.next() {
            let (id, reply) = try Reply.decode(packet)
            let handler = state.withLock { state in
                state.replies += 1
                return state.pending.removeValue(forKey: id)
            }
            guard let handler else {
                throw HikaeError(.protocolViolation, "\(address) answered a request that was never made")
            }
            handler(.reply(reply))
        }
    }

    /// The other side has ended the stream: says why, and fails what is under way.
    fileprivate func ended() {
        let messages = process.lastWords()
        fail(SSHFailure.error(messages, address: address, wasConnected: true))
    }

    fileprivate func failed(_ error: HikaeError) { fail(error) }

    fileprivate var silenceLimit: Double { silence }

    private static func greet(_ process: ChildProcess, _ splitter: FrameSplitter, _ address: String)
        throws(HikaeError) -> ServerFeatures
    {
        var writer = PacketWriter()
        Request.writeGreeting(to: &writer)
        try send(writer, to: process)
        let deadline = MonotonicTime.seconds() + greetingPatience
        var features = try ServerFeatures(greeting: try packet(process, splitter, address, deadline))
        guard features.tellsLimits else { return features }
        writer = PacketWriter()
        Request.limits.write(id: 0, to: &writer)
        try send(writer, to: process)
        if case (0, .extended(let answer)) = try Reply.decode(try packet(process, splitter, address, deadline)) {
            try features.takeLimits(answer)
        }
        return features
    }

    private static func send(_ writer: PacketWriter, to process: ChildProcess) throws(HikaeError) {
        // A few bytes into an empty pipe; when ssh has ended already, the reading tells why.
        _ = writer.withUnsent { write(process.input, $0.baseAddress, $0.count) }
    }

    private static func packet(
        _ process: ChildProcess, _ splitter: FrameSplitter, _ address: String, _ deadline: Double
    ) throws(HikaeError) -> UnsafeRawBufferPointer {
        while true {
            if let packet = try splitter.next() { return packet }
            var polled = pollfd(fd: process.output, events: Int16(POLLIN), revents: 0)
            let rest = deadline - MonotonicTime.seconds()
            guard rest > 0, poll(&polled, 1, Int32(rest * 1000) + 1) >= 0 || errno == EINTR else {
                throw HikaeError(.unreachable, "\(address) does not answer", isRetryable: true)
            }
            guard polled.revents != 0 else { continue }
            let count = try process.read(into: splitter.room)
            guard count > 0 else {
                throw SSHFailure.error(process.lastWords(), address: address, wasConnected: false)
            }
            splitter.added(count)
        }
    }
}

/// The thread of a channel.
///
/// `@unchecked Sendable` is sound because only that thread uses the splitter once it runs.
private struct ChannelLoop: @unchecked Sendable {
    let channel: SFTPChannel
    let splitter: FrameSplitter
    let output: Int32
    /// Bytes that show that an answer is on its way, though it is not whole yet.
    private static let leastHeard = 4096

    func run() {
        var lastSign = MonotonicTime.seconds()
        var (heard, replies) = (0, 0)
        while let (writes, awaits) = channel.interest {
            let ready = channel.wait(seconds: 1, writes: writes)
            if ready.isWritable { channel.flush() }
            if ready.isReadable {
                let room = splitter.room
                let count = read(output, room.baseAddress, room.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return channel.ended() }
                splitter.added(count)
                heard += count
                do throws(HikaeError) { try channel.dispatch(splitter) } catch { channel.failed(error) }
            }
            let now = MonotonicTime.seconds()
            // A byte now and then is no sign of life: nobody could wait for the whole.
            if !awaits || heard >= Self.leastHeard || channel.replyCount > replies {
                (lastSign, heard, replies) = (now, 0, channel.replyCount)
            } else if now - lastSign > channel.silenceLimit {
                channel.failed(
                    HikaeError(.unreachable, "\(channel.address) has stopped to answer", isRetryable: true))
            }
        }
    }
}

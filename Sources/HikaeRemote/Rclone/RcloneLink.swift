// REST requests through a program's standard input and output: `rclone serve restic --stdio`, HTTP/2 without TLS and
// without asking first. A program that ended, or on which nothing moves any more, is followed by a new one at the next
// request; what was under way fails, and says that it may be repeated.

import HikaeCore
import HikaeHTTP
import HikaeSource
import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOPosix

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Carries requests to one program, many at once.
final class RcloneLink: RESTLink {
    /// A running program and the streams to it.
    private struct Line: Sendable {
        let process: ChildProcess
        let channel: any Channel
        let streams: NIOHTTP2Handler.StreamMultiplexer
        let pulse = Pulse()
    }

    private enum State {
        case idle
        case starting
        case running(Line)
    }

    private let command: [String]
    private let location: String
    private let patience: Patience
    private let cancellation: Cancellation
    private let state = Monitor<State>(.idle)

    /// - Parameters:
    ///   - command: the program and its arguments.
    ///   - location: the place, for messages.
    init(_ command: [String], location: String, cancellation: Cancellation, patience: Patience = Patience()) {
        (self.command, self.location) = (command, location)
        (self.cancellation, self.patience) = (cancellation, patience)
    }

    deinit { close() }

    func close() {
        let last = state.withLock { state in
            defer { state = .idle }
            return state
        }
        if case .running(let line) = last { Self.end(line) }
    }

    func exchange(_ request: RESTRequest, limit: Int, into buffer: UnsafeMutableRawBufferPointer?) throws(HikaeError)
        -> RESTAnswer
    {
        let line = try line()
        let answer = StreamAnswer(limit: limit, pulse: line.pulse)
        send(request, on: line, to: answer)
        let (head, body) = try wait(for: answer, line, sending: request.body?.count ?? 0)
        guard head.status == 206, let buffer else { return RESTAnswer(head: head, body: body, count: body.count) }
        buffer.copyBytes(from: body.prefix(buffer.count))
        return RESTAnswer(head: head, body: [], count: body.count)
    }

    private func send(_ request: RESTRequest, on line: Line, to answer: StreamAnswer) {
        var fields = HTTPHeaders(request.headers.map { ($0.name, $0.value) })
        fields.replaceOrAdd(name: "Host", value: "localhost")
        if let body = request.body { fields.replaceOrAdd(name: "Content-Length", value: String(body.count)) }
        let head = HTTPRequestHead(
            version: .http2, method: HTTPMethod(rawValue: request.method), uri: "/" + request.path + request.query,
            headers: fields)
        let body = request.body.map { ByteBuffer(bytes: $0) }
        let made = line.streams.createStreamChannel { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandlers([
                    HTTP2FramePayloadToHTTP1ClientCodec(httpProtocol: .http), StreamReceiver(answer),
                ])
            }
        }
        made.whenFailure { error in answer.fail(error) }
        made.whenSuccess { channel in
            channel.write(HTTPClientRequestPart.head(head), promise: nil)
            if let body { channel.write(HTTPClientRequestPart.body(.byteBuffer(body)), promise: nil) }
            let sent = channel.eventLoop.makePromise(of: Void.self)
            sent.futureResult.whenComplete { _ in answer.sign() }
            channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: sent)
            answer.take(channel)
        }
    }

    /// Waits until the answer is whole. Gives up when nothing moves, and the program with it when nothing else moved
    /// meanwhile either.
    ///
    /// - Parameter count: bytes of the body that goes out.
    private func wait(for answer: StreamAnswer, _ line: Line, sending count: Int) throws(HikaeError) -> (
        ResponseHead, [UInt8]
    ) {
        var (signs, beats, silent) = (-1, 0, 0.0)
        // A cloud behind rclone may take its time to acknowledge; 32 KiB a second is what the slowest line is granted.
        let patience = patience.silence * 5 + Double(count) / 32_768
        while true {
            if let result = answer.result(seconds: 0.25) {
                do throws(HikaeError) {
                    return try result.get()
                } catch {
                    throw explained(error, line)
                }
            }
            do throws(HikaeError) {
                try cancellation.check()
                let now = answer.signs
                if now != signs { (signs, beats, silent) = (now, line.pulse.beats, 0) } else { silent += 0.25 }
                guard silent < patience else {
                    if line.pulse.beats == beats { abandon(line) }
                    throw HikaeError(
                        .unreachable, "\(location): \(command[0]) said nothing for \(Int(patience)) seconds",
                        isRetryable: true)
                }
            } catch {
                answer.cancel()
                throw error
            }
        }
    }

    // MARK: The program

    /// The program's streams; starts it when it does not run.
    private func line() throws(HikaeError) -> Line {
        let found = state.wait { state -> Line?? in
            switch state {
            case .running(let line) where line.channel.isActive: return .some(line)
            case .starting: return nil
            case .running, .idle:
                state = .starting
                return .some(nil)
            }
        }
        if let found { return found }
        do throws(HikaeError) {
            let line = try start()
            state.withLock { $0 = .running(line) }
            return line
        } catch {
            state.withLock { $0 = .idle }
            throw error
        }
    }

    private func start() throws(HikaeError) -> Line {
        var options = ChildProcess.Options()
        options.takesInput = true
        options.keepsMessages = true
        let process = try ChildProcess(command, options: options)
        // A program that goes away must not end us.
        signal(SIGPIPE, SIG_IGN)
        // NIO closes its own pair; the process's belong to the process.
        let input = fcntl(process.output, F_DUPFD_CLOEXEC, 3)
        let output = fcntl(process.input, F_DUPFD_CLOEXEC, 3)
        guard input >= 0, output >= 0 else {
            let error = HikaeError.system("use the pipes of", command[0])
            for descriptor in [input, output] where descriptor >= 0 { Glibc.close(descriptor) }
            throw error
        }
        let channel: any Channel
        do {
            channel = try NIOPipeBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .takingOwnershipOfDescriptors(input: input, output: output).wait()
        } catch {
            // Not taken: ours still.
            for descriptor in [input, output] { Glibc.close(descriptor) }
            throw HikaeError(.programFailed, "\(command[0]) cannot be spoken to: \(error)")
        }
        do {
            let streams = try channel.configureHTTP2Pipeline(
                mode: .client, connectionConfiguration: .init(), streamConfiguration: .init()
            ) { $0.close() }.wait()
            process.closeInput()
            return Line(process: process, channel: channel, streams: streams)
        } catch {
            // It has ended already, or does as soon as nothing more can come.
            channel.close(promise: nil)
            throw ended(process)
        }
    }

    /// Ends a program that is of no use any more; the next request starts another.
    private func abandon(_ line: Line) {
        let isCurrent = state.withLock { state in
            guard case .running(let current) = state, current.process === line.process else { return false }
            state = .idle
            return true
        }
        if isCurrent { Self.end(line) }
    }

    /// Closes the program's input, upon which it ends, and sees to it.
    private static func end(_ line: Line) {
        try? line.channel.close().wait()
        line.process.terminate()
    }

    /// The same error, with how the program ended and what it said, when that is what broke the stream.
    private func explained(_ error: HikaeError, _ line: Line) -> HikaeError {
        guard error.code == .unreachable else { return error }
        // A stream may break a moment before the program has ended, and only then its words are whole.
        for _ in 0..<50 where line.channel.isActive { usleep(20_000) }
        guard !line.channel.isActive else { return error }
        return ended(line.process)
    }

    /// The error for a program that has ended, or does so now.
    private func ended(_ process: ChildProcess) -> HikaeError {
        let words = process.lastWords()
        let status = (try? process.wait()) ?? 0
        let how = status > 128 ? "was ended by signal \(status - 128)" : "ended, with exit status \(status)"
        return HikaeError(
            .unreachable, "\(location): \(command[0]) \(how), before it had answered",
            hint: words.isEmpty ? nil : words, isRetryable: true)
    }
}

// REST requests through a program's standard input and output: `rclone serve restic --stdio`, HTTP/2 without TLS and
// without asking first. A program that ended is started again by the next request.

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

    deinit {
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
        let answer = StreamAnswer(limit: limit)
        send(request, on: line, to: answer)
        let (head, body) = try wait(for: answer, line)
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

    /// Waits until the answer is whole. Gives up when nothing moves.
    private func wait(for answer: StreamAnswer, _ line: Line) throws(HikaeError) -> (ResponseHead, [UInt8]) {
        var (signs, silent) = (-1, 0.0)
        // A cloud behind rclone may take its time to acknowledge.
        let patience = patience.silence * 5
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
                silent = now == signs ? silent + 0.25 : 0
                signs = now
                guard silent < patience else {
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
        guard input >= 0, output >= 0 else { throw .system("use the pipes of", command[0]) }
        do {
            let channel = try NIOPipeBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .takingOwnershipOfDescriptors(input: input, output: output).wait()
            let streams = try channel.configureHTTP2Pipeline(
                mode: .client, connectionConfiguration: .init(), streamConfiguration: .init()
            ) { $0.close() }.wait()
            process.closeInput()
            return Line(process: process, channel: channel, streams: streams)
        } catch {
            process.terminate()
            throw HikaeError(.programFailed, "\(command[0]) cannot be spoken to: \(error)")
        }
    }

    /// Closes the program's input, upon which it ends, and sees to it.
    private static func end(_ line: Line) {
        try? line.channel.close().wait()
        line.process.terminate()
    }

    /// The same error, with what the program said when that ended it.
    private func explained(_ error: HikaeError, _ line: Line) -> HikaeError {
        guard error.code == .unreachable else { return error }
        // A stream may break a moment before the program has ended, and only then its words are whole.
        for _ in 0..<50 where line.channel.isActive { usleep(20_000) }
        guard !line.channel.isActive else { return error }
        _ = try? line.process.wait()
        let words = line.process.messages
        let text = words.isEmpty ? error.message : "\(location): \(command[0]) ended"
        return HikaeError(.unreachable, text, hint: words.isEmpty ? nil : words, isRetryable: true)
    }
}

// One answer on an HTTP/2 stream: filled by the event loop, waited for by a thread.

import HikaeCore
import HikaeHTTP
import NIOCore
import NIOHTTP1
import Synchronization

/// How often anything moved on any stream of one program.
final class Pulse: Sendable {
    private let count = Atomic<Int>(0)

    var beats: Int { count.load(ordering: .relaxed) }

    func beat() { count.add(1, ordering: .relaxed) }
}

/// An answer on its way.
final class StreamAnswer: Sendable {
    private struct State {
        var head: ResponseHead?
        var body: [UInt8] = []
        var result: Result<Void, HikaeError>?
        var signs = 0
        var channel: (any Channel)?
        var isCancelled = false
    }

    private let limit: Int
    private let pulse: Pulse
    private let monitor = Monitor(State())

    /// - Parameters:
    ///   - limit: bytes of a body at most.
    ///   - pulse: told of whatever moves.
    init(limit: Int, pulse: Pulse) { (self.limit, self.pulse) = (limit, pulse) }

    /// The answer when it is whole, waiting for so long.
    func result(seconds: Double) -> Result<(ResponseHead, [UInt8]), HikaeError>? {
        monitor.wait(seconds: seconds) { state -> Result<(ResponseHead, [UInt8]), HikaeError>? in
            guard let result = state.result else { return nil }
            if case .failure(let error) = result { return .failure(error) }
            guard let head = state.head else {
                return .failure(HikaeError(.protocolViolation, "an answer without a head"))
            }
            return .success((head, state.body))
        }
    }

    /// How often anything moved.
    var signs: Int { monitor.withLock { $0.signs } }

    /// Something moved.
    func sign() {
        pulse.beat()
        monitor.withLock { $0.signs += 1 }
    }

    /// The stream, so that it can be given up.
    func take(_ channel: any Channel) {
        let isUnwanted = monitor.withLock { state in
            state.channel = channel
            return state.isCancelled
        }
        if isUnwanted { channel.close(promise: nil) }
    }

    /// Nobody waits any more.
    func cancel() {
        let channel = monitor.withLock { state in
            state.isCancelled = true
            return state.channel
        }
        channel?.close(promise: nil)
    }

    func begin(_ head: HTTPResponseHead) {
        let fields = head.headers.map { WireField($0.name.lowercased(), $0.value) }
        pulse.beat()
        monitor.withLock { state in
            state.head = ResponseHead(status: Int(head.status.code), headers: fields)
            state.signs += 1
        }
    }

    /// False when that is too much.
    func append(_ part: ByteBuffer) -> Bool {
        pulse.beat()
        return monitor.withLock { state in
            state.signs += 1
            guard state.body.count + part.readableBytes <= limit else {
                state.result = .failure(HikaeError(.protocolViolation, "an answer of more than \(limit) bytes"))
                return false
            }
            state.body.append(contentsOf: part.readableBytesView)
            return true
        }
    }

    func end() { monitor.withLock { if $0.result == nil { $0.result = .success(()) } } }

    func fail(_ error: any Error) {
        let failure = HikaeError(.unreachable, "the stream broke: \(error)", isRetryable: true)
        monitor.withLock { if $0.result == nil { $0.result = .failure(failure) } }
    }
}

/// Hands what comes on a stream to its answer.
///
/// `@unchecked Sendable` is sound because it has no state of its own, and the answer has a lock.
final class StreamReceiver: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = HTTPClientResponsePart

    private let answer: StreamAnswer

    init(_ answer: StreamAnswer) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): answer.begin(head)
        case .body(let part): if !answer.append(part) { context.close(promise: nil) }
        case .end: answer.end()
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        answer.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        answer.fail(ChannelError.eof)
        context.fireChannelInactive()
    }
}

// Stands in each connection's pipeline, where requests and answers have been told apart from bytes: leaves clients
// that are too slow, addresses with too many connections, and connections whose answer says that they are closed.

internal import HTTPTypes
internal import HikaeCore
internal import NIOCore
internal import NIOHTTPTypes
internal import Synchronization

/// Asked of a connection when the body of the request that is being answered will be read.
struct BodyWanted: Sendable {}

/// How many connections each address has.
final class ConnectionCounts: Sendable {
    private let counts = Mutex<[String: Int]>([:])
    let limit: Int

    init(limit: Int) { self.limit = limit }

    /// Counts one more; false when there are too many.
    func enter(_ address: String) -> Bool {
        counts.withLock { counts in
            counts[address, default: 0] += 1
            return counts[address, default: 0] <= limit
        }
    }

    func leave(_ address: String) {
        counts.withLock { counts in
            counts[address, default: 0] -= 1
            if counts[address, default: 0] <= 0 { counts[address] = nil }
        }
    }
}

/// The guard of one connection.
///
/// `@unchecked Sendable` is sound because the channel calls it on its own event loop alone.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler, @unchecked Sendable {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let limits: ServerLimits
    private let counts: ConnectionCounts
    private let metrics: ServerMetrics
    private var address: String?
    private var request: ClientPatience
    private var answer: ClientPatience
    private var isReading = false
    private var unsent = 0
    /// Requests whose head has come, and requests whose answer has begun.
    private var heads: UInt64 = 0
    private var answers: UInt64 = 0
    /// The request whose client waits to be told to go on, before it sends the body.
    private var expecting: UInt64?
    private var closesAfterAnswer = false
    private var isLeaving = false
    private var watch: RepeatedTask?

    /// Seconds that a client has to read a refusal before a connection that it still sends on is cut.
    private static let lingerSeconds: Int64 = 3

    init(_ limits: ServerLimits, _ counts: ConnectionCounts, _ metrics: ServerMetrics) {
        (self.limits, self.counts, self.metrics) = (limits, counts, metrics)
        request = ClientPatience(grace: limits.patienceSeconds, bytesPerSecond: limits.bytesPerSecond)
        answer = ClientPatience(
            grace: limits.patienceSeconds, bytesPerSecond: limits.bytesPerSecond, step: VaultResponder.stepBytes)
    }

    func handlerAdded(context: ChannelHandlerContext) { if context.channel.isActive { start(context) } }

    func channelActive(context: ChannelHandlerContext) {
        start(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    private func start(_ context: ChannelHandlerContext) {
        guard address == nil else { return }
        let address = context.channel.remoteAddress?.ipAddress ?? ""
        self.address = address
        metrics.connection(1)
        guard counts.enter(address) else { return context.close(promise: nil) }
        let bound = NIOLoopBound((guard: self, context: context), eventLoop: context.eventLoop)
        watch = context.eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
            bound.value.guard.look(bound.value.context)
        }
    }

    private func end() {
        watch?.cancel()
        watch = nil
        guard let address, !isLeaving else { return }
        isLeaving = true
        metrics.connection(-1)
        counts.leave(address)
    }

    private func look(_ context: ChannelHandlerContext) {
        let now = MonotonicTime.seconds()
        // A client that does as it was told and waits is not slow.
        guard (isReading && expecting == nil && request.isOver(at: now)) || (unsent > 0 && answer.isOver(at: now))
        else { return }
        metrics.wasSlow()
        context.close(promise: nil)
    }

    func read(context: ChannelHandlerContext) {
        if isReading { request.wait(at: MonotonicTime.seconds()) }
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            request.begin()
            isReading = true
            heads += 1
            expecting = head.headerFields[.expect]?.lowercased() == "100-continue" ? heads : nil
        case .body(let buffer):
            // It did not wait.
            expecting = nil
            request.move(buffer.readableBytes, at: MonotonicTime.seconds())
        case .end:
            isReading = false
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        var count = 0
        var isEnd = false
        switch unwrapOutboundIn(data) {
        case .head(let head):
            answer.begin()
            answers += 1
            if expecting == answers { expecting = nil }
            if head.headerFields[.connection] == "close" { closesAfterAnswer = true }
        case .body(let buffer): count = buffer.readableBytes
        case .end: isEnd = true
        }
        let promise = promise ?? context.eventLoop.makePromise(of: Void.self)
        unsent += 1
        answer.wait(at: MonotonicTime.seconds())
        let bound = NIOLoopBound((guard: self, context: context), eventLoop: context.eventLoop)
        promise.futureResult.whenComplete { [count, isEnd] _ in
            bound.value.guard.sent(count, isEnd: isEnd, bound.value.context)
        }
        context.write(data, promise: promise)
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard event is BodyWanted else { return context.triggerUserOutboundEvent(event, promise: promise) }
        if expecting == answers + 1 {
            expecting = nil
            request.begin()
            request.wait(at: MonotonicTime.seconds())
            context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
        }
        promise?.succeed()
    }

    private func sent(_ count: Int, isEnd: Bool, _ context: ChannelHandlerContext) {
        let now = MonotonicTime.seconds()
        unsent -= 1
        answer.move(count, at: now)
        if unsent > 0 { answer.wait(at: now) }
        guard isEnd, closesAfterAnswer else { return }
        guard isReading else { return context.close(promise: nil) }
        // Closed at once, bytes that still come would take the answer away from the client.
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: .seconds(Self.lingerSeconds)) { bound.value.close(promise: nil) }
    }
}

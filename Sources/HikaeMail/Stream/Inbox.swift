// The end of a channel's pipeline: keeps what came in for the thread that asks for it, and asks for no more than fits.

import HikaeCore
import NIOCore
import NIOSSL
import NIOTLS

/// Bytes and events of one connection, between NIO's thread and the one that reads.
final class Inbox: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    /// From so many bytes on nothing more is read until the reader has taken them.
    private static let capacity = 512 << 10

    /// What the two sides share.
    struct State: Sendable {
        var buffers: [ByteBuffer] = []
        var bytes = 0
        /// Why nothing more will come; the bytes are still to be read.
        var end: (any Error)?
        var isEnded = false
        var isSecured = false
        /// Whether the channel was left without a read because the buffers are full.
        var isPaused = false
        /// Commands' bytes handed over and not yet written.
        var writing = 0
    }

    let monitor = Monitor(State())

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        guard buffer.readableBytes > 0 else { return }
        monitor.withLock { state in
            state.bytes += buffer.readableBytes
            state.buffers.append(buffer)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        let goesOn = monitor.withLock { state in
            state.isPaused = state.bytes >= Self.capacity
            return !state.isPaused
        }
        if goesOn { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? TLSUserEvent, case .handshakeCompleted = event {
            monitor.withLock { $0.isSecured = true }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        monitor.withLock { if $0.end == nil { $0.end = error } }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        monitor.withLock { $0.isEnded = true }
        context.fireChannelInactive()
    }

    /// Nothing will come from a channel that was never made or is closed.
    func end(_ error: any Error) {
        monitor.withLock { state in
            if state.end == nil { state.end = error }
            state.isEnded = true
        }
    }
}

// The connections that a server has. Hummingbird ends its own from a task on Swift's shared threads, which may all be held
// by blocking work of the same process: it came late, or when the event loops had ended. So the server does it itself.

internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import Synchronization

/// All connections of one server, from when they can be answered until they are closed.
final class OpenConnections: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isEnding = false
    }

    private let state = Mutex(State())

    /// Keeps a connection until it is closed. One that comes when all are being ended is ended, too.
    func add(_ channel: any Channel) {
        let isEnding = state.withLock { state in
            state.channels[ObjectIdentifier(channel)] = channel
            return state.isEnding
        }
        channel.closeFuture.whenComplete { [self] _ in
            state.withLock { $0.channels[ObjectIdentifier(channel)] = nil }
        }
        if isEnding { Self.end(channel) }
    }

    /// Ends those that are idle at once, and the others with the answer that is under way.
    func end() {
        let channels = state.withLock { state in
            state.isEnding = true
            return Array(state.channels.values)
        }
        for channel in channels { Self.end(channel) }
    }

    /// Cuts all of them.
    func cut() {
        for channel in state.withLock({ Array($0.channels.values) }) { channel.close(promise: nil) }
    }

    private static func end(_ channel: any Channel) {
        channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    }
}

/// Another kind of connection, kept among those that are open.
struct OpenChannel<Base: ServerChildChannel>: ServerChildChannel {
    typealias Value = Base.Value

    let connections: OpenConnections
    let base: Base

    init(_ connections: OpenConnections, _ base: Base) { (self.connections, self.base) = (connections, base) }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        base.setup(channel: channel, logger: logger).map { value in
            connections.add(channel)
            return value
        }
    }

    func handle(value: Base.Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}

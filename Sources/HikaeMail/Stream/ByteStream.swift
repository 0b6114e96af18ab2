// A connection as a blocking stream of bytes, on SwiftNIO. The rest of the target never sees NIO.

import HikaeCore
import NIOCore
import NIOPosix
import NIOSSL

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A TCP connection, later or from the start in TLS. Used by one thread at a time; closed when released.
final class ByteStream {
    private let channel: any Channel
    private let inbox: Inbox
    private let trust: ServerTrust
    private let host: String
    private let port: Int
    private let timeLimit: Double
    private(set) var isSecured = false
    /// Whether the server has said anything yet.
    private var hasHeard = false

    /// How the connection begins.
    enum Beginning {
        case plain, secured
        /// In TLS that ends once the server's certificate was seen.
        case inspecting
    }

    /// Connects. Throws `.unreachable`, or `.untrusted`.
    init(host: String, port: Int, trust: ServerTrust, timeLimit: Int, beginning: Beginning) throws(HikaeError) {
        (self.host, self.port) = (host, port)
        self.trust = trust
        self.timeLimit = Double(timeLimit)
        let inbox = Inbox()
        self.inbox = inbox
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(ChannelOptions.autoRead, value: false)
            .channelOption(ChannelOptions.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(ChannelOptions.socketOption(.so_keepalive), value: 1)
            .channelOption(
                ChannelOptions.recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 64 << 10, maximum: 256 << 10)
            )
            .connectTimeout(.seconds(Int64(min(timeLimit, 30))))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    switch beginning {
                    case .plain: break
                    case .secured: try channel.pipeline.syncOperations.addHandler(trust.handler())
                    case .inspecting: try channel.pipeline.syncOperations.addHandler(trust.inspectingHandler())
                    }
                    try channel.pipeline.syncOperations.addHandler(inbox)
                }
            }
        do {
            channel = try bootstrap.connect(host: host, port: port).wait()
        } catch {
            throw HikaeError(
                .unreachable, "\(host) does not answer on port \(port): \(Self.words(error))",
                hint: "Check host, port and your own network.", isRetryable: true)
        }
        if beginning != .plain {
            do throws(HikaeError) { try awaitHandshake() } catch {
                channel.close(promise: nil)
                throw error
            }
        }
    }

    deinit { channel.close(promise: nil) }

    /// Ends the connection at once.
    func close() {
        channel.close(promise: nil)
        inbox.end(ChannelError.ioOnClosedChannel)
    }

    /// Goes over to TLS. Whatever the server sent before is refused: it could be somebody else's.
    func secure() throws(HikaeError) { try secure(isInspection: false) }

    /// Goes over to TLS only to be shown the certificate; always throws.
    func secureForInspection() throws(HikaeError) { try secure(isInspection: true) }

    private func secure(isInspection: Bool) throws(HikaeError) {
        let (channel, inbox, trust) = (channel, inbox, trust)
        let added = channel.eventLoop.submit { () throws -> Bool in
            guard inbox.monitor.withLock({ $0.bytes == 0 }) else { return false }
            // Before the inbox, in the same turn of the loop: no byte can come between the look and the change.
            try channel.pipeline.syncOperations.addHandler(
                isInspection ? trust.inspectingHandler() : trust.handler(), position: .first)
            return true
        }
        do {
            guard try added.wait() else { throw Self.injection(host) }
        } catch let error as HikaeError {
            throw error
        } catch {
            throw HikaeError(.unreachable, "TLS with \(host) cannot begin: \(Self.words(error))", isRetryable: true)
        }
        try awaitHandshake()
    }

    /// The error for bytes that came in the clear after the answer to STARTTLS.
    static func injection(_ host: String) -> HikaeError {
        HikaeError(
            .protocolViolation, "\(host) sent more than its answer to STARTTLS before TLS began",
            hint: "Somebody between here and the server may be meddling. Use TLS from the first byte (port 993).")
    }

    private func awaitHandshake() throws(HikaeError) {
        let outcome = inbox.monitor.wait(seconds: min(timeLimit, 60)) { state -> (Bool, (any Error)?)? in
            if state.isSecured { return (true, nil) }
            return state.isEnded || state.end != nil ? (false, state.end) : nil
        }
        guard let outcome else {
            throw HikaeError(.unreachable, "\(host) does not answer to the beginning of TLS", isRetryable: true)
        }
        if outcome.0 {
            isSecured = true
            return
        }
        if let error = outcome.1, Self.isDistrust(error) {
            if error is NIOSSLExtraError { trust.noteOtherName() }
            throw trust.refusal()
        }
        let words = outcome.1.map { HandshakeWords(Self.words($0)) }
        if words?.isWithoutTLS == true {
            throw HikaeError(
                .unreachable, "\(host) answers without TLS on port \(port)",
                hint: "Is the port right? A server that begins without TLS (port 143) is imap://, and goes over to it.")
        }
        throw HikaeError(
            .unreachable, "TLS with \(host) fails: \(words?.reason ?? "the connection ended")", isRetryable: true)
    }

    private static func isDistrust(_ error: any Error) -> Bool {
        if let error = error as? NIOSSLExtraError { return error == .failedToValidateHostname }
        guard let error = error as? NIOSSLError else { return false }
        switch error {
        case .handshakeFailed(let reason): return "\(reason)".contains("CERTIFICATE_VERIFY_FAILED")
        case .unableToValidateCertificate, .noCertificateToValidate: return true
        default: return false
        }
    }

    /// The next bytes, waiting for them; nil at the end of the connection.
    ///
    /// Throws `.unreachable` when the connection broke or the server is silent for too long.
    func read() throws(HikaeError) -> [ByteBuffer]? {
        let outcome = inbox.monitor.wait(seconds: timeLimit) { state -> Received? in
            if !state.buffers.isEmpty {
                defer { (state.buffers, state.bytes, state.isPaused) = ([], 0, false) }
                return Received(buffers: state.buffers, wasPaused: state.isPaused)
            }
            return state.isEnded || state.end != nil ? Received(error: state.end) : nil
        }
        guard let outcome else {
            close()
            throw HikaeError(
                .unreachable, "\(host), port \(port), has said nothing for \(Int(timeLimit)) seconds",
                hint: hasHeard || isSecured
                    ? nil : "Is the port right? A server that speaks TLS from the first byte (port 993) is imaps://.",
                isRetryable: true)
        }
        if outcome.wasPaused { channel.read() }
        if !outcome.buffers.isEmpty {
            hasHeard = true
            return outcome.buffers
        }
        guard let error = outcome.error, !Self.isPlainEnd(error) else { return nil }
        throw HikaeError(
            .unreachable, "the connection to \(host) broke: \(Self.words(error))", isRetryable: true)
    }

    private struct Received {
        var buffers: [ByteBuffer] = []
        var wasPaused = false
        var error: (any Error)?
    }

    /// Sends bytes; returns once no more than a bounded amount waits to be taken by the network.
    func write(_ bytes: some Collection<UInt8> & Sendable) throws(HikaeError) {
        let count = bytes.count
        let inbox = inbox
        inbox.monitor.withLock { $0.writing += count }
        channel.writeAndFlush(channel.allocator.buffer(bytes: bytes)).whenComplete { result in
            inbox.monitor.withLock { $0.writing -= count }
            if case .failure(let error) = result { inbox.end(error) }
        }
        let done = inbox.monitor.wait(seconds: timeLimit) { state -> Bool? in
            state.writing <= 1 << 20 || state.isEnded ? true : nil
        }
        guard done != nil else {
            close()
            throw HikaeError(
                .unreachable, "\(host) has taken nothing for \(Int(timeLimit)) seconds", isRetryable: true)
        }
    }

    private static func isPlainEnd(_ error: any Error) -> Bool {
        (error as? NIOSSLError) == .uncleanShutdown || (error as? ChannelError) == .ioOnClosedChannel
            || (error as? ChannelError) == .inputClosed || (error as? ChannelError) == .eof
    }

    private static func words(_ error: any Error) -> String {
        if let error = error as? IOError {
            var buffer = [CChar](repeating: 0, count: 256)
            if strerror_r(error.errnoCode, &buffer, buffer.count) == 0 {
                return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            }
        }
        if let error = error as? NIOConnectionError {
            if let first = error.connectionErrors.first { return words(first.error) }
            return "no such host"
        }
        return ServerWords.printable(Array("\(error)".utf8)[...], limit: 300)
    }
}

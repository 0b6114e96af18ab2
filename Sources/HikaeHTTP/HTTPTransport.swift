// AsyncHTTPClient behind blocking calls. Knows nothing of what the server is for.

import AsyncHTTPClient
package import HikaeCore
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Connections to one server.
package final class HTTPTransport: Sendable {
    private let client: HTTPClient
    private let place: String
    private let host: String
    private let port: Int
    private let trust: ServerTrust
    /// A handshake failed because the certificate is of another name.
    private let isOfOtherName = Atomic<Bool>(false)
    package let patience: Patience
    package let cancellation: Cancellation

    /// - Parameters:
    ///   - place: the server, for messages.
    ///   - connections: kept open, at most.
    ///   - addresses: of hosts that are not to be looked up.
    package init(
        host: String, port: Int, place: String, trust: ServerTrust, connections: Int, patience: Patience,
        cancellation: Cancellation, addresses: [String: String] = [:]
    ) throws(HikaeError) {
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: try trust.configuration(), redirectConfiguration: .disallow)
        configuration.timeout.connect = .milliseconds(Int64(patience.connect * 1000))
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connections
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.idleTimeout = .seconds(30)
        configuration.decompression = .disabled
        configuration.httpVersion = .http1Only
        configuration.http1_1ConnectionDebugInitializer = trust.check
        configuration.dnsOverride = addresses
        // One loop for all of a client: with several, an answer that comes before the library has noted the request's end
        // takes a way over another one, and a connection that is closed meanwhile ends the program (1.37).
        client = HTTPClient(
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton.next()), configuration: configuration)
        (self.host, self.port, self.place, self.trust) = (host, port, place, trust)
        (self.patience, self.cancellation) = (patience, cancellation)
    }

    /// A request that has been sent off.
    package struct Exchange: Sendable {
        package let response: ResponseStream
        private let task: HTTPClient.Task<Void>

        fileprivate init(_ response: ResponseStream, _ task: HTTPClient.Task<Void>) {
            (self.response, self.task) = (response, task)
        }

        /// Ends it, wherever it is. The connection of an answer that was not read to its end is given up.
        package func close() {
            response.close()
            task.cancel()
        }
    }

    /// Sends a request. Connecting and answering go on meanwhile: what hinders them comes out of the response.
    package func begin(method: String, url: String, headers: [WireField], body: [UInt8]?) throws(HikaeError) -> Exchange
    {
        let response = ResponseStream(patience, cancellation, bodyCount: body?.count ?? 0) { [self] in translate($0) }
        do {
            let fields = HTTPHeaders(headers.map { ($0.name, $0.value) })
            let request = try HTTPClient.Request(
                url: url, method: HTTPMethod(rawValue: method), headers: fields,
                body: body.map(Self.body))
            return Exchange(response, client.execute(request: request, delegate: response))
        } catch {
            throw HikaeError(.usage, "a request to \(place) cannot be made: \(error)")
        }
    }

    /// A body that goes out in parts, so that each is a sign of life.
    private static func body(_ bytes: [UInt8]) -> HTTPClient.Body {
        // A line that is slow takes seconds for a part; a body of any length has not too many.
        let length = max(128 << 10, bytes.count / 512)
        guard bytes.count > length else { return .bytes(bytes) }
        let whole = ByteBuffer(bytes: bytes)
        return .stream(contentLength: Int64(bytes.count)) { writer in send(whole, in: length, to: writer) }
    }

    private static func send(
        _ bytes: ByteBuffer, in length: Int, to writer: HTTPClient.Body.StreamWriter
    ) -> EventLoopFuture<Void> {
        var rest = bytes
        let part = rest.readSlice(length: min(length, rest.readableBytes)) ?? ByteBuffer()
        return writer.write(.byteBuffer(part)).flatMapWithEventLoop { [rest] _, loop in
            rest.readableBytes == 0 ? loop.makeSucceededVoidFuture() : send(rest, in: length, to: writer)
        }
    }

    /// Ends every connection.
    package func close() { _ = try? client.syncShutdown() }

    private func translate(_ error: any Error) -> HikaeError {
        if let error = error as? HikaeError { return error }
        if let error = error as? PinnedCertificateDiffers {
            return ServerTrust.refused(place, fingerprint: error.seen)
        }
        let text = String(describing: error)
        if text.contains("CERTIFICATE_VERIFY_FAILED") || text.contains("failedToValidateHostname")
            || text.contains("unableToValidateCertificate")
        {
            if text.contains("failedToValidateHostname") { isOfOtherName.store(true, ordering: .relaxed) }
            return HikaeError(.untrusted, "\(place) does not prove who it is")
        }
        if error is NIOSSLError || error is BoringSSLError {
            let words = HandshakeWords(text)
            return HikaeError(
                .unreachable,
                words.isWithoutTLS
                    ? "\(place) answers without TLS" : "no TLS connection to \(place) comes about (\(words.reason))",
                hint: "Are the scheme, http:// or https://, and the port right?")
        }
        if let error = error as? NIOConnectionError {
            return unreachable(error.connectionErrors.map(\.error), error.host)
        }
        if error is IOError { return unreachable([error], host) }
        let why: String =
            if let error = error as? HTTPClientError {
                error.shortDescription
            } else {
                text
            }
        return HikaeError(.unreachable, "\(place) cannot be reached: \(why.prefix(200))", isRetryable: true)
    }

    /// The error for a server that no connection could be made to, or whose connection broke.
    ///
    /// - Parameter errors: of each of its addresses; none when it has no address.
    private func unreachable(_ errors: [any Error], _ host: String) -> HikaeError {
        if errors.contains(where: { ($0 as? IOError)?.errnoCode == ECONNREFUSED }) {
            return HikaeError(
                .unreachable, "\(place) cannot be reached: nothing answers there (connection refused)",
                hint: "Look whether the address and the port are right, and whether the server runs.", isRetryable: true
            )
        }
        let why = errors.first.map { "\($0)" } ?? "there is no server of the name \(host)"
        return HikaeError(
            .unreachable, "\(place) cannot be reached: \(why.prefix(200))", hint: "Check name, port and network.",
            isRetryable: true)
    }

    /// The same error, with the fingerprint of the certificate when that is what it is about. Takes a connection.
    package func explained(_ error: HikaeError) -> HikaeError {
        guard error.code == .untrusted, error.hint == nil, !error.message.contains("sha256:") else { return error }
        return ServerTrust.refused(
            place, ServerTrust.seen(host: host, port: port), name: host,
            isOfName: !isOfOtherName.load(ordering: .relaxed))
    }
}

// Whom a TLS connection to an HTTP server believes, and what a certificate that is not believed looks like.

import AsyncHTTPClient
import Crypto
package import HikaeCore
import NIOCore
import NIOPosix
package import NIOSSL

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A certificate that is not the one that was pinned.
package struct PinnedCertificateDiffers: Error {
    package let seen: String
}

/// What a server showed to prove who it is.
package struct SeenCertificate: Sendable {
    /// "sha256:…".
    package let fingerprint: String
    /// When it is valid; nil when its dates make no sense.
    let dates: ClosedRange<Timestamp>?

    init?(_ certificate: NIOSSLCertificate) {
        guard let fingerprint = ServerTrust.fingerprint(certificate) else { return nil }
        self.fingerprint = fingerprint
        dates = CertificateFlaw.dates(
            from: Int64(certificate.notValidBefore), to: Int64(certificate.notValidAfter))
    }
}

/// TrustSettings for AsyncHTTPClient and NIOSSL.
package struct ServerTrust: Sendable {
    let settings: TrustSettings

    package init(settings: TrustSettings) { self.settings = settings }

    /// "sha256:…" of a certificate.
    package static func fingerprint(_ certificate: NIOSSLCertificate) -> String? {
        (try? certificate.toDERBytes()).map { "sha256:" + Hex.encode(Array(SHA256.hash(data: $0))) }
    }

    /// The same fingerprint however it was written: upper case, with colons between the bytes.
    package static func plain(_ fingerprint: String) -> String {
        let lower = fingerprint.lowercased()
        let digits = lower.hasPrefix("sha256:") ? lower.dropFirst(7) : lower[...]
        return "sha256:" + digits.filter { $0 != ":" }
    }

    /// Throws `.usage` when the file of authorities cannot be read.
    package func configuration() throws(HikaeError) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if settings.fingerprint != nil {
            // The certificate itself is compared, before any request goes out.
            configuration.certificateVerification = .none
        } else if let file = settings.certificateAuthority {
            guard access(file, R_OK) == 0 else { throw .system("read the certificate authorities in", file) }
            do {
                configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(file))
            } catch {
                throw HikaeError(.usage, "\(file) holds no certificates in PEM")
            }
        }
        return configuration
    }

    /// Looks at the certificate of a connection that has just been made; nil when none is pinned.
    var check: (@Sendable (any Channel) -> EventLoopFuture<Void>)? {
        guard let pinned = settings.fingerprint.map(Self.plain) else { return nil }
        return { channel in
            channel.nioSSL_peerCertificate().flatMapThrowing { certificate in
                let seen = certificate.flatMap { Self.fingerprint($0) } ?? "none"
                guard seen == pinned else { throw PinnedCertificateDiffers(seen: seen) }
            }.flatMapError { error in
                // After the error has gone its way: closed at once, it would only be told as a lost connection.
                channel.eventLoop.execute { channel.close(promise: nil) }
                return channel.eventLoop.makeFailedFuture(error)
            }
        }
    }

    /// The certificate that a server shows, believed or not; nil when it shows none.
    package static func seen(host: String, port: Int, seconds: Int64 = 10) -> SeenCertificate? {
        seen(seconds) { $0.connect(host: host, port: port) }
    }

    /// The same over a connection that has come as far as where TLS begins. It is closed.
    package static func seen(connected descriptor: CInt, seconds: Int64 = 10) -> SeenCertificate? {
        seen(seconds) { $0.withConnectedSocket(descriptor) }
    }

    private static func seen(
        _ seconds: Int64, _ connect: (ClientBootstrap) -> EventLoopFuture<any Channel>
    ) -> SeenCertificate? {
        let group = MultiThreadedEventLoopGroup.singleton
        let promise = group.next().makePromise(of: SeenCertificate?.self)
        let bootstrap = ClientBootstrap(group: group).connectTimeout(.seconds(seconds)).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                let context = try NIOSSLContext(configuration: .makeClientConfiguration())
                let handler = try NIOSSLClientHandler(
                    context: context, serverHostname: nil,
                    customVerificationCallback: { certificates, verdict in
                        promise.succeed(certificates.first.flatMap { SeenCertificate($0) })
                        verdict.succeed(.failed)
                    })
                try channel.pipeline.syncOperations.addHandler(handler)
            }
        }
        let connection = connect(bootstrap)
        connection.whenFailure { _ in promise.succeed(nil) }
        let timer = group.next().scheduleTask(in: .seconds(seconds)) { promise.succeed(nil) }
        connection.whenSuccess { channel in
            channel.closeFuture.whenComplete { _ in promise.succeed(nil) }
        }
        defer { timer.cancel() }
        let found = (try? promise.futureResult.wait()) ?? nil
        if let channel = try? connection.wait() { channel.close(promise: nil) }
        return found
    }

    /// The error for a certificate that is not the one that is pinned.
    static func refused(_ place: String, fingerprint: String) -> HikaeError {
        HikaeError(
            .untrusted,
            "\(place) does not prove who it is: its certificate is not the one that is trusted; it shows \(fingerprint)",
            hint: "If that is your server's new certificate, " + trusting(fingerprint))
    }

    /// The error for a certificate that nobody who is believed vouches for.
    ///
    /// - Parameters:
    ///   - name: the name that the server was asked for by.
    ///   - isOfName: whether the certificate is for it.
    static func refused(
        _ place: String, _ certificate: SeenCertificate?, name: String, isOfName: Bool
    ) -> HikaeError {
        let flaw = CertificateFlaw(dates: certificate?.dates, isOfName: isOfName, now: SystemClock().now())
        let shown = certificate.map { "it shows \($0.fingerprint)" } ?? "it shows none that could be read"
        let trust = certificate.map { "If you are sure of this server, " + trusting($0.fingerprint) }
        return HikaeError(
            .untrusted, "\(place) does not prove who it is: its certificate \(flaw.words(name: name)); \(shown)",
            hint: flaw.advice.map { [$0, trust].compactMap { $0 }.joined(separator: " ") } ?? trust)
    }

    private static func trusting(_ fingerprint: String) -> String {
        "trust it: in a plan `trust: {fingerprint: \"\(fingerprint)\"}`, on the command line `--cacert FILE` or "
            + "`-o tls.fingerprint=\(fingerprint)`."
    }
}

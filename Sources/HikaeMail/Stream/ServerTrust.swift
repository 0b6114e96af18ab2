// Whether a server's certificate is believed: system authorities, a file of them, or one certificate and no other.

import HikaeCore
import HikaeFormat
import NIOCore
import NIOSSL
import Synchronization

/// Makes the TLS side of a connection, and remembers the certificate that was seen.
final class ServerTrust: Sendable {
    private let host: String
    private let settings: TrustSettings
    private let context: NIOSSLContext
    private let seen = Mutex(Seen())

    /// What a server has shown.
    private struct Seen {
        var fingerprint: String?
        /// When its certificate begins and ends to be valid.
        var dates: ClosedRange<Timestamp>?
        /// A handshake failed because the certificate is of another name.
        var isOfOtherName = false
    }

    /// Throws `.usage` when the settings make no sense, `.notFound` when the file of authorities cannot be read.
    init(host: String, settings: TrustSettings) throws(HikaeError) {
        self.host = host
        self.settings = settings
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if let file = settings.certificateAuthority {
            do {
                let authorities = try NIOSSLCertificate.fromPEMFile(file)
                guard !authorities.isEmpty else { throw NIOSSLError.failedToLoadCertificate }
                configuration.trustRoots = .certificates(authorities)
            } catch {
                throw HikaeError(.notFound, "cannot read certificate authorities from \(file)")
            }
        }
        if let fingerprint = settings.fingerprint, Self.pin(fingerprint) == nil {
            throw HikaeError(
                .usage, "\"\(fingerprint)\" is no certificate's fingerprint",
                hint: "It is sha256: and 64 hexadecimal digits.")
        }
        do {
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw HikaeError(.inputOutput, "TLS cannot be prepared: \(error)")
        }
    }

    private static func pin(_ text: String) -> String? {
        let digits = text.lowercased().filter { $0 != ":" }
        guard digits.hasPrefix("sha256"), digits.count == 70, let bytes = Hex.decode(Array(digits.utf8.dropFirst(6)))
        else { return nil }
        return Hex.encode(bytes)
    }

    /// The fingerprint of the certificate that the server showed, as settings have it; nil before it showed one.
    var fingerprint: String? { seen.withLock { $0.fingerprint } }

    /// A handshake failed because the certificate is of another name.
    func noteOtherName() { seen.withLock { $0.isOfOtherName = true } }

    private func remember(_ certificates: [NIOSSLCertificate]) -> String? {
        guard let leaf = certificates.first, let der = try? leaf.toDERBytes() else { return nil }
        let digest = Digest.fileID(der).hex
        seen.withLock { seen in
            seen.fingerprint = "sha256:\(digest)"
            seen.dates = CertificateFlaw.dates(from: Int64(leaf.notValidBefore), to: Int64(leaf.notValidAfter))
        }
        return digest
    }

    /// The handler for a connection that is to be believed only as the settings say.
    func handler() throws -> NIOSSLClientHandler {
        guard let pinned = settings.fingerprint.flatMap(Self.pin) else {
            return try NIOSSLClientHandler(context: context, serverHostname: serverName)
        }
        return try NIOSSLClientHandler(context: context, serverHostname: serverName) { [self] certificates, promise in
            promise.succeed(remember(certificates) == pinned ? NIOSSLVerificationResult.certificateVerified : .failed)
        }
    }

    /// The handler for a connection that is only to show its certificate, and fails once it has.
    func inspectingHandler() throws -> NIOSSLClientHandler {
        try NIOSSLClientHandler(context: context, serverHostname: serverName) { [self] certificates, promise in
            _ = remember(certificates)
            promise.succeed(NIOSSLVerificationResult.failed)
        }
    }

    /// Nil for an address: then the certificate must bear the address.
    private var serverName: String? { (try? SocketAddress(ipAddress: host, port: 0)) == nil ? host : nil }

    /// The error for a certificate that is not believed.
    func refusal() -> HikaeError {
        let shown = fingerprint.map { " (\($0))" } ?? ""
        if settings.fingerprint != nil {
            return HikaeError(
                .untrusted, "the certificate of \(host) is not the one that is pinned\(shown)",
                hint: "If the provider has renewed it, check the new fingerprint with them and put it into the plan.")
        }
        let seen = seen.withLock { $0 }
        let flaw = CertificateFlaw(
            dates: seen.dates, isOfName: !seen.isOfOtherName, now: SystemClock().now())
        let trusting = fingerprint.map {
            "If you are sure of this server, put `trust: {fingerprint: \($0)}` into the plan, or name its authority's "
                + "file with `trust: {ca: FILE}`."
        }
        return HikaeError(
            .untrusted, "the certificate of \(host) \(flaw.words(name: host))\(shown)",
            hint: flaw.advice.map { [$0, trusting].compactMap { $0 }.joined(separator: " ") } ?? trusting)
    }
}

import HikaeCore
import HikaeTesting
import Testing

@testable import HikaeS3

/// TLS: whom a client believes.
@Suite(.serialized)
struct TrustTests {
    private static let server = Result { try PracticeServer("s3", ["--tls", "--bucket", "safe"]) }

    private func probe(_ trust: TrustSettings, host: String? = nil) throws {
        let server = try Self.server.get()
        let endpoint = host.map { "https://\($0):\(server.port())" } ?? server.text("endpoint")
        var settings = try Rig.settings("safe", through: endpoint)
        settings.trust = trust
        _ = try S3Source(settings, Rig.hurried).probe()
    }

    @Test func `a certificate that nobody vouches for is refused, and the error says how to trust it`() throws {
        let fingerprint = try Self.server.get().text("fingerprint")
        let error = failure { try probe(TrustSettings()) }
        #expect(error?.code == .untrusted)
        #expect(error?.message.contains(fingerprint) == true)
        #expect(error?.hint?.contains("trust: {fingerprint: \"\(fingerprint)\"}") == true)
    }

    @Test func `a certificate is believed by its authority, for its names only`() throws {
        let file = try Self.server.get().text("certificate")
        try probe(TrustSettings(certificateAuthority: file))
        try probe(TrustSettings(certificateAuthority: file), host: "localhost")
        // Another server's, whose certificate is for another name: its own word is not enough.
        let other = try PracticeServer("s3", ["--tls", "--names", "DNS:other.invalid"])
        var settings = try Rig.settings("safe", through: other.text("endpoint"))
        settings.trust = TrustSettings(certificateAuthority: other.text("certificate"))
        let error = failure { _ = try S3Source(settings, Rig.hurried).probe() }
        #expect(error?.code == .untrusted && error?.message.contains("is not for the name 127.0.0.1") == true)
        #expect(failure { try probe(TrustSettings(certificateAuthority: "/no/such/file")) } != nil)
    }

    @Test func `a certificate is believed by its fingerprint, however written, and no other is`() throws {
        let fingerprint = try Self.server.get().text("fingerprint")
        try probe(TrustSettings(fingerprint: fingerprint))
        try probe(TrustSettings(fingerprint: fingerprint.uppercased().replacing("SHA256:", with: "")))
        let error = failure { try probe(TrustSettings(fingerprint: "sha256:" + String(repeating: "0", count: 64))) }
        #expect(error?.code == .untrusted)
        #expect(error?.message.contains(fingerprint) == true)
    }

    @Test func `plain HTTP to a server that speaks TLS, and TLS to one that does not, are told`() throws {
        let tls = try Self.server.get()
        let plain = S3Source(try Rig.settings("safe", through: "http://127.0.0.1:\(tls.port())"), Rig.hurried)
        #expect(failure { _ = try plain.probe() } != nil)
        let port = try Rig.server.get().port()
        let other = S3Source(try Rig.settings("safe", through: "https://127.0.0.1:\(port)"), Rig.hurried)
        #expect(failure { _ = try other.probe() }?.code == .unreachable)
    }
}

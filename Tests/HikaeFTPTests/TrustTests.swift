// Whom a password is given to: certificates are judged before anything secret is said.

import HikaeCore
import HikaeDestination
import HikaeTesting
import Testing

@testable import HikaeFTP

@Suite("Trust over FTP")
struct TrustTests {
    private static let explicit = Result { try SiteServer("--tls", "explicit") }
    private static let implicit = Result { try SiteServer("--tls", "implicit") }
    private static let elsewhere = Result { try SiteServer("--tls", "explicit", "--certificate-name", "other.example") }

    private func settings(_ site: SiteServer, _ security: FTPSettings.Security, _ trust: TrustSettings) -> FTPSettings {
        site.settings {
            $0.security = security
            $0.certificate = trust
        }
    }

    private func refusal(_ settings: FTPSettings) -> HikaeError? {
        #expect(throws: HikaeError.self) { try FTPSource(settings).probe() }
    }

    @Test("A site comes over TLS whole, from a server vouched for by an authority or pinned", arguments: [true, false])
    func whole(_ isImplicit: Bool) throws {
        let site = try isImplicit ? Self.implicit.get() : Self.explicit.get()
        try SampleSite.write(to: "\(site.root)/site")
        let security: FTPSettings.Security = isImplicit ? .implicitTLS : .explicitTLS
        let authority = TrustSettings(certificateAuthority: site.server.text("certificate"))
        let pin = TrustSettings(fingerprint: site.server.text("fingerprint"))
        for (index, trust) in [authority, pin].enumerated() {
            var reached = settings(site, security, trust)
            reached.path = "/site"
            let rig = try CaptureRig()
            let capture = try rig.capture(FTPSource(reached))
            #expect(capture.reports == [])
            let folder = try TemporaryDirectory()
            try rig.restore(capture, to: folder.path("site"))
            try SampleSite.expectEqual("\(site.root)/site", folder.path("site"))
            try Files.write("\(site.root)/copy\(index)/.keep", [])
            reached.path = "/copy\(index)"
            let destination = FTPDestination(reached)
            #expect(try destination.restore(capture.content, ReturnOptions(), ReturnWatch()).errors == 0)
            #expect(try destination.verify(capture.content, facts: nil, ReturnOptions(), ReturnWatch()).isWhole)
        }
    }

    @Test("A site whose server speaks TLS 1.3 alone is filled as well")
    func newest() throws {
        let site = try SiteServer("--tls", "explicit", "--tls-least", "1.3")
        try SampleSite.write(to: "\(site.root)/site")
        var reached = settings(
            site, .explicitTLS, TrustSettings(certificateAuthority: site.server.text("certificate")))
        reached.path = "/site"
        let rig = try CaptureRig()
        let capture = try rig.capture(FTPSource(reached))
        try Files.write("\(site.root)/copy/.keep", [])
        reached.path = "/copy"
        let destination = FTPDestination(reached)
        #expect(try destination.restore(capture.content, ReturnOptions(), ReturnWatch()).errors == 0)
        #expect(try destination.verify(capture.content, facts: nil, ReturnOptions(), ReturnWatch()).isWhole)
    }

    @Test("A certificate that no authority vouches for is refused, and the fingerprint that would trust it is named")
    func unknown() throws {
        for (site, security) in [
            (try Self.explicit.get(), FTPSettings.Security.explicitTLS), (try Self.implicit.get(), .implicitTLS),
        ] {
            let error = refusal(settings(site, security, TrustSettings()))
            #expect(error?.code == .untrusted)
            let fingerprint = site.server.text("fingerprint")
            #expect(error?.message.contains(fingerprint) == true)
            #expect(error?.hint?.contains("trust: {fingerprint: \(fingerprint)}") == true)
        }
    }

    @Test("A handshake that fails for another reason than the certificate is not blamed on it")
    func otherReason() throws {
        let site = try SiteServer("--tls", "explicit", "--tls-client")
        for trust in [
            TrustSettings(certificateAuthority: site.server.text("certificate")),
            TrustSettings(fingerprint: site.server.text("fingerprint")),
        ] {
            let error = refusal(settings(site, .explicitTLS, trust))
            #expect(error?.code == .unreachable)
            #expect(error?.message.contains("TLS") == true, "\(String(describing: error))")
            #expect(error?.description.contains("fingerprint") == false)
        }
    }

    @Test("A certificate for another name is refused, though its authority is trusted, and can be pinned")
    func otherName() throws {
        let site = try Self.elsewhere.get()
        let authority = TrustSettings(certificateAuthority: site.server.text("certificate"))
        #expect(refusal(settings(site, .explicitTLS, authority))?.code == .untrusted)
        let pin = TrustSettings(fingerprint: site.server.text("fingerprint"))
        _ = try FTPSource(settings(site, .explicitTLS, pin)).probe()
    }

    @Test("With another fingerprint pinned even an authority's certificate is refused")
    func otherPin() throws {
        let site = try Self.explicit.get()
        let other = "sha256:" + String(repeating: "ab", count: 32)
        let trust = TrustSettings(certificateAuthority: site.server.text("certificate"), fingerprint: other)
        let error = refusal(settings(site, .explicitTLS, trust))
        #expect(error?.code == .untrusted && error?.message.contains(site.server.text("fingerprint")) == true)
        #expect(refusal(settings(site, .explicitTLS, TrustSettings(fingerprint: "sha1:00")))?.code == .usage)
    }

    @Test("An untrusted server, or one without TLS, hears neither name nor password", arguments: [true, false])
    func hearsNothing(_ offersTLS: Bool) throws {
        let site = offersTLS ? try SiteServer(hostile: "names", "--tls") : try SiteServer(hostile: "names")
        let settings = site.settings {
            $0.security = .explicitTLS
            $0.user = "shop"
            $0.password = { () throws(HikaeError) in Secret("kept to itself") }
        }
        #expect(refusal(settings)?.code == .untrusted)
        let heard = String(decoding: try Files.read(site.server.text("heard")), as: UTF8.self)
        #expect(heard.contains("AUTH") && !heard.contains("USER") && !heard.contains("PASS"))
    }
}

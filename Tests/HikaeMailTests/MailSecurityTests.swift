// Who is believed, who is let in, and that no secret shows.

import HikaeCore
import HikaeDestination
import HikaeMail
import HikaeSource
import HikaeTesting
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite(.serialized) struct MailSecurityTests {
    static let rig = Result { try MailRig(users: 3) }

    func probe(_ change: (inout IMAPSettings) -> Void = { _ in }) throws -> ServiceIdentity {
        try IMAPSource(try Self.rig.get().settings(0, change)).probe()
    }

    @Test func theServerSaysWhoItIs() throws {
        let identity = try probe()
        #expect(identity.software.hasPrefix("Dovecot"))
        #expect(try IMAPDestination(Self.rig.get().settings(0)).probe().software.hasPrefix("Dovecot"))
    }

    @Test func anUnknownCertificateIsRefusedAndTheErrorSaysHowToTrustIt() throws {
        let fingerprint = try Self.rig.get().server.text("fingerprint")
        let port = try Self.rig.get().server.port("starttls_port")
        for security in [IMAPSettings.Security.implicitTLS, .startTLS] {
            let error = failure {
                _ = try probe { settings in
                    (settings.trust, settings.security) = (TrustSettings(), security)
                    if security == .startTLS { settings.port = port }
                }
            }
            #expect(error?.code == .untrusted)
            #expect(error?.message.contains(fingerprint) == true)
            #expect(error?.hint?.contains("trust: {fingerprint: \(fingerprint)}") == true)
        }
    }

    @Test func aPinnedCertificateIsBelievedAndNoOther() throws {
        let fingerprint = try Self.rig.get().server.text("fingerprint")
        _ = try probe { $0.trust = TrustSettings(fingerprint: fingerprint) }
        _ = try probe { $0.trust = TrustSettings(fingerprint: fingerprint.uppercased()) }
        let other = "sha256:" + String(repeating: "0", count: 64)
        let error = failure { _ = try probe { $0.trust = TrustSettings(fingerprint: other) } }
        #expect(error?.code == .untrusted && error?.message.contains(fingerprint) == true)
        #expect(failure { _ = try probe { $0.trust = TrustSettings(fingerprint: "sha256:12") } }?.code == .usage)
    }

    @Test func aCertificateForAnotherNameIsRefused() throws {
        // The certificate bears localhost and 127.0.0.1, not the address of the whole network.
        let error = failure { _ = try probe { $0.host = "127.0.0.2" } }
        #expect(error?.code == .untrusted || error?.code == .unreachable)
        if error?.code == .untrusted {
            #expect(error?.message.contains("is not for the name 127.0.0.2") == true, "\(String(describing: error))")
        }
        _ = try probe { $0.host = "127.0.0.1" }
    }

    @Test func aCertificateThatHasExpiredIsToldAsSuch() throws {
        let server = try PracticeServer("dovecot", ["--certificate-days", "0"])
        // It ends in the second in which it was made.
        sleep(2)
        let error = failure {
            _ = try probe { settings in
                settings.port = server.port()
                settings.trust = TrustSettings(certificateAuthority: server.text("authority"))
            }
        }
        #expect(
            error?.code == .untrusted && error?.message.contains("expired on 20") == true,
            "\(String(describing: error))")
        #expect(error?.message.contains(server.text("fingerprint")) == true)
    }

    @Test func startTLSSecuresBeforeAnythingIsSaid() throws {
        let port = try Self.rig.get().server.port("starttls_port")
        _ = try probe { ($0.security, $0.port) = (.startTLS, port) }
        let injecting = try MailProxy(to: port, ["--inject", "* CAPABILITY IMAP4rev1 LOGINDISABLED"])
        let error = failure { _ = try probe { ($0.security, $0.port) = (.startTLS, injecting.port) } }
        #expect(error?.code == .protocolViolation && error?.message.contains("STARTTLS") == true)
        let without = try MailProxy(to: port, ["--hide", "STARTTLS"])
        #expect(failure { _ = try probe { ($0.security, $0.port) = (.startTLS, without.port) } }?.code == .untrusted)
    }

    @Test func aWrongPasswordIsSaidPlainlyAndNeverShown() throws {
        for method in IMAPSettings.Authentication.allCases where method != .xoauth2 {
            let error = failure {
                _ = try probe { settings in
                    settings.authentication = method
                    settings.secret = { () throws(HikaeError) in Secret("wrong-word-123") }
                }
            }
            #expect(error?.code == .accessDenied)
            #expect(error.map { "\($0)".contains("wrong-word-123") } == false)
            #expect(error.map { "\($0)".contains("user0") } == true)
        }
        _ = try probe { $0.authentication = .login }
        _ = try probe { $0.authentication = .plain }
        #expect(failure { _ = try probe { $0.user = "nobody-here" } }?.code == .accessDenied)
    }

    @Test func aSecretThatCannotBeHadIsTheProvidersError() throws {
        let error = failure {
            _ = try probe {
                $0.secret = { () throws(HikaeError) in throw HikaeError(.programFailed, "pass is locked") }
            }
        }
        #expect(error?.code == .programFailed)
    }

    @Test func passwordsTravelUnprotectedOnlyWithinThisMachine() throws {
        let port = try Self.rig.get().server.port("starttls_port")
        _ = try probe { ($0.security, $0.port, $0.host) = (.none, port, "127.0.0.1") }
        let scripted = try ScriptedServer(
            #"say("* OK hi"); tag, line = hear(); say("* CAPABILITY IMAP4rev1"); say(tag + " OK x"); hear()"#)
        let error = failure {
            _ = try probe { ($0.security, $0.port, $0.host) = (.none, scripted.port, "127.1.evil.localhost") }
        }
        #expect(error?.code == .usage || error?.code == .unreachable)
    }

    /// A server that says it knows us already must not get around the rule.
    @Test func aGreetingThatLetsUsInChangesNothingOfThat() throws {
        let script = """
            say("* PREAUTH [CAPABILITY IMAP4rev1] hi")
            while True:
                tag, line = hear()
                if line.startswith(("LIST", "LSUB")): say('* LIST () "/" INBOX')
                say(tag + " OK done")
            """
        let server = try ScriptedServer(script)
        func through(_ host: String) -> HikaeError? {
            failure { _ = try probe { ($0.security, $0.port, $0.host) = (.none, server.port, host) } }
        }
        #expect(through("127.0.0.1") == nil)
        // This machine too, but not known to be: any other name stands for another machine.
        #expect(through("0.0.0.0")?.code == .usage)
    }

    @Test func nobodyThereIsUnreachable() throws {
        #expect(failure { _ = try probe { $0.port = 1 } }?.code == .unreachable)
        let error = failure { _ = try probe { $0.host = "no-such-host.invalid" } }
        #expect(error?.code == .unreachable && error?.isRetryable == true)
        #expect(
            failure { _ = try probe { $0.trust = TrustSettings(certificateAuthority: "/no/such/file") } }?.code
                == .notFound)
    }

    @Test func xoauth2SendsTheTokenAndUnderstandsRefusal() throws {
        // What a provider that wants tokens says, in its own words.
        let server = try ScriptedServer(
            #"""
            say("* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2 SASL-IR] ready")
            tag, line = hear()
            import base64
            token = base64.b64decode(line.split()[-1]).decode()
            if token == "user=user0\x01auth=Bearer good-token\x01\x01":
                say(tag + " OK [CAPABILITY IMAP4rev1] in"); tag, line = hear()
                say('* LIST () "/" INBOX'); say(tag + " OK listed"); tag, line = hear(); say(tag + " OK none"); hear()
            else:
                say("+ eyJzdGF0dXMiOiI0MDEifQ=="); hear(); say(tag + " NO [AUTHENTICATIONFAILED] Invalid credentials")
            """#)
        func attempt(_ token: String) throws {
            _ = try probe { settings in
                (settings.security, settings.port, settings.host) = (.none, server.port, "127.0.0.1")
                (settings.authentication, settings.secret) = (.xoauth2, { () throws(HikaeError) in Secret(token) })
            }
        }
        try attempt("good-token")
        let error = failure { try attempt("old-token") }
        #expect(error?.code == .accessDenied && error?.hint?.contains("token") == true)
    }
}

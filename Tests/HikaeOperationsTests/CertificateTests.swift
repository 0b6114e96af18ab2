// The certificate of a server is seen wherever TLS begins: real servers, and openssl says what is right.

import HikaeCore
import HikaeGuard
import HikaePlan
import HikaeTesting
import Testing

@testable import HikaeOperations

@Suite("Custody looks at the certificates of servers") struct CertificateTests {
    /// The SHA-256 of the certificate in a file.
    private func fingerprint(_ file: String) throws -> String {
        let command = Command("openssl", ["x509", "-in", file, "-noout", "-fingerprint", "-sha256"])
        let text = try command.succeed().text
        let digits = text.split(separator: "=").last ?? ""
        return "sha256:" + digits.lowercased().filter(\.isHexDigit)
    }

    private func seen(_ kind: PlanSourceKind) -> CopyCustody {
        var copy = CopyCustody(.original, "a/b", address: "")
        SourceObservation(mounts: MountTable(""), machine: "here").observe(kind, &copy)
        return copy
    }

    private func certificates(_ copy: CopyCustody) -> [String] {
        copy.traits.filter { $0.kind == .certificate }.map(\.value)
    }

    private let secret = SecretReference.environment("NOBODY_ASKS_FOR_IT")

    @Test("of a mail account, from the first byte and after STARTTLS, without any password")
    func mail() throws {
        let server = try PracticeServer("dovecot")
        let wanted = try fingerprint(server.text("certificate"))
        for (tls, port) in [(PlanTLS.implicit, "port"), (.explicit, "starttls_port")] {
            let plan = IMAPPlan(
                host: "127.0.0.1", port: server.port(port), tls: tls, user: "nobody", password: secret)
            let copy = seen(.imap(plan))
            #expect(certificates(copy) == [wanted], "\(copy.unseen)")
        }
        // A server that never begins TLS is told of as one that shows nothing.
        let plain = IMAPPlan(
            host: "127.0.0.1", port: server.port("port"), tls: .explicit, user: "nobody", password: secret)
        let copy = seen(.imap(plain))
        #expect(certificates(copy).isEmpty && copy.unseen.contains { $0.contains("shows no certificate") })
    }

    @Test("of an FTP site, from the first byte and after AUTH TLS", arguments: [PlanTLS.implicit, .explicit])
    func site(tls: PlanTLS) throws {
        let server = try PracticeServer("ftp", ["--tls", tls.rawValue])
        let copy = seen(.ftp(FTPPlan(host: "127.0.0.1", port: server.port(), tls: tls)))
        #expect(certificates(copy) == [server.text("fingerprint")], "\(copy.unseen)")
    }

    @Test("of databases, after PostgreSQL's and MariaDB's own ways to ask for it")
    func databases() throws {
        for (name, make) in [
            ("postgresql", { PlanSourceKind.postgresql($0) }), ("mariadb", { PlanSourceKind.mariadb($0) }),
        ] as [(String, (DatabasePlan) -> PlanSourceKind)] {
            let server = try PracticeServer(name, ["--tls"])
            let copy = seen(make(DatabasePlan(host: "127.0.0.1", port: server.port(), tls: .explicit)))
            let folder = server.text("authority").split(separator: "/").dropLast().joined(separator: "/")
            let wanted = try fingerprint("/\(folder)/server.pem")
            #expect(certificates(copy) == [wanted], "\(name): \(copy.unseen)")
        }
    }

    @Test("and what stands behind this machine's own address, or behind its loopback, is told as that")
    func thisMachine() {
        let copy = seen(.ftp(FTPPlan(host: "localhost", port: 1, tls: .none)))
        #expect(copy.unseen.contains { $0.contains("loopback") })
        #expect(!copy.traits.contains { $0.kind == .machine })
    }
}

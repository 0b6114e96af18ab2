// Connections that are verified: who is believed, who is refused, and what is said then. Real servers with TLS.

import HikaeCore
import HikaeDatabase
import HikaeSource
import HikaeTesting
import Testing

@Suite(.serialized, .oneAtATime) struct TLSTests {
    static let postgreSQL = Result {
        TestServer(engine: .postgreSQL, server: try PracticeServer("postgresql", ["--tls"]))
    }
    static let mariaDB = Result { TestServer(engine: .mariaDB, server: try PracticeServer("mariadb", ["--tls"])) }

    static func server(_ engine: DatabaseEngine) throws -> TestServer {
        try engine == .postgreSQL ? postgreSQL.get() : mariaDB.get()
    }

    private func settings(_ engine: DatabaseEngine, authority: String?) throws -> DatabaseSettings {
        let server = try Self.server(engine)
        var settings = server.settings(
            nil, user: server.server.text("superuser"), password: server.server.text("superuser_password"))
        settings.host = "localhost"
        settings.security = .verified
        settings.certificateAuthority = authority.map { server.server.text($0) }
        return settings
    }

    @Test(
        "The authority that signed the certificate is believed, and everything goes through TLS",
        arguments: DatabaseEngine.allCases)
    func believed(_ engine: DatabaseEngine) throws {
        let server = try Self.server(engine)
        try server.make("trusted", "CREATE TABLE t (n INT); INSERT INTO t VALUES (1), (2);")
        var settings = try settings(engine, authority: "authority")
        settings.database = "trusted"
        #expect(try CaptureRig().capture(DatabaseSource(settings)).facts.items == 2)
        #expect(try DatabaseDestination(settings).probe().software.isEmpty == false)
        // An account that the server lets in by TLS only.
        switch engine {
        case .postgreSQL: break
        case .mariaDB:
            try server.sql(
                "CREATE OR REPLACE USER careful@'%' IDENTIFIED BY 'pw' REQUIRE SSL; GRANT ALL ON trusted.* TO careful@'%'"
            )
            settings.user = "careful"
            settings.password = { () throws(HikaeError) in Secret("pw") }
            settings.includesGlobals = false
            #expect(try CaptureRig().capture(DatabaseSource(settings)).facts.items == 2)
            settings.security = .none
            #expect(try DistrustTests.failure(settings).code == .accessDenied)
        }
    }

    @Test(
        "A certificate that the authority named did not sign is refused, and so is one that no authority of this machine knows",
        arguments: DatabaseEngine.allCases, ["stranger", nil])
    func refused(_ engine: DatabaseEngine, _ authority: String?) throws {
        let error = try DistrustTests.failure(settings(engine, authority: authority))
        #expect(error.code == .untrusted, "\(error)")
        #expect(error.hint?.contains("trust: {ca: FILE}") == true)
        #expect(error.hint?.contains("openssl s_client -starttls") == true)
        #expect(!error.isRetryable)
    }

    @Test("A certificate for another host is refused", arguments: DatabaseEngine.allCases)
    func otherHost(_ engine: DatabaseEngine) throws {
        let name = engine == .postgreSQL ? "postgresql" : "mariadb"
        let server = TestServer(engine: engine, server: try PracticeServer(name, ["--tls", "DNS:db.example.jp"]))
        var settings = server.settings(nil)
        settings.security = .verified
        settings.certificateAuthority = server.server.text("authority")
        let error = try DistrustTests.failure(settings)
        #expect(error.code == .untrusted, "\(error)")
    }

    @Test(
        "A server that offers no TLS is refused before a password is sent, and what to do is said",
        arguments: DatabaseEngine.allCases)
    func withoutTLS(_ engine: DatabaseEngine) throws {
        let server = try TestServer.of(engine)
        var settings = server.settings(nil)
        settings.security = .verified
        settings.certificateAuthority = try Self.server(engine).server.text("authority")
        let error = try DistrustTests.failure(settings)
        #expect(error.code == .untrusted, "\(error)")
        #expect(error.hint?.contains("via:") == true && error.hint?.contains("tls: none") == true)
        settings.security = .none
        #expect(try DatabaseSource(settings).probe().software.isEmpty == false)
    }

    @Test("A file of authorities that is not there is named", arguments: DatabaseEngine.allCases)
    func missingFile(_ engine: DatabaseEngine) throws {
        var settings = try settings(engine, authority: nil)
        settings.certificateAuthority = "/no/such/authority.pem"
        let error = try DistrustTests.failure(settings)
        #expect(error.code == .notFound && error.message.contains("/no/such/authority.pem"))
    }
}

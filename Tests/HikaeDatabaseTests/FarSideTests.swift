// Databases that only another host can reach: the programs run there, and the password goes through ssh's input.

import HikaeCore
import HikaeDatabase
import HikaeDestination
import HikaeSource
import HikaeTesting
import Testing

@Suite(.serialized, .oneAtATime) struct FarSideTests {
    static let ssh = Result { try PracticeServer("openssh") }

    static func settings(_ server: TestServer, _ database: String, isSuperuser: Bool = false) throws -> DatabaseSettings
    {
        let ssh = try ssh.get()
        var settings = isSuperuser ? server.superSettings(database) : server.settings(database)
        settings.via = "ssh://\(ssh.text("user"))@127.0.0.1:\(ssh.port())"
        settings.sshOptions = [
            "IdentityFile=\(ssh.text("identity"))", "UserKnownHostsFile=\(ssh.text("known_hosts"))",
            "IdentitiesOnly=yes",
        ]
        return settings
    }

    @Test(
        "A database is captured and brought back through ssh, and no password is seen on either side",
        arguments: DatabaseEngine.allCases)
    func roundTrip(_ engine: DatabaseEngine) throws {
        let server = try TestServer.of(engine)
        try server.make("far", CaptureTests.script(engine))
        let seen = Sightings()
        let password = server.server.text("password")
        let source = try WatchedSource(DatabaseSource(Self.settings(server, "far")), after: 1) {
            seen.look(for: password)
        }
        let capture = try CaptureRig().capture(source)
        #expect(capture.reports == [])
        #expect(capture.facts.items == CaptureTests.rows(engine).values.reduce(0, +))
        #expect(seen.programs.contains { $0.hasSuffix("ssh") })
        #expect(seen.leaks == [])
        try server.drop("far back")
        let destination = DatabaseDestination(try Self.settings(server, "far back", isSuperuser: true))
        _ = try destination.restore(capture.content, ReturnOptions(), ReturnWatch())
        // Two comments bear the database's name.
        #expect(try server.dump("far back").replacing("'far back'", with: "'far'") == server.dump("far"))
        let verification = try destination.verify(
            capture.content, facts: capture.facts, ReturnOptions(), ReturnWatch())
        #expect(verification.differences == [])
    }

    @Test("A host that is not known, a key that is not taken, and programs that are not there, are told apart")
    func refusals() throws {
        let server = try TestServer.of(.postgreSQL)
        let ssh = try Self.ssh.get()
        var settings = try Self.settings(server, "postgres")
        settings.sshOptions[1] = "UserKnownHostsFile=\(ssh.text("wrong_known_hosts"))"
        #expect(try DistrustTests.failure(settings).code == .untrusted)
        settings = try Self.settings(server, "postgres")
        settings.sshOptions[0] = "IdentityFile=\(ssh.text("stranger_identity"))"
        #expect(try DistrustTests.failure(settings).code == .accessDenied)
        settings = try Self.settings(server, "postgres")
        settings.programs = "/nowhere"
        let error = try DistrustTests.failure(settings)
        #expect(error.code == .programFailed)
        #expect(error.message == "there is no program psql on 127.0.0.1")
        settings = server.settings("postgres")
        settings.via = "ssh://-oProxyCommand=evil@host"
        #expect(try DistrustTests.failure(settings).code == .usage)
    }
}

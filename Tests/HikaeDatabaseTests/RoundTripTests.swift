// A database captured here and brought back there is the same database to its own dump program.

import HikaeCore
import HikaeDatabase
import HikaeDestination
import HikaeSource
import HikaeTesting
import Testing

@Suite(.serialized, .oneAtATime) struct RoundTripTests {
    static let script = CaptureTests.script

    @Test("A database comes back on another server as it was", arguments: DatabaseEngine.allCases)
    func roundTrip(_ engine: DatabaseEngine) throws {
        let (server, other) = try (TestServer.of(engine), TestServer.other(engine))
        try server.make("round 往復", Self.script(engine))
        try other.drop("round 往復")
        let capture = try CaptureRig().capture(DatabaseSource(server.settings("round 往復")))
        let destination = DatabaseDestination(other.superSettings("round 往復"))
        let preview = try destination.preview(capture.content, ReturnOptions(), ReturnWatch())
        #expect(preview.items == capture.facts.items)
        let summary = try destination.restore(capture.content, ReturnOptions(), ReturnWatch())
        #expect(summary.itemsWritten == capture.facts.items)
        #expect(try other.dump("round 往復") == server.dump("round 往復"))
        let verification = try destination.verify(
            capture.content, facts: capture.facts, ReturnOptions(), ReturnWatch())
        #expect(verification.differences == [])
        #expect(verification.equal == capture.facts.items)

        let again = try destination.restore(capture.content, ReturnOptions(), ReturnWatch())
        #expect(again.itemsWritten == 0)
        #expect(again.itemsSkipped == capture.facts.items)
    }

    @Test(
        "The dump in the snapshot is what the tool wrote, and the database's own client takes it",
        arguments: DatabaseEngine.allCases)
    func withoutHikae(_ engine: DatabaseEngine) throws {
        let (server, other) = try (TestServer.of(engine), TestServer.other(engine))
        try server.make("plain", Self.script(engine))
        let rig = try CaptureRig()
        let capture = try rig.capture(DatabaseSource(server.settings("plain")))
        let folder = try TemporaryDirectory()
        try rig.restore(capture, to: folder.path("out"))
        let creation = String(decoding: try Files.read(folder.path("out/create/plain.sql")), as: UTF8.self)
        try other.drop("plain")
        try other.sql(creation)
        try other.sql(String(decoding: try Files.read(folder.path("out/plain.sql")), as: UTF8.self), in: "plain")
        #expect(try other.dump("plain") == server.dump("plain"))
    }

    @Test(
        "Between programs of other versions lines may differ, but nothing that was defined may be missing",
        arguments: DatabaseEngine.allCases)
    func otherVersions(_ engine: DatabaseEngine) throws {
        let (server, other) = try (TestServer.of(engine), TestServer.other(engine))
        try server.make("versions", Self.script(engine))
        try other.drop("versions")
        let real = try #require(Command.path(of: engine == .postgreSQL ? "pg_dump" : "mariadb-dump"))
        let older =
            engine == .postgreSQL
            ? "s/^-- Dumped by pg_dump version .*/-- Dumped by pg_dump version 14.9 (Debian)/"
            : "s/^-- MariaDB dump .*/-- MariaDB dump 10.18  Distrib 10.5.1-MariaDB, for Linux/"
        let folder = try DistrustTests.programs(
            engine, dump: "case \"$*\" in *--version*) exec \(real) \"$@\";; esac; \(real) \"$@\" | sed '\(older)'")
        var settings = server.settings("versions")
        settings.programs = folder.path
        let capture = try CaptureRig().capture(DatabaseSource(settings))
        let destination = DatabaseDestination(other.superSettings("versions"))
        _ = try destination.restore(capture.content, ReturnOptions(), ReturnWatch())
        func differences() throws -> [String] {
            try destination.verify(capture.content, facts: capture.facts, ReturnOptions(), ReturnWatch()).differences
        }
        #expect(try differences() == [])
        switch engine {
        case .postgreSQL:
            // A line that differs is a matter of versions; what is gone is not.
            try other.sql("ALTER FUNCTION public.trap() COST 99; COMMENT ON TABLE public.log IS 'x'", in: "versions")
            #expect(try differences() == [])
            try other.sql("DROP FUNCTION public.trap() CASCADE; DROP VIEW public.newest", in: "versions")
            let found = try differences()
            #expect(found.count == 1 && found[0].contains("3 things"), "\(found)")
            #expect(
                found[0].contains("FUNCTION public.trap(), TRIGGER public.visits trap, VIEW public.newest"), "\(found)")
        case .mariaDB:
            try other.sql("ALTER TABLE journal COMMENT 'x'", in: "versions")
            #expect(try differences() == [])
            try other.sql(
                "DROP TRIGGER trap; DROP PROCEDURE refill; DROP VIEW takings; DROP EVENT nightly", in: "versions")
            let found = try differences()
            #expect(found.count == 1 && found[0].contains("4 things"), "\(found)")
            #expect(found[0].contains("EVENT nightly, PROCEDURE refill, TRIGGER trap"), "\(found)")
        }
    }

    @Test(
        "Every database of a server comes along, and roles with their passwords and grants",
        arguments: DatabaseEngine.allCases)
    func wholeServer(_ engine: DatabaseEngine) throws {
        let (server, other) = try (TestServer.of(engine), TestServer.other(engine))
        let names = ["one/eins", "roles", "grants"]
        for name in names { try server.make(name, "CREATE TABLE t (n INT); INSERT INTO t VALUES (1), (2);") }
        switch engine {
        case .postgreSQL:
            try server.sql(
                """
                DROP ROLE IF EXISTS "医師"; CREATE ROLE "医師" LOGIN PASSWORD 'geheim';
                ALTER DATABASE "roles" OWNER TO "医師"; ALTER DATABASE "roles" SET work_mem = '7MB';
                GRANT CREATE ON DATABASE "grants" TO "医師";
                """)
            try other.sql("ALTER ROLE backup PASSWORD 'it stays'")
        case .mariaDB:
            try server.sql(
                """
                CREATE OR REPLACE USER '店員'@'%' IDENTIFIED BY 'geheim'; CREATE OR REPLACE ROLE seller;
                GRANT SELECT ON `roles`.* TO seller; GRANT seller TO '店員'@'%';
                GRANT INSERT ON `grants`.t TO '店員'@'%'; ALTER DATABASE `grants` CHARACTER SET sjis;
                """)
        }
        let capture = try CaptureRig().capture(DatabaseSource(server.settings(nil)))
        for name in names { try other.drop(name) }
        // Others of these tests are on both servers by now.
        var options = ReturnOptions()
        options.replaces = true
        _ = try DatabaseDestination(other.superSettings(nil)).restore(capture.content, options, ReturnWatch())
        for name in names { #expect(try other.dump(name) == server.dump(name)) }
        switch engine {
        case .postgreSQL:
            let properties =
                "SELECT datname, datdba::regrole, datacl, (SELECT setconfig FROM pg_db_role_setting WHERE setdatabase = d.oid) FROM pg_database d WHERE datname IN ('roles', 'grants') ORDER BY 1"
            #expect(try other.sql(properties) == server.sql(properties))
            let login = Command(
                "psql",
                ["-h", "127.0.0.1", "-p", String(other.server.port()), "-U", "医師", "-d", "roles", "-c", "SELECT 1"])
            #expect(try Self.with(login, ["PGPASSWORD": "geheim"]).run().status == 0)
            #expect(
                try DatabaseSource(other.settings("roles", user: "backup", password: "it stays")).probe().software
                    .contains("PostgreSQL"))
            try other.sql("ALTER ROLE backup PASSWORD '\(server.server.text("password").replacing("'", with: "''"))'")
        case .mariaDB:
            for question in ["SHOW GRANTS FOR '店員'@'%'", "SHOW CREATE DATABASE `grants`", "SHOW CREATE USER '店員'@'%'"] {
                let (there, here) = try (other.sql(question), server.sql(question))
                #expect(there == here)
            }
        }
        for name in names { try server.drop(name) }
    }

    static func with(_ command: Command, _ environment: [String: String?]) -> Command {
        var command = command
        command.environment = environment
        return command
    }
}

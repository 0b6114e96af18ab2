// Dumps that must not be believed, servers that break, and what is said then.

import HikaeCore
import HikaeDatabase
import HikaeRepository
import HikaeSource
import HikaeTesting
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite(.serialized, .oneAtATime) struct DistrustTests {
    /// The error that a capture of these settings ends with.
    static func failure(_ settings: DatabaseSettings) throws -> HikaeError {
        do {
            _ = try CaptureRig().capture(DatabaseSource(settings))
        } catch let error as HikaeError {
            return error
        }
        throw HikaeError(.refused, "the capture of \(settings.address) was believed")
    }

    /// A folder of programs in which the dump program is `script`, and the others are the real ones.
    static func programs(_ engine: DatabaseEngine, dump script: String) throws -> TemporaryDirectory {
        let folder = try TemporaryDirectory()
        for name in ["psql", "pg_dumpall", "mariadb", "pg_dump", "mariadb-dump"] {
            if (name == "pg_dump" && engine == .postgreSQL) || (name == "mariadb-dump" && engine == .mariaDB) {
                try folder.write(name, "#!/bin/sh\n\(script)\n", mode: 0o755)
            } else if let real = Command.path(of: name) {
                #expect(symlink(real, folder.path(name)) == 0)
            }
        }
        return folder
    }

    static func version(_ engine: DatabaseEngine) -> String {
        engine == .postgreSQL
            ? "pg_dump (PostgreSQL) 99.1" : "mariadb-dump  Ver 10.19 Distrib 99.1.2-MariaDB, for Linux"
    }

    @Test(
        "A dump tool that writes 20 bytes and says that all is well is not believed",
        arguments: DatabaseEngine.allCases)
    func tinyDump(_ engine: DatabaseEngine) throws {
        let server = try TestServer.of(engine)
        try server.make("tiny", "CREATE TABLE t (n INT);")
        let folder = try Self.programs(
            engine,
            dump:
                "case \"$*\" in *--version*) echo '\(Self.version(engine))';; *) printf '%s' '-- just twenty bytes';; esac"
        )
        var settings = server.settings("tiny")
        settings.programs = folder.path
        let error = try Self.failure(settings)
        #expect(error.code == .programFailed)
        #expect(error.message.contains("not whole"))
        #expect(error.message.contains("20 bytes"))
    }

    @Test("A dump that has its end mark but lacks a table's rows is not believed", arguments: DatabaseEngine.allCases)
    func lackingRows(_ engine: DatabaseEngine) throws {
        let server = try TestServer.of(engine)
        try server.make(
            "lacking",
            "CREATE TABLE kept (n INT); CREATE TABLE left_out (n INT); INSERT INTO kept VALUES (1); INSERT INTO left_out VALUES (1), (2);"
        )
        let real = try #require(Command.path(of: engine == .postgreSQL ? "pg_dump" : "mariadb-dump"))
        let leaving = engine == .postgreSQL ? "--exclude-table-data=left_out" : "--ignore-table=lacking.left_out"
        let folder = try Self.programs(
            engine, dump: "first=$1; shift; exec \(real) \"$first\" \(leaving) \"$@\"")
        var settings = server.settings("lacking")
        settings.programs = folder.path
        let error = try Self.failure(settings)
        #expect(error.code == .programFailed)
        #expect(error.message.contains("left_out"))
        #expect(error.message.contains("has 0"))
        #expect(error.message.contains("2"))
    }

    @Test("A dump tool that is older than its server is refused before it dumps", arguments: DatabaseEngine.allCases)
    func oldTool(_ engine: DatabaseEngine) throws {
        let server = try TestServer.of(engine)
        try server.make("old", "CREATE TABLE t (n INT);")
        let old =
            engine == .postgreSQL
            ? "pg_dump (PostgreSQL) 9.2.24" : "mysqldump  Ver 10.13 Distrib 5.5.68-MariaDB, for Linux"
        let mark = try TemporaryDirectory()
        let folder = try Self.programs(
            engine, dump: "case \"$*\" in *--version*) echo '\(old)';; *) touch \(mark.path("ran"));; esac")
        var settings = server.settings("old")
        settings.programs = folder.path
        let error = try Self.failure(settings)
        #expect(error.code == .unsupported)
        #expect(error.message.contains("older than the server"))
        #expect(error.hint?.contains("Install the client programs of version") == true)
        #expect(access(mark.path("ran"), F_OK) != 0)
    }

    @Test("A table that may not be read fails the capture, and is named", arguments: DatabaseEngine.allCases)
    func revoked(_ engine: DatabaseEngine) throws {
        let server = try TestServer.of(engine)
        try server.make("revoked", "CREATE TABLE open_one (n INT); CREATE TABLE secret_one (n INT);")
        switch engine {
        case .postgreSQL:
            try server.sql(
                """
                DO $$ BEGIN CREATE ROLE limited LOGIN PASSWORD 'pw'; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
                GRANT SELECT ON open_one TO limited;
                """, in: "revoked")
        case .mariaDB:
            try server.sql(
                "CREATE OR REPLACE USER limited@'%' IDENTIFIED BY 'pw'; GRANT SELECT ON revoked.open_one TO limited@'%'; GRANT INSERT ON revoked.secret_one TO limited@'%';"
            )
        }
        var settings = server.settings("revoked", user: "limited", password: "pw")
        settings.includesGlobals = false
        let error = try Self.failure(settings)
        #expect(error.code == .permission)
        #expect(error.message.contains("secret_one"))
    }

    @Test("A wrong password is said to be one, and is not shown", arguments: DatabaseEngine.allCases)
    func wrongPassword(_ engine: DatabaseEngine) throws {
        let server = try TestServer.of(engine)
        let settings = server.settings(nil, user: "backup", password: "ganz-falsch-4711")
        let error = try Self.failure(settings)
        #expect(error.code == .accessDenied)
        #expect(!error.description.contains("4711"))
    }

    @Test("A database that is gone, and a server that is gone, are told apart", arguments: DatabaseEngine.allCases)
    func gone(_ engine: DatabaseEngine) throws {
        let server = try TestServer.of(engine)
        #expect(try Self.failure(server.superSettings("no_such_one")).code == .notFound)
        var settings = server.settings(nil)
        settings.port = 1
        let error = try Self.failure(settings)
        #expect(error.code == .unreachable)
        #expect(error.isRetryable)
    }

    @Test("A server that dies in mid-dump leaves no snapshot", arguments: DatabaseEngine.allCases)
    func killedServer(_ engine: DatabaseEngine) throws {
        let name = engine == .postgreSQL ? "postgresql" : "mariadb"
        let server = TestServer(engine: engine, server: try PracticeServer(name))
        let many = engine == .postgreSQL ? "generate_series(1, 300000) n" : "seq_1_to_300000"
        let column = engine == .postgreSQL ? "n" : "seq"
        try server.make(
            "mortal",
            "CREATE TABLE t (n INT, line TEXT); INSERT INTO t SELECT \(column), repeat('業務', 50) FROM \(many);")
        let process = Int32(server.server.facts["process"]?.number ?? 0)
        let source = try WatchedSource(DatabaseSource(server.settings("mortal")), after: 1 << 20) {
            kill(process, engine == .postgreSQL ? SIGQUIT : SIGKILL)
            // Nothing more is read before it is dead: on a busy machine the dump might end first.
            try? waitUntil("the server is gone") {
                guard let stat = try? Files.read("/proc/\(process)/stat") else { return true }
                return String(decoding: stat, as: UTF8.self).contains(") Z ")
            }
        }
        let rig = try CaptureRig()
        #expect { try rig.capture(source) } throws: { error in
            let error = error as? HikaeError
            return error?.code == .unreachable || error?.code == .programFailed
        }
        #expect(try rig.repository.snapshots().isEmpty)
    }

    @Test("No password is in any program's arguments or environment while it runs", arguments: DatabaseEngine.allCases)
    func secrecy(_ engine: DatabaseEngine) throws {
        let server = try TestServer.of(engine)
        let many = engine == .postgreSQL ? "generate_series(1, 100000) n" : "seq_1_to_100000"
        let column = engine == .postgreSQL ? "n" : "seq"
        try server.make(
            "discreet",
            "CREATE TABLE t (n INT, line TEXT); INSERT INTO t SELECT \(column), repeat('業務', 50) FROM \(many);")
        let password = server.server.text("password")
        let seen = Sightings()
        let source = try WatchedSource(DatabaseSource(server.settings("discreet")), after: 1 << 20) {
            seen.look(for: password)
        }
        let capture = try CaptureRig().capture(source)
        #expect(seen.programs.contains { $0.contains(engine == .postgreSQL ? "pg_dump" : "mariadb-dump") })
        #expect(seen.leaks == [])
        #expect(!capture.facts.notes.joined().contains(password))
    }
}

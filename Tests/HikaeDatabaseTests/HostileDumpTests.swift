// Dumps and names from a server that was broken into: they must do nothing here but be data, or be refused.

import HikaeCore
import HikaeDestination
import HikaeSource
import HikaeTesting
import Testing

@testable import HikaeDatabase

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite(.serialized, .oneAtATime) struct HostileDumpTests {
    /// A capture of a database with three rows, whose dump program adds `lines` in front of the first table.
    private func capture(_ engine: DatabaseEngine, _ name: String, adding lines: String) throws -> CaptureRig.Capture {
        let server = try TLSTests.server(engine)
        try server.make(name, "CREATE TABLE t (n INT); INSERT INTO t VALUES (1), (2), (3);")
        let real = try #require(Command.path(of: engine == .postgreSQL ? "pg_dump" : "mariadb-dump"))
        let added = try TemporaryDirectory()
        try added.write("lines", lines)
        let before = engine == .postgreSQL ? "/^CREATE TABLE/" : "/^-- Table structure/"
        let folder = try DistrustTests.programs(
            engine,
            dump: """
                case "$*" in *--version*|*--schema-only*) exec \(real) "$@";; esac
                \(real) "$@" | awk '\(before) { while ((getline line < "\(added.path("lines"))") > 0) print line } { print }'
                """)
        var settings = server.settings(name)
        settings.programs = folder.path
        settings.includesGlobals = false
        return try CaptureRig().capture(DatabaseSource(settings))
    }

    /// What restoring it onto the other server ends with.
    private func refusal(_ capture: CaptureRig.Capture, _ engine: DatabaseEngine, _ name: String) throws -> HikaeError {
        let other = try TestServer.other(engine)
        try other.drop(name)
        do throws(HikaeError) {
            _ = try DatabaseDestination(other.superSettings(name)).restore(
                capture.content, ReturnOptions(), ReturnWatch())
        } catch {
            return error
        }
        throw HikaeError(.suspect, "the dump was taken")
    }

    @Test(
        "A dump with a command in it is refused, its command is not run, and nothing of it comes in",
        arguments: DatabaseEngine.allCases)
    func wholeWay(_ engine: DatabaseEngine) throws {
        let folder = try TemporaryDirectory()
        let capture = try capture(engine, "hostile_dump", adding: "\\! touch \(folder.path("mark"))")
        let error = try refusal(capture, engine, "hostile_dump")
        #expect(error.code == .refused && error.hint?.contains("broken into") == true, "\(error)")
        #expect(access(folder.path("mark"), F_OK) != 0)
        let question =
            "SELECT count(*) FROM information_schema.tables WHERE table_name = 't' AND table_schema IN ('public', 'hostile_dump')"
        #expect(try TestServer.other(engine).sql(question, in: "hostile_dump") == "0\n")
    }

    /// Gives a dump to the client, as a restore does.
    private func load(_ dump: String, _ engine: DatabaseEngine, _ name: String) throws(HikaeError) {
        let settings: DatabaseSettings
        do {
            settings = try TestServer.other(engine).superSettings(name)
        } catch {
            throw HikaeError(.programFailed, "\(error)")
        }
        let server = try settings.makeServer()
        let client = try server.startClient(name, stopsAtErrors: true)
        var filter = DumpFilter(server.makeScanner(takesFingerprints: false))
        do throws(HikaeError) {
            try Array(dump.utf8).withBytes { bytes throws(HikaeError) in
                try filter.pass(bytes) { part throws(HikaeError) in try client.write(part) }
            }
        } catch {
            throw error.code == .refused ? error : server.place.failure(of: client, server.clientProgram)
        }
        try server.complete(client)
    }

    @Test(
        "psql runs no program that a dump names, wherever in it that stands, and nothing of the dump comes in",
        arguments: [
            "\\! touch MARK", "SELECT 1 \\! touch MARK\n;", "\\o |touch MARK", "SELECT '\\' \\! touch MARK\n;",
            "SET standard_conforming_strings = off;\nSELECT '\\'' \\! touch MARK #'\n;",
            "\\copy t TO PROGRAM 'touch MARK'", "SELECT 'touch MARK' \\g |sh",
            "SELECT $a$ $a$ \\! touch MARK\n;", "/* */ \\! touch MARK", "\\unrestrict\n\\! touch MARK",
            "\\restrict a\n\\unrestrict a\n\\! touch MARK",
        ])
    func programs(_ lines: String) throws {
        let folder = try TemporaryDirectory()
        let other = try TestServer.other(.postgreSQL)
        try other.make("hostile_lines", "")
        let dump =
            "CREATE TABLE t (n INT);\nCOPY t FROM stdin;\n1\n\\.\n\(lines.replacing("MARK", with: folder.path("mark")))\n"
        #expect { try load(dump, .postgreSQL, "hostile_lines") } throws: { ($0 as? HikaeError)?.code == .refused }
        #expect(access(folder.path("mark"), F_OK) != 0)
        #expect(try other.sql("SELECT count(*) FROM pg_class WHERE relname = 't'", in: "hostile_lines") == "0\n")
    }

    @Test(
        "mariadb runs no program that a dump names, writes and sends no file, wherever in it that stands",
        arguments: [
            "\\! touch MARK", "SELECT 1 \\! touch MARK\n;", "system touch MARK", "\\T MARK", "tee MARK",
            "LOAD DATA LOCAL INFILE 'FILE' INTO TABLE u;", "/*!40101 SELECT 1 */ \\! touch MARK\n;",
            "DELIMITER ;;\n\\! touch MARK\n;;\nDELIMITER ;", "\\. FILE", "source FILE", "\\P touch MARK\nSELECT 1;",
        ])
    func mariaDBPrograms(_ lines: String) throws {
        let folder = try TemporaryDirectory()
        try folder.write("file", "\\! touch \(folder.path("mark"))\n")
        let lines = lines.replacing("MARK", with: folder.path("mark")).replacing("FILE", with: folder.path("file"))
        let other = try TestServer.other(.mariaDB)
        try other.make("hostile_lines", "CREATE TABLE u (line TEXT)")
        #expect { try load("\(lines)\n", .mariaDB, "hostile_lines") } throws: {
            let code = ($0 as? HikaeError)?.code
            return code == .refused || code == .programFailed
        }
        #expect(access(folder.path("mark"), F_OK) != 0)
        #expect(try other.sql("SELECT COUNT(*) FROM u", in: "hostile_lines") == "0\n")
    }

    @Test("What dump programs write for psql is left out, and text that looks like it is kept") func restrictLines()
        throws
    {
        let other = try TestServer.other(.postgreSQL)
        try other.make("restricted", "")
        let dump =
            "\\restrict abc\n\nCREATE TABLE t (line text);\nCOPY t FROM stdin;\n\\restrict abc\n\\\\! x\n\\.\n\\unrestrict abc\n\n"
        try load(dump, .postgreSQL, "restricted")
        #expect(
            try other.sql("SELECT replace(line, chr(13), 'CR') FROM t", in: "restricted") == "CRestrict abc\n\\! x\n")
        // In whatever pieces it comes.
        for size in 1...9 {
            var filter = DumpFilter(CopyScanner())
            var passed: [UInt8] = []
            var rest = Array(dump.utf8)[...]
            while !rest.isEmpty {
                try Array(rest.prefix(size)).withBytes { bytes throws(HikaeError) in
                    try filter.pass(bytes) { part throws(HikaeError) in passed += part }
                }
                rest = rest.dropFirst(size)
            }
            let text = String(decoding: passed, as: UTF8.self)
            #expect(
                text == "\nCREATE TABLE t (line text);\nCOPY t FROM stdin;\n\\restrict abc\n\\\\! x\n\\.\n\n", "\(size)"
            )
            #expect(filter.tally.rows == 2)
        }
    }

    @Test("What makes the database and its roles runs no program either") func scripts() throws {
        let (server, other) = try (TLSTests.server(.postgreSQL), TestServer.other(.postgreSQL))
        let folder = try TemporaryDirectory()
        let mark = folder.path("mark")
        try server.make("hostile_make", "CREATE TABLE t (n INT);")
        let real = try #require(Command.path(of: "pg_dump"))
        let programs = try DistrustTests.programs(
            .postgreSQL,
            dump: """
                case "$*" in
                *--schema-only*) echo "CREATE DATABASE hostile_make WITH TEMPLATE = template0 \\\\\\\\! touch \(mark)"; echo ";"
                    echo "GRANT CONNECT ON DATABASE hostile_make TO PUBLIC \\\\\\\\! touch \(mark)"; echo ";";;
                *) exec \(real) "$@";;
                esac
                """)
        unlink(programs.path("pg_dumpall"))
        try programs.write(
            "pg_dumpall", "#!/bin/sh\necho 'CREATE ROLE hostile_role \\! touch \(mark)'; echo ';'\n", mode: 0o755)
        var settings = server.settings("hostile_make")
        settings.programs = programs.path
        let capture = try CaptureRig().capture(DatabaseSource(settings))
        let script = try #require(capture.content.nodes(at: [Array("create".utf8)])?.first)
        #expect(
            String(decoding: try capture.content.bytes(of: script, limit: 1000), as: UTF8.self).contains("\\! touch"))
        try other.drop("hostile_make")
        let summary = try DatabaseDestination(other.superSettings("hostile_make")).restore(
            capture.content, ReturnOptions(), ReturnWatch())
        #expect(summary.errors == 2)
        #expect(access(mark, F_OK) != 0)
    }

    @Test("A psql that cannot be kept from obeying a dump is not given one") func oldClient() throws {
        let capture = try capture(.postgreSQL, "careful", adding: "-- nothing")
        let real = try #require(Command.path(of: "psql"))
        let programs = try DistrustTests.programs(
            .postgreSQL, dump: "exec \(try #require(Command.path(of: "pg_dump"))) \"$@\"")
        unlink(programs.path("psql"))
        // As psql was before August 2025: it does not know the command.
        try programs.write(
            "psql",
            """
            #!/bin/bash
            sed -u 's/^.restrict /\\\\restricx /' | \(real) "$@" 2> >(sed 's/restricx/restrict/' >&2)

            """, mode: 0o755)
        var settings = try TestServer.other(.postgreSQL).superSettings("careful")
        settings.programs = programs.path
        try TestServer.other(.postgreSQL).make("careful", "")
        #expect { try DatabaseDestination(settings).restore(capture.content, ReturnOptions(), ReturnWatch()) } throws: {
            let error = $0 as? HikaeError
            return error?.code == .unsupported && error?.hint?.contains("15.14") == true
        }
        #expect(
            try TestServer.other(.postgreSQL).sql("SELECT count(*) FROM pg_class WHERE relname = 't'", in: "careful")
                == "0\n")
    }

    @Test("A restore that is killed leaves nothing behind in PostgreSQL: the end of its input is no end of its work")
    func killed() throws {
        let other = try TestServer.other(.postgreSQL)
        try other.make("half", "")
        let server = try PostgreSQLServer(other.superSettings("half"))
        let client = try server.startClient("half", stopsAtErrors: true)
        let half = Array("CREATE TABLE orders (n INT);\nCOPY orders FROM stdin;\n1\n2\n".utf8)
        try half.withBytes { bytes throws(HikaeError) in try client.write(bytes) }
        client.closeInput()
        _ = try client.wait()
        #expect(try other.sql("SELECT count(*) FROM pg_class WHERE relname = 'orders'", in: "half") == "0\n")
    }

    @Test("Names with everything in them are names, on the way in and back", arguments: DatabaseEngine.allCases)
    func names(_ engine: DatabaseEngine) throws {
        let (server, other) = try (TLSTests.server(engine), TestServer.other(engine))
        let names = [
            "odd\\", "--all-databases", "a;b", "it's", "x.y", "a\"b", "c`d", "\\! touch x", ":name", "UPPER", " ",
        ]
        .filter { engine == .postgreSQL || $0 != " " }
        let quote: Character = engine == .postgreSQL ? "\"" : "`"
        let script = names.map { name in
            let quoted = "\(quote)\(name.replacing(String(quote), with: "\(quote)\(quote)"))\(quote)"
            return "CREATE TABLE \(quoted) (\(quoted) INT PRIMARY KEY); INSERT INTO \(quoted) VALUES (1), (2);\n"
        }.joined()
        let name = "--result-file=pwned"
        // Through a file: what the clients take for a command of theirs is not the point here.
        try server.make(name, "")
        try Self.feed(script, server, name)
        let capture = try CaptureRig().capture(DatabaseSource(server.settings(name)))
        #expect(capture.facts.items == UInt64(names.count * 2))
        #expect(capture.facts.groups.count == names.count)
        try other.drop(name)
        let destination = DatabaseDestination(other.superSettings(name))
        _ = try destination.restore(capture.content, ReturnOptions(), ReturnWatch())
        let whole = try destination.verify(capture.content, facts: capture.facts, ReturnOptions(), ReturnWatch())
        #expect(whole.differences == [] && whole.equal == UInt64(names.count * 2))
        let lost = names.map { name in
            let quoted = "\(quote)\(name.replacing(String(quote), with: "\(quote)\(quote)"))\(quote)"
            return name == "UPPER" ? "DROP TABLE \(quoted);\n" : "DELETE FROM \(quoted) WHERE \(quoted) = 2;\n"
        }.joined()
        try Self.feed(lost, other, name)
        var options = ReturnOptions()
        options.onlyMissing = true
        let summary = try destination.restore(capture.content, options, ReturnWatch())
        #expect(summary.itemsWritten == UInt64(names.count + 1))
        #expect(access("pwned", F_OK) != 0)
        try server.drop(name)
    }

    /// Runs SQL by the client, so that a backslash in it is no command.
    private static func feed(_ script: String, _ server: TestServer, _ database: String) throws {
        switch server.engine {
        case .postgreSQL: try server.sql(script, in: database)
        case .mariaDB:
            let engine = try MariaDBServer(server.superSettings(database))
            let client = try engine.startClient(database, stopsAtErrors: true)
            try Array(script.utf8).withBytes { bytes throws(HikaeError) in try client.write(bytes) }
            try engine.complete(client)
        }
    }

    @Test("An end mark counts at the end only, not where somebody's data say it")
    func endMark() {
        let mark = "-- Dump completed"
        func isEnd(_ text: String) -> Bool { DumpReader.isEnd(Array(text.utf8), mark) }
        #expect(isEnd("INSERT INTO `t` VALUES (1);\n-- Dump completed\n"))
        #expect(isEnd("…\n-- Dump completed on 2012-06-20 17:00:00\n"))
        #expect(isEnd("--\n-- Dump completed\n--\n\n\\unrestrict abc\n\n"))
        #expect(!isEnd("INSERT INTO `t` VALUES ('-- Dump completed');\n"))
        #expect(!isEnd("-- Dump completed\nINSERT INTO `t` VALUES (1);\n"))
        #expect(!isEnd("/*\n-- Dump completed\n*/;\n"))
        #expect(!isEnd("") && !isEnd("\n\n"))
    }
}

// SQLite: a consistent copy while others write, and the way back.

import HikaeCore
import HikaeDatabase
import HikaeDestination
import HikaeFormat
import HikaeSource
import HikaeTesting
import Testing

struct SQLiteTests {
    /// Runs SQL with SQLite's own program.
    @discardableResult
    static func sql(_ text: String, _ path: String) throws -> String {
        var command = Command("sqlite3", ["-bail", path])
        command.input = Array(text.utf8)
        return try command.succeed().text
    }

    static let schema = """
        CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, photo BLOB, upper TEXT AS (upper(name)));
        CREATE TABLE "注文 特別" (n, word);
        CREATE TABLE log (line TEXT);
        CREATE VIEW v AS SELECT count(*) FROM customers;
        CREATE TRIGGER trap AFTER INSERT ON customers BEGIN INSERT INTO log VALUES (NEW.name); END;
        WITH RECURSIVE s(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM s WHERE n < 1000)
            INSERT INTO customers (name, photo) SELECT '顧客' || n, randomblob(100) FROM s;
        INSERT INTO "注文 特別" VALUES (1, 'x'), (2, 'y');
        """

    @Test(
        "A database in use comes back with every row, and the file others write to is left alone",
        arguments: ["delete", "wal"])
    func roundTrip(_ journal: String) throws {
        let folder = try TemporaryDirectory()
        let path = folder.path("店 shop.db")
        try Self.sql("PRAGMA journal_mode=\(journal);" + Self.schema, path)
        let capture = try CaptureRig().capture(SQLiteSource(SQLiteSettings(path: path)))
        #expect(capture.facts.items == 2002)
        #expect(capture.facts.groups.map(\.name) == ["customers", "log", "注文 特別"])
        #expect(try capture.content.nodes()?.map(\.displayName) == ["店 shop.db"])
        let destination = SQLiteDestination(SQLiteSettings(path: folder.path("there.db")))
        let summary = try destination.restore(capture.content, ReturnOptions(), ReturnWatch())
        #expect(summary.itemsWritten == 2002)
        #expect(try Self.sql(".dump", folder.path("there.db")) == Self.sql(".dump", path))
        let verification = try destination.verify(
            capture.content, facts: capture.facts, ReturnOptions(), ReturnWatch())
        #expect(verification.differences == [])
        #expect(verification.equal == 2002)
        #expect(try destination.restore(capture.content, ReturnOptions(), ReturnWatch()).itemsSkipped == 2002)
        #expect(Files.names(in: folder.path).filter { $0.hasPrefix(".hikae") } == [])
    }

    @Test("A file that holds other rows is refused, unless it may be replaced; then it is as it was")
    func replacing() throws {
        let folder = try TemporaryDirectory()
        let path = folder.path("shop.db")
        try Self.sql(Self.schema, path)
        let before = try Self.sql(".dump", path)
        let capture = try CaptureRig().capture(SQLiteSource(SQLiteSettings(path: path)))
        try Self.sql("UPDATE customers SET name = 'attacker' WHERE id > 10; DROP TABLE log;", path)
        let destination = SQLiteDestination(SQLiteSettings(path: path))
        #expect { try destination.restore(capture.content, ReturnOptions(), ReturnWatch()) } throws: {
            ($0 as? HikaeError)?.code == .refused
        }
        let verification = try destination.verify(
            capture.content, facts: capture.facts, ReturnOptions(), ReturnWatch())
        #expect(verification.differences.contains { $0.contains("customers lacks 990 of the snapshot's 1000 rows") })
        #expect(verification.differences.contains { $0.contains("log is not there") })
        var options = ReturnOptions()
        options.replaces = true
        _ = try destination.restore(capture.content, options, ReturnWatch())
        #expect(try Self.sql(".dump", path) == before)
    }

    @Test("Only what is missing: rows by their keys and whole tables, and what is there stays")
    func onlyMissing() throws {
        let folder = try TemporaryDirectory()
        let path = folder.path("shop.db")
        try Self.sql(Self.schema, path)
        let capture = try CaptureRig().capture(SQLiteSource(SQLiteSettings(path: path)))
        try Self.sql(
            """
            DELETE FROM customers WHERE id BETWEEN 101 AND 110; DROP TABLE log;
            UPDATE customers SET name = 'newer' WHERE id = 5; INSERT INTO "注文 特別" VALUES (3, 'z');
            """, path)
        var options = ReturnOptions()
        options.onlyMissing = true
        let destination = SQLiteDestination(SQLiteSettings(path: path))
        let summary = try destination.restore(capture.content, options, ReturnWatch())
        #expect(summary.itemsWritten == 1010)
        #expect(
            try Self.sql(
                "SELECT (SELECT count(*) FROM customers), (SELECT count(*) FROM log), (SELECT count(*) FROM \"注文 特別\"), (SELECT name FROM customers WHERE id = 5), (SELECT name FROM sqlite_master WHERE type = 'trigger');",
                path) == "1000|1000|3|newer|trap\n")
    }

    @Test("Rows are compared to the byte: capitals, types and how often a row is there count, too")
    func exactRows() throws {
        let folder = try TemporaryDirectory()
        let path = folder.path("exact.db")
        try Self.sql(
            """
            CREATE TABLE names (name TEXT COLLATE NOCASE PRIMARY KEY); INSERT INTO names VALUES ('abc'), ('x');
            CREATE TABLE sums (yen); INSERT INTO sums VALUES (1), (2);
            CREATE TABLE log (line TEXT); INSERT INTO log VALUES ('a'), ('a'), ('b');
            """, path)
        let capture = try CaptureRig().capture(SQLiteSource(SQLiteSettings(path: path)))
        let destination = SQLiteDestination(SQLiteSettings(path: path))
        func verification(_ change: String) throws -> Verification {
            try Self.sql(change, path)
            return try destination.verify(capture.content, facts: capture.facts, ReturnOptions(), ReturnWatch())
        }
        #expect(try verification("VACUUM").isWhole)
        let capitals = try verification("UPDATE names SET name = 'ABC' WHERE name = 'abc'")
        #expect(capitals.differences == ["names lacks 1 of the snapshot's 2 rows, or has others in their place"])
        let types = try verification(
            "UPDATE names SET name = 'abc' WHERE name = 'ABC'; UPDATE sums SET yen = 1.0 WHERE yen = 1")
        #expect(types.differences == ["sums lacks 1 of the snapshot's 2 rows, or has others in their place"])
        let often = try verification(
            "UPDATE sums SET yen = 1 WHERE yen = 1; DELETE FROM log WHERE rowid = 1; INSERT INTO log VALUES ('b')")
        #expect(often.differences == ["log lacks 1 of the snapshot's 3 rows, or has others in their place"])
        #expect(often.extra == 1)
        let columns = try verification("ALTER TABLE log ADD COLUMN more")
        #expect(columns.differences.contains("log has other columns there"))
        #expect(columns.differences.contains("the table log is defined otherwise there"))
        // A database that holds more than the snapshot is not the same one.
        try Self.sql(
            "DROP TABLE log; CREATE TABLE log (line TEXT); INSERT INTO log VALUES ('a'), ('a'), ('b'); CREATE TABLE more (n); INSERT INTO more VALUES (1);",
            path)
        #expect { try destination.restore(capture.content, ReturnOptions(), ReturnWatch()) } throws: {
            ($0 as? HikaeError)?.code == .refused
        }
    }

    @Test("What is missing, no database, damaged or locked is said so")
    func errors() throws {
        let folder = try TemporaryDirectory()
        func code(_ path: String) throws -> HikaeError.Code? {
            var settings = SQLiteSettings(path: path)
            settings.patienceSeconds = 0.2
            do {
                _ = try CaptureRig().capture(SQLiteSource(settings))
                return nil
            } catch let error as HikaeError {
                #expect(error.message.contains(path))
                return error.code
            }
        }
        #expect(try code(folder.path("gone.db")) == .notFound)
        let text = try folder.write("text.db", String(repeating: "This is no database. ", count: 100))
        #expect(try code(text) == .damaged)
        let path = folder.path("shop.db")
        try Self.sql(Self.schema, path)
        var bytes = try Files.read(path)
        for place in stride(from: 8192, to: bytes.count, by: 4096) { bytes[place + 1] ^= 0xFF }
        let rotten = try folder.write("rotten.db", bytes)
        #expect(try code(rotten) == .damaged)
        var holding = Command("sqlite3", ["-bail", path])
        holding.input = Array("BEGIN EXCLUSIVE;\n.shell touch \(folder.path("held"))\n.shell sleep 3000\n".utf8)
        let holder = try holding.start()
        let waiter = try RunningThread.waiting(holder)
        try waitUntil("it is held") { Files.names(in: folder.path).contains("held") }
        #expect(try code(path) == .locked)
        holder.killNow()
        waiter.join()
        #expect(try code(path) == nil)
    }
}

extension RunningThread {
    /// Feeds a program on a thread of its own, until it ends.
    static func waiting(_ command: RunningCommand) throws -> RunningThread {
        RunningThread { _ = try? command.wait() }
    }
}

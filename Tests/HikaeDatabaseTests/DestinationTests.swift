// A destination that is not empty: refused, replaced, or filled up, and what is said about it.

import HikaeArchive
import HikaeCore
import HikaeDatabase
import HikaeDestination
import HikaeSource
import HikaeTesting
import Testing

@Suite(.serialized, .oneAtATime) struct DestinationTests {
    /// Orders, their lines, a trigger that counts what is inserted, and a table nobody refers to.
    static let script = """
        CREATE TABLE orders (id INT PRIMARY KEY, state VARCHAR(20), total INT);
        CREATE TABLE order_lines (id INT PRIMARY KEY, of_order INT, word VARCHAR(20), FOREIGN KEY (of_order) REFERENCES orders (id));
        CREATE TABLE prices (product VARCHAR(20) PRIMARY KEY, yen INT);
        INSERT INTO prices VALUES ('羊羹', 1200), ('最中', 180);
        """

    static func fill(_ engine: DatabaseEngine) -> String {
        let numbers = engine == .postgreSQL ? "generate_series(1, 500) s(seq)" : "seq_1_to_500"
        return script
            + "INSERT INTO orders SELECT seq, 'paid', seq * 10 FROM \(numbers); INSERT INTO order_lines SELECT seq, seq, '栗' FROM \(numbers);"
    }

    @Test(
        "A database that holds something else is refused, unless it may be replaced; then it is as it was",
        arguments: DatabaseEngine.allCases)
    func replacing(_ engine: DatabaseEngine) throws {
        let (server, other) = try (TestServer.of(engine), TestServer.other(engine))
        try server.make("replaced", Self.fill(engine))
        try other.make("replaced", "CREATE TABLE something_else (n INT); INSERT INTO something_else VALUES (1);")
        let capture = try CaptureRig().capture(DatabaseSource(server.settings("replaced")))
        let destination = DatabaseDestination(other.superSettings("replaced"))
        let preview = try destination.preview(capture.content, ReturnOptions(), ReturnWatch())
        #expect(preview.items == 0)
        #expect(preview.conflicts.contains { $0.contains("something_else") && $0.contains("1 rows there") })
        #expect { try destination.restore(capture.content, ReturnOptions(), ReturnWatch()) } throws: {
            let error = $0 as? HikaeError
            return error?.code == .refused && error?.message.contains("replaced") == true
        }
        #expect(try other.sql("SELECT n FROM something_else", in: "replaced") == "1\n")
        var options = ReturnOptions()
        options.replaces = true
        let summary = try destination.restore(capture.content, options, ReturnWatch())
        #expect(summary.itemsWritten == 1002)
        #expect(try other.dump("replaced") == server.dump("replaced"))
        try other.sql("UPDATE prices SET yen = 1", in: "replaced")
        let verification = try destination.verify(
            capture.content, facts: capture.facts, ReturnOptions(), ReturnWatch())
        #expect(verification.differences.count == 1)
        #expect(verification.differences.first?.contains("prices has as many rows") == true)
        #expect(verification.equal == 1000)
    }

    @Test(
        "Only what is missing: tables that are gone and rows that are gone, and what is there stays",
        arguments: DatabaseEngine.allCases)
    func onlyMissing(_ engine: DatabaseEngine) throws {
        let server = try TestServer.of(engine)
        try server.make("partly", Self.fill(engine))
        let capture = try CaptureRig().capture(DatabaseSource(server.settings("partly")))
        try server.sql(
            """
            DELETE FROM order_lines WHERE id BETWEEN 101 AND 110; DELETE FROM orders WHERE id BETWEEN 101 AND 110;
            UPDATE orders SET state = 'sent' WHERE id = 7; INSERT INTO orders VALUES (9000, 'new', 1); DROP TABLE prices;
            """, in: "partly")
        var options = ReturnOptions()
        options.onlyMissing = true
        let destination = DatabaseDestination(server.superSettings("partly"))
        let preview = try destination.preview(capture.content, options, ReturnWatch())
        #expect(preview.conflicts.contains { $0.contains("prices is not there") })
        let summary = try destination.restore(capture.content, options, ReturnWatch())
        #expect(summary.itemsWritten == 22)
        #expect(summary.itemsSkipped == 980)
        let answer = try server.sql(
            """
            SELECT count(*) FROM orders; SELECT count(*) FROM order_lines; SELECT sum(yen) FROM prices;
            SELECT state FROM orders WHERE id = 7; SELECT total FROM orders WHERE id = 105;
            """, in: "partly")
        #expect(answer == "501\n500\n1380\nsent\n1050\n")
        let left = engine == .postgreSQL ? "SELECT datname FROM pg_database" : "SHOW DATABASES"
        #expect(try !server.sql(left).contains("hikae_restore"))
    }

    @Test(
        "A dump that the server refuses leaves an empty database as it was, and the next try succeeds",
        arguments: DatabaseEngine.allCases)
    func brokenOff(_ engine: DatabaseEngine) throws {
        let (server, other) = try (TestServer.of(engine), TestServer.other(engine))
        try server.make("broken", Self.fill(engine))
        try other.make("broken", "")
        let capture = try CaptureRig().capture(DatabaseSource(server.settings("broken")))
        let destination = DatabaseDestination(other.superSettings("broken"))
        let cancellation = Cancellation()
        cancellation.cancel()
        #expect {
            try destination.restore(capture.content, ReturnOptions(), ReturnWatch(cancellation: cancellation))
        } throws: {
            ($0 as? HikaeError)?.code == .cancelled
        }
        if engine == .mariaDB {
            // As if the server had died in mid-restore: some tables, and the mark that they are not all.
            try other.sql(
                "CREATE TABLE hikae_restore_is_unfinished (id INT); CREATE TABLE orders (x INT)", in: "broken")
        }
        _ = try destination.restore(capture.content, ReturnOptions(), ReturnWatch())
        #expect(try other.dump("broken") == server.dump("broken"))
    }

    @Test(
        "The second capture of a day adds little: the latest orders changed, new ones added",
        arguments: DatabaseEngine.allCases)
    func secondCapture(_ engine: DatabaseEngine) throws {
        let server = try TestServer.of(engine)
        // PostgreSQL's dump is shorter; both make some 70 MB, so that a chunk is a small share.
        let total = engine == .postgreSQL ? 800_000 : 400_000
        let (numbers, random) =
            engine == .postgreSQL
            ? ("generate_series(1, \(total)) s(seq)", "md5(seq::text)") : ("seq_1_to_\(total)", "MD5(seq)")
        try server.make(
            "daily",
            "CREATE TABLE orders (id INT PRIMARY KEY, state VARCHAR(20), remark TEXT); INSERT INTO orders SELECT seq, 'paid', CONCAT(\(random), '栗羊羹', \(random)) FROM \(numbers);"
        )
        let rig = try CaptureRig()
        let first = try rig.capture(DatabaseSource(server.settings("daily")))
        let more =
            engine == .postgreSQL
            ? "generate_series(\(total + 1), \(total + total / 200)) s(seq)"
            : "seq_\(total + 1)_to_\(total + total / 200)"
        try server.sql(
            "UPDATE orders SET state = 'sent' WHERE id > \(total - total / 200); INSERT INTO orders SELECT seq, 'new', \(random) FROM \(more);",
            in: "daily")
        let second = try rig.capture(DatabaseSource(server.settings("daily")))
        #expect(second.facts.items == UInt64(total + total / 200))
        let share = Double(second.summary.bytesStored) / Double(first.summary.bytesStored)
        print("\(engine): a day's 1 %: the second capture stored \(Int(share * 1000)) ‰ of the first")
        // In 70 MB each chunk more or less is a share of its own; Benchmarks/database.py holds it to 5 % of a large one.
        #expect(share < 0.08)
        #expect(
            TableDifference.between(first.facts, second.facts).map { [$0.before, $0.after] } == [
                [UInt64(total), UInt64(total + total / 200)]
            ])

        // One row changes its length near the beginning: what stands behind must not be stored anew.
        try server.sql("UPDATE orders SET state = 'returned to us' WHERE id = 5", in: "daily")
        let third = try rig.capture(DatabaseSource(server.settings("daily")))
        let little = Double(third.summary.bytesStored) / Double(first.summary.bytesStored)
        print("\(engine): one row of other length: \(Int(little * 1000)) ‰")
        #expect(little < 0.15)
        try server.drop("daily")
    }

    @Test("Tables that were added, that are gone, and that have other rows are told")
    func differences() {
        func facts(_ groups: [(String, UInt64, UInt64)]) -> CaptureFacts {
            CaptureFacts(unit: .rows, groups: groups.map { CaptureFacts.Group(name: $0.0, items: $0.1, bytes: $0.2) })
        }
        let found = TableDifference.between(
            facts([("a", 1, 10), ("b", 2, 20), ("c", 3, 30)]), facts([("b", 2, 21), ("c", 3, 30), ("d", 0, 0)]))
        #expect(found.map(\.table) == ["a", "b", "d"])
        #expect(found.map(\.before) == [1, 2, nil])
        #expect(found.map(\.after) == [nil, 2, 0])
    }
}

// The scanners count what they see, however it is cut into pieces, and fast.

import HikaeCore
import HikaeTesting
import Testing

@testable import HikaeDatabase

struct ScannerTests {
    /// A dump of each kind made from a seed, and the rows in it.
    static func dump(_ engine: DatabaseEngine, _ chance: inout SeededGenerator) -> (
        text: [UInt8], rows: [String: UInt64]
    ) {
        var text =
            engine == .postgreSQL
            ? "--\n-- PostgreSQL database dump\n--\n\\restrict x\nSET x = 'a;b''c';\n"
            : "/*M!999999\\- enable the sandbox mode */ \n-- Host: it's\n/*!40101 SET NAMES utf8mb4 */;\n"
        var rows: [String: UInt64] = [:]
        let values = [
            "1", "'", "\\\\", "\\.", "),(", ";", "日本", "\\t", "COPY public.x (a) FROM stdin;", "\"", "`", "--", "/*",
            "$a$", "\\N",
        ]
        for number in 0..<Int.random(in: 1...6, using: &chance) {
            let name =
                ["t\(number)", "表 \(number)", "q\"\(number)", "b`\(number)"].randomElement(using: &chance) ?? "t"
            let count = Int.random(in: 0...40, using: &chance)
            func cell() -> String {
                (0..<Int.random(in: 0...5, using: &chance)).map { _ in values.randomElement(using: &chance) ?? "" }
                    .joined()
            }
            rows[name, default: 0] += UInt64(count)
            switch engine {
            case .postgreSQL:
                text +=
                    "CREATE FUNCTION f() AS $_$\nCOPY public.t1 (a) FROM stdin;\n1\n\\.\n$_$; -- it's\n/* a ; /* b */ ' */\n"
                text +=
                    "COPY public.\(name.contains("\"") || name.contains(" ") || name.contains("`") ? PostgreSQLServer.quoted(name) : name) (a, \"b;(\") FROM stdin;\n"
                for _ in 0..<count { text += "\(number)\t\(cell().replacing("\\.", with: "\\\\."))\t\\.\n" }
                text += "\\.\n\n\n"
            case .mariaDB:
                text +=
                    "DELIMITER ;;\nCREATE TRIGGER x BEGIN\nINSERT INTO `t1` VALUES (1),(2);\nEND ;;\nDELIMITER ;\nCREATE TABLE x (a INT COMMENT 'INSERT INTO `t1` VALUES (1);');\n"
                var left = count
                while left > 0 {
                    let part = Int.random(in: 1...left, using: &chance)
                    text +=
                        "INSERT INTO \(MariaDBServer.quoted(name)) \(Bool.random(using: &chance) ? "(`a)`, `VALUES`) " : "")VALUES"
                    text += Bool.random(using: &chance) ? "\n" : " "
                    let tuples = (0..<part).map { _ in
                        "(\(number),'\(cell().replacing("\\", with: "\\\\").replacing("'", with: "\\'"))',_binary 'a',0xFF,NULL,'it''s')"
                    }
                    text += tuples.joined(separator: Bool.random(using: &chance) ? "," : ",\n") + ";\n"
                    left -= part
                }
            }
        }
        return (Array(text.utf8), rows.filter { $0.value > 0 })
    }

    static func scanner(_ engine: DatabaseEngine, _ takesFingerprints: Bool) -> any DumpScanner {
        engine == .postgreSQL
            ? CopyScanner(takesFingerprints: takesFingerprints) : InsertScanner(takesFingerprints: takesFingerprints)
    }

    @Test("Rows are counted the same in any pieces, whatever is in them", arguments: DatabaseEngine.allCases)
    func pieces(_ engine: DatabaseEngine) {
        for seed in 0..<400 as Range<UInt64> {
            var chance = SeededGenerator(seed: seed)
            let (text, rows) = Self.dump(engine, &chance)
            var whole = Self.scanner(engine, true)
            text.withUnsafeBytes { whole.scan($0) }
            let found = Dictionary(
                uniqueKeysWithValues: whole.tally.entries.filter { $0.rows > 0 }.map { ($0.name.last ?? "", $0.rows) })
            #expect(found == rows, "seed \(seed)")
            #expect(whole.isBetweenStatements, "seed \(seed)")
            var pieces = Self.scanner(engine, true)
            var rest = text[...]
            while !rest.isEmpty {
                let part = Array(rest.prefix(Int.random(in: 1...40, using: &chance)))
                part.withUnsafeBytes { pieces.scan($0) }
                rest = rest.dropFirst(part.count)
            }
            #expect(pieces.tally == whole.tally, "seed \(seed)")
            #expect(pieces.text.lines == whole.text.lines, "seed \(seed)")
        }
    }

    @Test("A dump that ends in the middle of a table is seen to", arguments: DatabaseEngine.allCases)
    func cut(_ engine: DatabaseEngine) {
        let text =
            engine == .postgreSQL ? "COPY public.t (a) FROM stdin;\n1\n2\n" : "INSERT INTO `t` VALUES (1),(2),('x"
        var scanner = Self.scanner(engine, false)
        Array(text.utf8).withUnsafeBytes { scanner.scan($0) }
        #expect(!scanner.isBetweenStatements)
    }

    @Test("Rows with other content, and fewer of them, have another fingerprint; rows in another order have not")
    func fingerprints() {
        func print(_ text: String, _ engine: DatabaseEngine) -> UInt64 {
            var scanner = Self.scanner(engine, true)
            Array(text.utf8).withUnsafeBytes { scanner.scan($0) }
            return scanner.tally.entries.reduce(0) { $0 &+ $1.fingerprint }
        }
        let copies = ["a\nb\n", "b\na\n", "a\nc\n", "ab\n\n"].map {
            print("COPY public.t (a) FROM stdin;\n\($0)\\.\n", .postgreSQL)
        }
        #expect(copies[0] == copies[1])
        #expect(Set(copies).count == 3)
        let inserts = ["(1,'a'),(2,'b')", "(2,'b'),(1,'a')", "(1,'a'),(2,'c')"].map {
            print("INSERT INTO `t` VALUES \($0);\n", .mariaDB)
        }
        #expect(inserts[0] == inserts[1])
        #expect(Set(inserts).count == 2)
    }

    @Test("Counting keeps up with any dump tool: 500 MB/s and more", arguments: DatabaseEngine.allCases)
    func speed(_ engine: DatabaseEngine) {
        let line =
            engine == .postgreSQL
            ? "4711\t2012-06-20 17:00:00\t東京都千代田区千代田1-1\tpaid\t12345.00\t\\N\n"
            : "(4711,'2012-06-20 17:00:00','東京都千代田区千代田1-1','paid',12345.00,NULL),\n"
        let head = engine == .postgreSQL ? "COPY public.t (a) FROM stdin;\n" : "INSERT INTO `t` VALUES\n"
        let count = 100_000
        let text = Array((head + String(repeating: line, count: count)).utf8)
        // The best of several rounds: the machine has other work.
        var best = Duration.seconds(1000)
        for _ in 0..<8 {
            var scanner = Self.scanner(engine, false)
            let time = ContinuousClock().measure { text.withUnsafeBytes { scanner.scan($0) } }
            #expect(scanner.tally.rows == UInt64(count))
            best = min(best, time)
        }
        let seconds = Double(best.components.attoseconds) / 1e18 + Double(best.components.seconds)
        let rate = Double(text.count) / seconds / 1e6
        print("\(engine): \(Int(rate)) MB/s")
        #expect(rate > 300, "\(engine): \(Int(rate)) MB/s")
    }
}
